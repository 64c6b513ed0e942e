//! Events as they are read.

use serde_json::json;

use crate::support::servers;

#[tokio::test]
async fn each_change_has_its_event_with_the_object_as_it_was() {
    for server in servers().await {
        let made = server.post_once("key-1", "/v1/customers", &[("name", "one")]).await.ok();
        server.post(&format!("/v1/customers/{}", made.id()), &[("name", "two")]).await.ok();
        let list = server.get("/v1/events", &[]).await.ok();
        let kinds: Vec<&str> =
            list.body["data"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["customer.updated", "customer.created"]);
        let first = server.get(&format!("/v1/events/{}", list.text("data/1/id")), &[]).await.ok();
        assert_eq!(first.body, list.at("data/1"));
        assert_eq!(first.at("data/object"), made.body);
        assert_eq!(first.at("request/idempotency_key"), "key-1");
        assert_eq!(first.text("request/id"), made.header("request-id").unwrap());
        assert_eq!(first.at("api_version"), "2026-10-28.endive");
        assert_eq!(first.at("onfile/object_version"), json!(1));
        assert_eq!(list.at("data/0/onfile/object_version"), json!(2));
    }
}

#[tokio::test]
async fn events_are_filtered_by_type() {
    for server in servers().await {
        server.customer_with_card("pm_card_visa").await;
        for (pairs, want) in [
            (vec![("type", "customer.created")], vec!["customer.created"]),
            (vec![("type", "customer.*")], vec!["customer.created"]),
            (vec![("type", "*")], vec!["payment_method.attached", "customer.created"]),
            (
                vec![("types[]", "customer.created"), ("types[]", "payment_method.attached")],
                vec!["payment_method.attached", "customer.created"],
            ),
            (vec![("types[]", "customer.created")], vec!["customer.created"]),
            (vec![("type", "invoice.paid")], vec![]),
        ] {
            let list = server.get("/v1/events", &pairs).await.ok();
            let kinds: Vec<String> = list.body["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["type"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(kinds, want, "{pairs:?}");
        }
    }
}
