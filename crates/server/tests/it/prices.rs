//! Prices: made, read, changed, found by their lookup keys.

use serde_json::{Value, json};

use crate::support::{Reply, Server, merchant, send, servers};

/// A price of the product `gold`, which is made with the first one.
async fn price(server: &Server, pairs: &[(&str, &str)]) -> Reply {
    server.post("/v1/products", &[("name", "Gold"), ("id", "gold")]).await;
    let mut all = vec![("product", "gold"), ("currency", "usd")];
    if !pairs.iter().any(|(name, _)| name.starts_with("unit_amount")) {
        all.push(("unit_amount", "2900"));
    }
    all.extend(pairs);
    server.post("/v1/prices", &all).await
}

fn ids_of(reply: &Reply) -> Vec<String> {
    let data = reply.at("data");
    data.as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_amount_is_kept_exactly_and_shown_as_text_and_where_it_is_whole_as_an_integer() {
    for server in servers().await {
        for (name, sent, whole, decimal) in [
            ("unit_amount", "2900", json!(2900), "2900"),
            ("unit_amount", "0", json!(0), "0"),
            ("unit_amount_decimal", "2900.00", json!(2900), "2900"),
            ("unit_amount_decimal", "0.5", Value::Null, "0.5"),
            ("unit_amount_decimal", "0.100000000001", Value::Null, "0.100000000001"),
            ("unit_amount_decimal", "99999998.999999999999", Value::Null, "99999998.999999999999"),
        ] {
            let made = price(&server, &[(name, sent)]).await.ok();
            let shown = server.get(&format!("/v1/prices/{}", made.id()), &[]).await.ok();
            assert_eq!(
                (shown.at("unit_amount"), shown.at("unit_amount_decimal")),
                (whole, json!(decimal)),
                "{sent}"
            );
            assert_eq!(shown.body, made.body);
        }
    }
}

#[tokio::test]
async fn a_price_is_paid_once_or_recurs_within_three_years() {
    for server in servers().await {
        let once = price(&server, &[]).await.ok();
        assert_eq!((once.at("type"), once.at("recurring")), (json!("one_time"), Value::Null));
        for (interval, count) in
            [("day", "1095"), ("week", "156"), ("month", "36"), ("year", "3"), ("month", "")]
        {
            let mut pairs = vec![("recurring[interval]", interval), ("recurring[usage_type]", "licensed")];
            if !count.is_empty() {
                pairs.push(("recurring[interval_count]", count));
            }
            let made = price(&server, &pairs).await.ok();
            let want = json!({
                "interval": interval,
                "interval_count": count.parse().unwrap_or(1),
                "meter": null,
                "trial_period_days": null,
                "usage_type": "licensed",
            });
            assert_eq!((made.at("type"), made.at("recurring")), (json!("recurring"), want));
        }
    }
}

#[tokio::test]
async fn a_price_makes_its_product_along_or_nothing_at_all() {
    for server in servers().await {
        let pairs = [
            ("product_data[name]", "Gold"),
            ("product_data[metadata][a]", "b"),
            ("product_data[unit_label]", "bar"),
            ("currency", "eur"),
            ("unit_amount", "100"),
            ("lookup_key", "gold"),
            ("expand[]", "product"),
        ];
        let made = server.post("/v1/prices", &pairs).await.ok();
        assert_eq!((made.at("product/name"), made.at("product/unit_label")), (json!("Gold"), json!("bar")));
        assert_eq!(made.at("product/default_price"), Value::Null);
        // The lookup key is taken now, so neither the second price nor its product comes to be.
        let refused = server.post("/v1/prices", &pairs).await;
        assert_eq!((refused.status, refused.at("error/param")), (400, json!("lookup_key")));
        assert_eq!(ids_of(&server.get("/v1/products", &[]).await.ok()).len(), 1);
        let kinds = server.get("/v1/events", &[]).await.ok();
        let kinds: Vec<Value> =
            kinds.at("data").as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
        assert_eq!(kinds, ["price.created", "product.created"]);
    }
}

#[tokio::test]
async fn another_accounts_product_cannot_be_priced() {
    for server in servers().await {
        let other = merchant(&server.app, "Other", false).await;
        let theirs =
            send(server.with(&other.secret, "POST", "/v1/products", &[("name", "x")])).await.ok().id();
        for id in [theirs.as_str(), "prod_none"] {
            let refused = server
                .post("/v1/prices", &[("product", id), ("currency", "usd"), ("unit_amount", "1")])
                .await;
            let told = (refused.status, refused.at("error/code"), refused.at("error/param"));
            assert_eq!(told, (400, json!("resource_missing"), json!("product")));
            assert_eq!(refused.at("error/message"), format!("No such product: '{id}'"));
        }
    }
}

#[tokio::test]
async fn what_is_charged_never_changes_and_the_rest_does() {
    for server in servers().await {
        let made = price(&server, &[("metadata[a]", "1"), ("nickname", "once")]).await.ok();
        let path = format!("/v1/prices/{}", made.id());
        let pairs =
            [("nickname", ""), ("metadata[b]", "2"), ("tax_behavior", "inclusive"), ("active", "false")];
        let changed = server.post(&path, &pairs).await.ok();
        assert_eq!((changed.at("nickname"), changed.at("active")), (Value::Null, json!(false)));
        assert_eq!(
            (changed.at("metadata"), changed.at("tax_behavior")),
            (json!({"a": "1", "b": "2"}), json!("inclusive"))
        );
        assert_eq!(server.get(&path, &[]).await.ok().body, changed.body);
        let event = server.get("/v1/events", &[("type", "price.updated")]).await.ok();
        assert_eq!(event.at("data/0/data/object"), changed.body);
        server.post(&path, &[("tax_behavior", "inclusive")]).await.ok();
        for (name, value, code) in [
            ("tax_behavior", "exclusive", Value::Null),
            ("currency_options", "", Value::Null),
            ("unit_amount", "1", json!("parameter_unknown")),
            ("currency", "eur", json!("parameter_unknown")),
            ("product", "gold", json!("parameter_unknown")),
            ("recurring[interval]", "day", json!("parameter_unknown")),
        ] {
            let refused = server.post(&path, &[(name, value)]).await;
            let told = (refused.status, refused.at("error/param"), refused.at("error/code"));
            assert_eq!(told, (400, json!(name), code), "{name}");
        }
    }
}

#[tokio::test]
async fn of_active_prices_one_at_most_has_a_lookup_key() {
    for server in servers().await {
        let key = ("lookup_key", "gold-monthly");
        let first = price(&server, &[key]).await.ok();
        let path = |reply: &Reply| format!("/v1/prices/{}", reply.id());
        let refused = price(&server, &[key]).await;
        let told = (refused.status, refused.at("error/code"), refused.at("error/param"));
        assert_eq!(told, (400, json!("resource_already_exists"), json!("lookup_key")));
        assert!(refused.text("error/message").contains(&first.id()), "{}", refused.body);
        // An archived one may keep it, and cannot come back with it while another has it.
        let archived = price(&server, &[key, ("active", "false")]).await.ok();
        assert_eq!(server.post(&path(&archived), &[("active", "true")]).await.status, 400);
        let second = price(&server, &[key, ("transfer_lookup_key", "true")]).await.ok();
        assert_eq!(second.at("lookup_key"), "gold-monthly");
        assert_eq!(server.get(&path(&first), &[]).await.ok().at("lookup_key"), Value::Null);
        let told = server.get("/v1/events", &[("type", "price.updated")]).await.ok();
        assert_eq!(
            (told.text("data/0/data/object/id"), told.at("data/0/data/object/lookup_key")),
            (first.id(), Value::Null)
        );
        assert_eq!(server.post(&path(&first), &[key]).await.status, 400);
        let back = server.post(&path(&first), &[key, ("transfer_lookup_key", "true")]).await.ok();
        assert_eq!(back.at("lookup_key"), "gold-monthly");
        assert_eq!(server.get(&path(&second), &[]).await.ok().at("lookup_key"), Value::Null);
        server.post(&path(&first), &[("lookup_key", "")]).await.ok();
        server.post(&path(&archived), &[("active", "true")]).await.ok();
    }
}

#[tokio::test]
async fn of_many_who_want_a_lookup_key_at_once_one_gets_it() {
    for server in servers().await {
        server.post("/v1/products", &[("name", "Gold"), ("id", "gold")]).await.ok();
        let one = || price(&server, &[("lookup_key", "k")]);
        let replies = tokio::join!(one(), one(), one(), one());
        let replies = [replies.0, replies.1, replies.2, replies.3];
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
        for refused in replies.iter().filter(|reply| reply.status != 200) {
            assert_eq!(
                (refused.status, refused.at("error/param")),
                (400, json!("lookup_key")),
                "{}",
                refused.body
            );
        }
    }
}

#[tokio::test]
async fn prices_are_filtered() {
    for server in servers().await {
        let once = price(&server, &[("lookup_key", "once")]).await.ok().id();
        let monthly =
            price(&server, &[("recurring[interval]", "month"), ("lookup_key", "monthly")]).await.ok().id();
        let euros = price(&server, &[("currency", "eur"), ("recurring[interval]", "year")]).await.ok().id();
        let archived = price(&server, &[("active", "false")]).await.ok().id();
        let pairs = [
            ("product_data[name]", "Tin"),
            ("product_data[id]", "tin"),
            ("currency", "usd"),
            ("unit_amount", "5"),
        ];
        let tin = server.post("/v1/prices", &pairs).await.ok().id();
        let found = |ids: &[&String]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (pairs, want) in [
            (vec![], found(&[&tin, &archived, &euros, &monthly, &once])),
            (vec![("limit", "2")], found(&[&tin, &archived])),
            (vec![("limit", "2"), ("starting_after", archived.as_str())], found(&[&euros, &monthly])),
            (vec![("product", "tin")], found(&[&tin])),
            (vec![("product", "gold"), ("active", "true")], found(&[&euros, &monthly, &once])),
            (vec![("product", "none")], found(&[])),
            (vec![("active", "false")], found(&[&archived])),
            (vec![("currency", "eur")], found(&[&euros])),
            (vec![("type", "one_time"), ("active", "true")], found(&[&tin, &once])),
            (vec![("type", "recurring")], found(&[&euros, &monthly])),
            (vec![("recurring[interval]", "month")], found(&[&monthly])),
            (vec![("recurring[usage_type]", "licensed")], found(&[&euros, &monthly])),
            (vec![("type", "one_time"), ("recurring[interval]", "month")], found(&[])),
            (vec![("lookup_keys[]", "once")], found(&[&once])),
            (
                vec![("lookup_keys[]", "once"), ("lookup_keys[]", "monthly"), ("lookup_keys[]", "x")],
                found(&[&monthly, &once]),
            ),
            (vec![("lookup_keys[]", "once"), ("product", "tin")], found(&[])),
            (vec![("lookup_keys[]", "once"), ("product", "gold"), ("type", "one_time")], found(&[&once])),
        ] {
            assert_eq!(ids_of(&server.get("/v1/prices", &pairs).await.ok()), want, "{pairs:?}");
        }
        let many: Vec<(&str, &str)> = (0..11).map(|_| ("lookup_keys[]", "k")).collect();
        for (pairs, param) in [
            (many, "lookup_keys"),
            (vec![("currency", "btc")], "currency"),
            (vec![("type", "metered")], "type"),
            (vec![("recurring[usage_type]", "metered")], "recurring[usage_type]"),
            (vec![("recurring[interval]", "often")], "recurring[interval]"),
            (vec![("recurring[meter]", "mtr_1")], "recurring[meter]"),
            (vec![("nickname", "x")], "nickname"),
        ] {
            let refused = server.get("/v1/prices", &pairs).await;
            assert_eq!((refused.status, refused.at("error/param")), (400, json!(param)), "{pairs:?}");
        }
        let listed = server.get("/v1/prices", &[("limit", "1"), ("expand[]", "data.product")]).await.ok();
        assert_eq!(listed.at("data/0/product/name"), "Tin");
    }
}
