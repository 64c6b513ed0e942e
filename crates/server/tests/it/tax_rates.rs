//! Tax rates: made, read, changed, listed.

use serde_json::{Value, json};

use crate::support::{merchant, send, servers};

#[tokio::test]
async fn a_tax_rate_is_kept_exactly_and_only_its_words_change() {
    for server in servers().await {
        let pairs = [
            ("display_name", "Sales tax"),
            ("percentage", "8.8750"),
            ("inclusive", "false"),
            ("country", "us"),
            ("state", "NY"),
            ("jurisdiction", "New York City"),
            ("description", "Of the city"),
            ("tax_type", "sales_tax"),
            ("metadata[a]", "1"),
        ];
        let made = server.post("/v1/tax_rates", &pairs).await.ok();
        for (field, want) in [
            ("active", json!(true)),
            ("display_name", json!("Sales tax")),
            ("percentage", json!(8.875)),
            ("inclusive", json!(false)),
            ("country", json!("US")),
            ("state", json!("NY")),
            ("jurisdiction", json!("New York City")),
            ("description", json!("Of the city")),
            ("tax_type", json!("sales_tax")),
            ("metadata", json!({"a": "1"})),
        ] {
            assert_eq!(made.at(field), want, "{field}");
        }
        let path = format!("/v1/tax_rates/{}", made.id());
        assert_eq!(server.get(&path, &[]).await.ok().body, made.body);
        let pairs = [
            ("active", "false"),
            ("description", ""),
            ("display_name", "Tax"),
            ("state", ""),
            ("tax_type", ""),
        ];
        let changed = server.post(&path, &pairs).await.ok();
        for (field, want) in [
            ("active", json!(false)),
            ("description", Value::Null),
            ("display_name", json!("Tax")),
            ("state", Value::Null),
            ("tax_type", Value::Null),
            ("percentage", json!(8.875)),
        ] {
            assert_eq!(changed.at(field), want, "{field}");
        }
        for (name, value) in [("percentage", "5"), ("inclusive", "true")] {
            let refused = server.post(&path, &[(name, value)]).await;
            assert_eq!(refused.at("error/code"), "parameter_unknown", "{name}");
        }
        let other = merchant(&server.app, "Other", false).await;
        assert_eq!(send(server.with(&other.secret, "GET", &path, &[])).await.status, 404);
        let events = server.get("/v1/events", &[]).await.ok();
        let kinds: Vec<Value> =
            events.at("data").as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
        assert_eq!(kinds, ["tax_rate.updated", "tax_rate.created"]);
    }
}

#[tokio::test]
async fn what_is_no_tax_rate_is_told_why_and_lists_are_filtered() {
    for server in servers().await {
        for (body, param, code) in [
            ("percentage=5&inclusive=true", "display_name", "parameter_missing"),
            ("display_name=VAT&inclusive=true", "percentage", "parameter_missing"),
            ("display_name=VAT&percentage=5", "inclusive", "parameter_missing"),
            ("display_name=VAT&percentage=101&inclusive=true", "percentage", ""),
            ("display_name=VAT&percentage=1.00001&inclusive=true", "percentage", ""),
            ("display_name=VAT&percentage=-1&inclusive=true", "percentage", ""),
            ("display_name=VAT&percentage=5&inclusive=true&country=USA", "country", ""),
            ("display_name=VAT&percentage=5&inclusive=true&tax_type=poll", "tax_type", ""),
            (
                "display_name=VAT&percentage=5&inclusive=true&active=false&nonsense=1",
                "nonsense",
                "parameter_unknown",
            ),
        ] {
            let pairs: Vec<(&str, &str)> = body.split('&').filter_map(|pair| pair.split_once('=')).collect();
            let refused = server.post("/v1/tax_rates", &pairs).await;
            let code = if code.is_empty() { Value::Null } else { json!(code) };
            let told = (refused.status, refused.at("error/param"), refused.at("error/code"));
            assert_eq!(told, (400, json!(param), code), "{body}: {}", refused.body);
        }
        for (active, inclusive) in [("true", "true"), ("true", "false"), ("false", "false")] {
            let pairs =
                [("display_name", "VAT"), ("percentage", "0"), ("active", active), ("inclusive", inclusive)];
            server.post("/v1/tax_rates", &pairs).await.ok();
        }
        for (filter, want) in [
            (vec![], 3),
            (vec![("active", "true")], 2),
            (vec![("inclusive", "false")], 2),
            (vec![("active", "false"), ("inclusive", "true")], 0),
        ] {
            let page = server.get("/v1/tax_rates", &filter).await.ok();
            assert_eq!(page.at("data").as_array().unwrap().len(), want, "{filter:?}");
        }
    }
}
