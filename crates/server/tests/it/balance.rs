//! What came and went, as balance transactions.

use serde_json::json;

use crate::support::{Server, servers};

/// Two captured payments, one of them given back in part, and one that is only authorised.
async fn movements(server: &Server) -> (String, String) {
    let (customer, method) = server.customer_with_card("pm_card_visa").await;
    let mut charges = Vec::new();
    for (amount, currency, capture) in
        [("1000", "usd", "automatic"), ("700", "usd", "manual"), ("2000", "eur", "automatic")]
    {
        let pairs = [
            ("amount", amount),
            ("currency", currency),
            ("capture_method", capture),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("confirm", "true"),
        ];
        charges.push(server.post("/v1/payment_intents", &pairs).await.ok().text("latest_charge"));
    }
    let refund = server.post("/v1/refunds", &[("charge", &charges[0]), ("amount", "300")]).await.ok();
    (charges.remove(0), refund.id())
}

#[tokio::test]
async fn each_movement_of_money_is_a_transaction() {
    for server in servers().await {
        let (charge, refund) = movements(&server).await;
        let list = server.get("/v1/balance_transactions", &[]).await.ok();
        let amounts: Vec<_> =
            list.body["data"].as_array().unwrap().iter().map(|it| it["net"].clone()).collect();
        assert_eq!(amounts, [json!(-300), json!(2000), json!(1000)]);
        assert_eq!(list.at("data/0/source"), refund);
        for (pairs, count) in [
            (vec![("type", "refund")], 1),
            (vec![("type", "payment_refund")], 0),
            (vec![("type", "charge")], 2),
            (vec![("type", "payment")], 0),
            (vec![("currency", "eur")], 1),
            (vec![("source", charge.as_str())], 1),
            (vec![("source", refund.as_str())], 1),
            (vec![("created[gte]", "1")], 3),
            (vec![("created[lt]", "1600000000")], 0),
        ] {
            let list = server.get("/v1/balance_transactions", &pairs).await.ok();
            assert_eq!(list.body["data"].as_array().unwrap().len(), count, "{pairs:?}: {}", list.body);
        }
        let path = format!("/v1/charges/{charge}");
        let expand =
            [("expand[]", "balance_transaction.source"), ("expand[]", "refunds.data.balance_transaction")];
        let expanded = server.get(&path, &expand).await.ok();
        assert_eq!(expanded.at("balance_transaction/source/id"), charge);
        assert_eq!(expanded.at("refunds/data/0/balance_transaction/amount"), -300);
        assert!(server.get(&path, &[]).await.ok().body.get("refunds").is_none());
    }
}

#[tokio::test]
async fn pages_go_through_all_kinds_in_one_order() {
    for server in servers().await {
        movements(&server).await;
        let all = server.get("/v1/balance_transactions", &[]).await.ok();
        let ids: Vec<_> = all.body["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
        let page = |name: &'static str, id: serde_json::Value| {
            let server = &server;
            async move {
                let pairs = [("limit", "1"), (name, id.as_str().unwrap())];
                server.get("/v1/balance_transactions", &pairs).await.ok()
            }
        };
        let second = page("starting_after", ids[0].clone()).await;
        assert_eq!((second.at("data/0/id"), second.at("has_more")), (ids[1].clone(), json!(true)));
        let third = page("starting_after", ids[1].clone()).await;
        assert_eq!((third.at("data/0/id"), third.at("has_more")), (ids[2].clone(), json!(false)));
        let before = page("ending_before", ids[2].clone()).await;
        assert_eq!((before.at("data/0/id"), before.at("has_more")), (ids[1].clone(), json!(true)));
        let nowhere = server.get("/v1/balance_transactions", &[("starting_after", "txn_none")]).await;
        assert_eq!((nowhere.status, nowhere.at("error/param")), (400, json!("starting_after")));
        let balance = server.get("/v1/balance", &[]).await.ok();
        assert_eq!(balance.at("available/0/amount"), 0, "Onfile holds no money");
    }
}

#[tokio::test]
async fn what_merchants_write_about_a_payment_hides_nothing() {
    for server in servers().await {
        let (charge, refund) = movements(&server).await;
        let words =
            [("metadata[status]", "failed"), ("metadata[currency]", "eur"), ("metadata[captured]", "false")];
        server.post(&format!("/v1/refunds/{refund}"), &words).await.ok();
        server.post(&format!("/v1/charges/{charge}"), &words).await.ok();
        for (pairs, count) in [(vec![], 3), (vec![("currency", "eur")], 1), (vec![("currency", "usd")], 2)] {
            let list = server.get("/v1/balance_transactions", &pairs).await.ok();
            assert_eq!(list.body["data"].as_array().unwrap().len(), count, "{pairs:?}: {}", list.body);
        }
    }
}
