//! Events as they are read.

use serde_json::json;

use crate::support::billing::at;
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

#[tokio::test]
async fn a_change_tells_what_the_changed_fields_were() {
    for server in servers().await {
        let pairs = [("name", "one"), ("metadata[a]", "1"), ("metadata[b]", "2"), ("address[city]", "Basel")];
        let made = server.post("/v1/customers", &pairs).await.ok().id();
        let change = [("name", "two"), ("metadata[a]", ""), ("metadata[c]", "3"), ("address[city]", "Bern")];
        server.post(&format!("/v1/customers/{made}"), &change).await.ok();
        server.post(&format!("/v1/customers/{made}"), &[("name", "two")]).await.ok();
        let list = server.get("/v1/events", &[]).await.ok();
        assert_eq!(list.at("data/0/data/previous_attributes"), json!({}));
        assert_eq!(
            list.at("data/1/data/previous_attributes"),
            json!({ "name": "one", "metadata": { "a": "1", "c": null }, "address": { "city": "Basel" } })
        );
        assert_eq!(list.at("data/1/data/object/name"), "two");
        assert!(list.body.pointer("/data/2/data/previous_attributes").is_none(), "{}", list.body);
    }
}

#[tokio::test]
async fn changes_by_billing_tell_what_they_changed_too() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at("2027-01-31T10:00:00Z")).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let pairs = [("customer", customer.as_str()), ("items[0][price]", &price)];
        let made = server.post("/v1/subscriptions", &pairs).await.ok();
        server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
        let list = server.get("/v1/events", &[("type", "customer.subscription.updated")]).await.ok();
        let told = list.at("data/0/data");
        assert_eq!(told["previous_attributes"]["latest_invoice"], made.at("latest_invoice"));
        assert_ne!(told["object"]["latest_invoice"], made.at("latest_invoice"));
        let ended = told.pointer("/previous_attributes/items/data/0/current_period_end");
        assert_eq!(ended, Some(&json!(at("2027-02-28T10:00:00Z"))));
        assert!(told["previous_attributes"].get("customer").is_none(), "{told}");
    }
}
