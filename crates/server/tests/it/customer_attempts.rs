//! Attempts with the customer beside the schedule: they plan nothing by themselves, and take nothing planned away.

use serde_json::{Value, json};

use crate::support::billing::at;
use crate::support::{Server, servers};

const JANUARY: &str = "2027-01-31T10:00:00Z";
const DECLINING: &str = "pm_card_chargeDeclined";

/// The customer tries to pay, and their card says no.
async fn try_to_pay(server: &Server, invoice: &Value) {
    let path = format!("/v1/invoices/{}/pay", invoice["id"].as_str().unwrap());
    let tried = server.post(&path, &[("off_session", "false")]).await;
    assert_eq!(tried.status, 402, "{}", tried.body);
}

#[tokio::test]
async fn a_bill_that_was_only_sent_is_never_charged_by_itself_because_its_customer_tried() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, DECLINING).await;
        let pairs = [
            ("customer", customer.as_str()),
            ("items[0][price]", &price),
            ("collection_method", "send_invoice"),
            ("days_until_due", "20"),
        ];
        let id = server.post("/v1/subscriptions", &pairs).await.ok().id();
        let sent = server.invoices_of(&id).await.remove(0);
        try_to_pay(&server, &sent).await;
        let tried = server.invoices_of(&id).await.remove(0);
        assert_eq!(
            (&tried["status"], &tried["next_payment_attempt"]),
            (&json!("open"), &json!(null)),
            "{tried}"
        );
        assert_eq!(server.get(&format!("/v1/subscriptions/{id}"), &[]).await.ok().at("status"), "active");
        let before = server.charges();
        server.advance(&clock, at("2027-02-15T00:00:00Z")).await;
        assert_eq!(server.charges(), before);
    }
}

#[tokio::test]
async fn what_is_written_off_is_not_charged_again_because_its_customer_tried() {
    for server in servers().await {
        let (id, clock) = declined_renewal(&server).await;
        let invoice = server.invoices_of(&id).await.remove(1);
        let path = format!("/v1/invoices/{}/mark_uncollectible", invoice["id"].as_str().unwrap());
        server.post(&path, &[]).await.ok();
        try_to_pay(&server, &invoice).await;
        let before = server.charges();
        server.advance(&clock, at("2027-03-20T00:00:00Z")).await;
        assert_eq!(server.charges(), before);
    }
}

#[tokio::test]
async fn a_planned_attempt_stays_where_it_was_when_the_customer_tries_in_between() {
    for server in servers().await {
        let (id, clock) = declined_renewal(&server).await;
        let planned = server.invoices_of(&id).await.remove(1);
        assert_eq!(planned["next_payment_attempt"], at("2027-03-03T10:00:00Z"), "{planned}");
        // A wrong code on their side says nothing about the attempt that is planned.
        server.vault.lock().unwrap().network_code = Some("N7".to_owned());
        try_to_pay(&server, &planned).await;
        server.vault.lock().unwrap().network_code = None;
        let tried = server.invoices_of(&id).await.remove(1);
        assert_eq!(tried["next_payment_attempt"], planned["next_payment_attempt"], "{tried}");
        let before = server.charges();
        server.advance(&clock, at("2027-03-03T11:00:00Z")).await;
        assert_eq!(server.charges(), before + 1, "it was made");
    }
}

/// A subscription whose renewal was declined, with an attempt planned three days later; and its clock.
async fn declined_renewal(server: &Server) -> (String, String) {
    let price = server.price("2900", "month").await;
    let clock = server.clock(at(JANUARY)).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let pairs = [("customer", customer.as_str()), ("items[0][price]", price.as_str())];
    let id = server.post("/v1/subscriptions", &pairs).await.ok().id();
    server.give_card(&customer, DECLINING).await;
    server.advance(&clock, at("2027-02-28T10:00:00Z")).await;
    (id, clock)
}
