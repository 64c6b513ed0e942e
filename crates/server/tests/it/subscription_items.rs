//! The parts of recurring agreements.

use serde_json::json;

use crate::support::billing::at;
use crate::support::{Reply, Server, send, servers};

const NONE: (&str, &str) = ("proration_behavior", "none");

/// An agreement about one price of 29.00 a month, paid by card, in a time of its own.
async fn agreement(server: &Server) -> (Reply, String) {
    let price = server.price("2900", "month").await;
    let clock = server.clock(at("2027-01-31T10:00:00Z")).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let pairs = [("customer", customer.as_str()), ("items[0][price]", &price)];
    (server.post("/v1/subscriptions", &pairs).await.ok(), clock)
}

async fn delete(server: &Server, path: &str) -> Reply {
    send(server.with(&server.merchant.secret, "DELETE", path, &[])).await
}

#[tokio::test]
async fn parts_are_added_changed_and_taken_away_from_the_next_period_on() {
    for server in servers().await {
        let (made, clock) = agreement(&server).await;
        let extra = server.price("1000", "month").await;
        let of = made.id();
        let add = [("subscription", of.as_str()), ("price", &extra), ("quantity", "2"), NONE];
        let added = server.post("/v1/subscription_items", &add).await.ok();
        assert_eq!((added.at("quantity"), added.at("price/id")), (json!(2), json!(extra)));
        server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
        let path = format!("/v1/subscription_items/{}", added.id());
        let changed = server.post(&path, &[("quantity", "5"), ("metadata[a]", "b"), NONE]).await.ok();
        assert_eq!((changed.at("quantity"), changed.at("metadata/a")), (json!(5), json!("b")));
        assert_eq!(server.get(&path, &[]).await.ok().body, changed.body);
        server.advance(&clock, at("2027-04-01T00:00:00Z")).await;
        assert_eq!(
            delete(&server, &format!("{path}?proration_behavior=none")).await.ok().at("deleted"),
            true
        );
        assert_eq!(server.get(&path, &[]).await.status, 404);
        server.advance(&clock, at("2027-05-01T00:00:00Z")).await;
        let totals: Vec<_> =
            server.invoices_of(&of).await.iter().map(|invoice| invoice["total"].clone()).collect();
        assert_eq!(totals, [json!(2900), json!(4900), json!(7900), json!(2900)]);
    }
}

#[tokio::test]
async fn parts_are_listed_newest_first() {
    for server in servers().await {
        let (made, _) = agreement(&server).await;
        let of = made.id();
        let mut ids = vec![made.text("items/data/0/id")];
        for minor in ["100", "200"] {
            let price = server.price(minor, "month").await;
            let add = [("subscription", of.as_str()), ("price", &price), NONE];
            ids.insert(0, server.post("/v1/subscription_items", &add).await.ok().id());
        }
        let list = async |pairs: &[(&str, &str)]| {
            let mut all = vec![("subscription", of.as_str())];
            all.extend(pairs);
            let list = server.get("/v1/subscription_items", &all).await.ok();
            let ids: Vec<_> = list.body["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["id"].as_str().unwrap().to_owned())
                .collect();
            (ids, list.at("has_more"))
        };
        assert_eq!(list(&[]).await, (ids.clone(), json!(false)));
        assert_eq!(list(&[("limit", "1")]).await, (ids[..1].to_vec(), json!(true)));
        assert_eq!(
            list(&[("limit", "1"), ("starting_after", &ids[0])]).await,
            (ids[1..2].to_vec(), json!(true))
        );
        assert_eq!(
            list(&[("limit", "1"), ("ending_before", &ids[2])]).await,
            (ids[1..2].to_vec(), json!(true))
        );
        assert_eq!(list(&[("starting_after", &ids[2])]).await, (vec![], json!(false)));
        let nowhere = [("subscription", of.as_str()), ("starting_after", "si_none")];
        let nowhere = server.get("/v1/subscription_items", &nowhere).await;
        assert_eq!((nowhere.status, nowhere.at("error/param")), (400, json!("starting_after")));
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_changes_nothing() {
    for server in servers().await {
        let (made, _) = agreement(&server).await;
        let (of, item, price) = (made.id(), made.text("items/data/0/id"), made.text("items/data/0/price/id"));
        let yearly = server.price("100", "year").await;
        let whole = format!("/v1/subscriptions/{of}");
        for (path, pairs, param) in [
            ("/v1/subscription_items", vec![("price", price.as_str()), NONE], "subscription"),
            ("/v1/subscription_items", vec![("subscription", of.as_str()), NONE], "price"),
            ("/v1/subscription_items", vec![("subscription", &of), ("price", &price), NONE], "price"),
            ("/v1/subscription_items", vec![("subscription", &of), ("price", &yearly), NONE], "price"),
            (
                "/v1/subscription_items",
                vec![("subscription", "sub_none"), ("price", &yearly)],
                "subscription",
            ),
            ("/v1/subscription_items", vec![("subscription", &of), ("price", &yearly)], "proration_behavior"),
            (&whole, vec![("items[0][id]", "si_none_x"), ("items[0][quantity]", "2"), NONE], "items[0][id]"),
            (&whole, vec![("items[0][id]", &item), ("items[0][deleted]", "true"), NONE], "items"),
            (&whole, vec![("items[0][quantity]", "2"), NONE], "items[0][price]"),
            (&whole, vec![("items[0][id]", &item), ("items[0][plan]", &yearly), NONE], "items[0][plan]"),
            (&whole, vec![("pause_collection[resumes_at]", "1900000000")], "pause_collection[behavior]"),
            (&whole, vec![("trial_end", "1900000000")], "trial_end"),
        ] {
            let reply = server.post(path, &pairs).await;
            assert_eq!(
                (reply.status, reply.at("error/param")),
                (400, json!(param)),
                "{pairs:?}: {}",
                reply.body
            );
        }
        let last = delete(&server, &format!("/v1/subscription_items/{item}?proration_behavior=none")).await;
        assert_eq!(last.status, 400, "{}", last.body);
        let now = server.get(&whole, &[]).await.ok();
        assert_eq!(now.at("items"), made.at("items"));
        assert_eq!(server.post(&whole, &[("trial_end", "now")]).await.ok().at("status"), "active");
    }
}
