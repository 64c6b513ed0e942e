//! Which payment settles which invoice.

use serde_json::json;

use crate::support::billing::at;
use crate::support::{Server, servers};

/// An agreement of two months: two invoices that are paid, and one that the merchant wrote and is open.
async fn invoices(server: &Server) -> (Vec<serde_json::Value>, String) {
    let price = server.price("2900", "month").await;
    let clock = server.clock(at("2027-01-31T10:00:00Z")).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let pairs = [("customer", customer.as_str()), ("items[0][price]", &price)];
    let made = server.post("/v1/subscriptions", &pairs).await.ok().id();
    server.advance(&clock, at("2027-03-01T00:00:00Z")).await;
    let item = [("customer", customer.as_str()), ("amount", "100"), ("currency", "usd")];
    server.post("/v1/invoiceitems", &item).await.ok();
    let ask = [("customer", customer.as_str()), ("pending_invoice_items_behavior", "include")];
    let open = server.post("/v1/invoices", &ask).await.ok().id();
    let draft = server.post("/v1/invoices", &ask).await.ok().id();
    assert_ne!(open, draft);
    server.post(&format!("/v1/invoices/{open}/finalize"), &[]).await.ok();
    (server.invoices_of(&made).await, open)
}

#[tokio::test]
async fn payments_are_found_by_invoice_by_intent_and_by_status() {
    for server in servers().await {
        let (paid, open) = invoices(&server).await;
        let list = server.get("/v1/invoice_payments", &[]).await.ok();
        let of: Vec<_> =
            list.body["data"].as_array().unwrap().iter().map(|it| it["invoice"].clone()).collect();
        assert_eq!(of, [json!(open), paid[1]["id"].clone(), paid[0]["id"].clone()], "a draft has no payment");
        let intent = paid[0]["payments"]["data"][0]["payment"]["payment_intent"].as_str().unwrap();
        let first = paid[0]["id"].as_str().unwrap();
        let by_intent = vec![("payment[type]", "payment_intent"), ("payment[payment_intent]", intent)];
        let unpaid = [by_intent.clone(), vec![("status", "open")]].concat();
        for (pairs, want) in [
            (by_intent, vec![paid[0]["id"].clone()]),
            (unpaid, vec![]),
            (vec![("invoice", first)], vec![paid[0]["id"].clone()]),
            (vec![("status", "open")], vec![json!(open)]),
            (vec![("status", "paid")], vec![paid[1]["id"].clone(), paid[0]["id"].clone()]),
            (vec![("status", "canceled")], vec![]),
        ] {
            let list = server.get("/v1/invoice_payments", &pairs).await.ok();
            let of: Vec<_> =
                list.body["data"].as_array().unwrap().iter().map(|it| it["invoice"].clone()).collect();
            assert_eq!(of, want, "{pairs:?}");
        }
    }
}

#[tokio::test]
async fn a_payment_is_read_expanded_and_paged() {
    for server in servers().await {
        let (paid, _) = invoices(&server).await;
        let shown = paid[0]["payments"]["data"][0].clone();
        let path = format!("/v1/invoice_payments/{}", shown["id"].as_str().unwrap());
        assert_eq!(server.get(&path, &[]).await.ok().body, shown);
        let expand = [("expand[]", "invoice"), ("expand[]", "payment.payment_intent.latest_charge")];
        let whole = server.get(&path, &expand).await.ok();
        assert_eq!(whole.at("invoice/id"), paid[0]["id"]);
        assert_eq!(whole.at("payment/payment_intent/latest_charge/amount"), 2900);
        let first = server.get("/v1/invoice_payments", &[("limit", "1")]).await.ok();
        let after = first.id_of_first();
        let next =
            server.get("/v1/invoice_payments", &[("limit", "1"), ("starting_after", &after)]).await.ok();
        assert_eq!(next.at("data/0/invoice"), paid[1]["id"]);
        let draft = server.get("/v1/invoice_payments", &[("starting_after", "inpay_none")]).await;
        assert_eq!((draft.status, draft.at("error/param")), (400, json!("starting_after")));
        assert!(draft.text("error/message").contains("'inpay_none'"), "{}", draft.body);
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    for server in servers().await {
        for (pairs, param) in [
            (vec![("payment[payment_intent]", "pi_1")], "payment[type]"),
            (vec![("payment[type]", "charge")], "payment[type]"),
            (vec![("status", "none")], "status"),
            (vec![("invoice", "in_none")], "invoice"),
            (
                vec![("payment[type]", "payment_intent"), ("payment[payment_intent]", "pi_none")],
                "payment[payment_intent]",
            ),
        ] {
            let reply = server.get("/v1/invoice_payments", &pairs).await;
            assert_eq!((reply.status, reply.at("error/param")), (400, json!(param)), "{}", reply.body);
        }
    }
}
