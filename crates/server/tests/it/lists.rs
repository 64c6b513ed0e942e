//! Lists: pages, directions, ranges, expansion.

use serde_json::{Value, json};

use crate::support::{Server, servers};

async fn customers(server: &Server, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for i in 0..count {
        let email = format!("c{i}@example.com");
        ids.push(server.post("/v1/customers", &[("email", &email)]).await.ok().id());
    }
    ids.reverse();
    ids
}

fn ids_of(body: &Value) -> Vec<String> {
    body["data"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_in_both_directions_without_gap_or_repetition() {
    for server in servers().await {
        let all = customers(&server, 12).await;
        let first = server.get("/v1/customers", &[]).await.ok();
        assert_eq!((ids_of(&first.body), first.at("has_more")), (all[..10].to_vec(), json!(true)));
        assert_eq!((first.at("object"), first.at("url")), (json!("list"), json!("/v1/customers")));
        let mut seen = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut pairs = vec![("limit", "5")];
            if let Some(after) = &after {
                pairs.push(("starting_after", after));
            }
            let page = server.get("/v1/customers", &pairs).await.ok();
            seen.extend(ids_of(&page.body));
            if page.at("has_more") == json!(false) {
                break;
            }
            after = seen.last().cloned();
        }
        assert_eq!(seen, all);
        let back = server.get("/v1/customers", &[("limit", "3"), ("ending_before", &all[5])]).await.ok();
        assert_eq!((ids_of(&back.body), back.at("has_more")), (all[2..5].to_vec(), json!(true)));
        let start = server.get("/v1/customers", &[("limit", "3"), ("ending_before", &all[2])]).await.ok();
        assert_eq!((ids_of(&start.body), start.at("has_more")), (all[..2].to_vec(), json!(false)));
        let by_email = server.get("/v1/customers", &[("email", "c3@example.com")]).await.ok();
        assert_eq!(ids_of(&by_email.body), [all[8].clone()]);
    }
}

#[tokio::test]
async fn a_range_of_creation_holds_what_was_made_in_it() {
    for server in servers().await {
        let id = customers(&server, 1).await.remove(0);
        let created =
            server.get(&format!("/v1/customers/{id}"), &[]).await.ok().at("created").as_i64().unwrap();
        let at = |offset: i64| (created + offset).to_string();
        for (name, value, want) in [
            ("created", at(0), true),
            ("created", at(1), false),
            ("created[gte]", at(0), true),
            ("created[gte]", at(1), false),
            ("created[gt]", at(-1), true),
            ("created[gt]", at(0), false),
            ("created[lte]", at(0), true),
            ("created[lte]", at(-1), false),
            ("created[lt]", at(1), true),
            ("created[lt]", at(0), false),
        ] {
            let list = server.get("/v1/customers", &[(name, &value)]).await.ok();
            assert_eq!(!ids_of(&list.body).is_empty(), want, "{name}={value}, created {created}");
        }
    }
}

#[tokio::test]
async fn wrong_paging_is_refused_by_name() {
    for server in servers().await {
        let id = customers(&server, 1).await.remove(0);
        let gone = format!("{}000000", &id[..id.len() - 6]);
        for (pairs, param) in [
            (vec![("starting_after", gone.as_str())], Some("starting_after")),
            (vec![("ending_before", gone.as_str())], Some("ending_before")),
            (vec![("limit", "0")], Some("limit")),
            (vec![("limit", "101")], Some("limit")),
            (vec![("limit", "ten")], Some("limit")),
            (vec![("starting_after", "pm_1")], Some("starting_after")),
            (vec![("starting_after", id.as_str()), ("ending_before", id.as_str())], None),
            (vec![("created[before]", "1")], Some("created[before]")),
            (vec![("created", "yesterday")], Some("created")),
            (vec![("expand[]", "customer")], Some("expand")),
        ] {
            let refused = server.get("/v1/customers", &pairs).await;
            assert_eq!(refused.status, 400, "{pairs:?}: {}", refused.body);
            assert_eq!(refused.at("error/param").as_str(), param, "{pairs:?}");
        }
    }
}

#[tokio::test]
async fn objects_are_expanded_where_asked_four_levels_deep() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let pairs = [
            ("amount", "100"),
            ("currency", "usd"),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("confirm", "true"),
            ("expand[]", "latest_charge.payment_intent.customer"),
            ("expand[]", "payment_method"),
        ];
        let paid = server.post("/v1/payment_intents", &pairs).await.ok();
        assert_eq!(paid.at("latest_charge/object"), "charge");
        assert_eq!(paid.at("latest_charge/payment_intent/customer/id"), json!(customer));
        assert_eq!(paid.at("payment_method/onfile/label"), "C1001-424242-4242");
        assert_eq!(paid.at("customer"), json!(customer));
        let list = server.get("/v1/charges", &[("expand[]", "data.customer")]).await.ok();
        assert_eq!(list.at("data/0/customer/object"), "customer");
    }
}
