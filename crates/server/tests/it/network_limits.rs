//! What card networks allow of a card, over all debts of a merchant: beyond it nothing is charged by itself.

use serde_json::json;

use crate::support::billing::at;
use crate::support::{Reply, Server, servers};

const DECLINING: &str = "pm_card_mastercard_chargeDeclined";
/// Mastercard's limit within 24 hours.
const DAY_MAX: usize = 10;

/// A new debt of a customer, charged at once.
async fn charge(server: &Server, customer: &str, method: &str, off_session: &str) -> Reply {
    let pairs = [
        ("amount", "2900"),
        ("currency", "usd"),
        ("customer", customer),
        ("payment_method", method),
        ("confirm", "true"),
        ("off_session", off_session),
        ("return_url", "https://shop.example/"),
    ];
    // A customer who comes back from a challenge needs an address, and one who is not there has none.
    let pairs = if off_session == "true" { &pairs[..6] } else { &pairs[..] };
    server.post("/v1/payment_intents", pairs).await
}

/// An invoice of its own, which the customer tries to pay.
async fn try_to_pay(server: &Server, customer: &str) -> Reply {
    let item = [("customer", customer), ("amount", "700"), ("currency", "usd")];
    server.post("/v1/invoiceitems", &item).await.ok();
    let invoice = server
        .post(
            "/v1/invoices",
            &[
                ("customer", customer),
                ("auto_advance", "false"),
                ("pending_invoice_items_behavior", "include"),
            ],
        )
        .await
        .ok();
    let path = format!("/v1/invoices/{}", invoice.id());
    server.post(&format!("{path}/finalize"), &[("auto_advance", "false")]).await.ok();
    server.post(&format!("{path}/pay"), &[("off_session", "false")]).await
}

/// A subscription some hours before its renewal, which is to be charged to this card; its customer, and their clock.
async fn nearly_renewed(server: &Server, source: &str) -> (String, String, String) {
    let price = server.price("2900", "month").await;
    let clock = server.clock(at("2027-01-31T10:00:00Z")).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let pairs = [("customer", customer.as_str()), ("items[0][price]", price.as_str())];
    let id = server.post("/v1/subscriptions", &pairs).await.ok().id();
    server.give_card(&customer, source).await;
    server.advance(&clock, at("2027-02-28T01:00:00Z")).await;
    (id, customer, clock)
}

#[tokio::test]
async fn a_card_that_was_declined_often_is_not_charged_by_itself_and_its_holder_may_still_try() {
    for server in servers().await {
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let method = server.give_card(&customer, DECLINING).await;
        for _ in 0..DAY_MAX {
            assert_eq!(charge(&server, &customer, &method, "false").await.status, 402);
        }
        let refused = charge(&server, &customer, &method, "true").await;
        assert_eq!(
            (refused.status, refused.at("error/code")),
            (400, json!("network_limit")),
            "{}",
            refused.body
        );
        assert_eq!(server.charges(), DAY_MAX, "nothing was sent");
        assert_eq!(charge(&server, &customer, &method, "false").await.status, 402);
        assert_eq!(server.charges(), DAY_MAX + 1);

        // The same test number is another card in another customer's hands.
        let other = server.post("/v1/customers", &[]).await.ok().id();
        let theirs = server.give_card(&other, DECLINING).await;
        assert_eq!(charge(&server, &other, &theirs, "true").await.status, 402);
        assert_eq!(server.charges(), DAY_MAX + 2);
    }
}

#[tokio::test]
async fn a_renewal_waits_until_the_network_allows_it() {
    for server in servers().await {
        let (id, customer, clock) = nearly_renewed(&server, DECLINING).await;
        for _ in 0..DAY_MAX {
            let tried = try_to_pay(&server, &customer).await;
            assert_eq!(tried.status, 402, "{}", tried.body);
        }
        let before = server.charges();

        server.advance(&clock, at("2027-02-28T10:00:00Z")).await;
        let waiting = server.invoices_of(&id).await.remove(1);
        assert_eq!((&waiting["status"], &waiting["attempt_count"]), (&json!("open"), &json!(0)), "{waiting}");
        assert_eq!(waiting["next_payment_attempt"], at("2027-03-01T01:00:00Z"), "{waiting}");
        assert_eq!(server.charges(), before, "nothing was sent");
        assert_eq!(server.get(&format!("/v1/subscriptions/{id}"), &[]).await.ok().at("status"), "active");
        let run = waiting["onfile"]["run"].as_str().unwrap().to_owned();
        let run = server.get(&format!("/v1/onfile/runs/{run}"), &[]).await.ok();
        assert_eq!(run.at("status"), "finished", "{}", run.body);
        assert_eq!(run.at("report/usd/not_charged/count"), 1, "{}", run.body);
        assert_eq!(run.at("report/usd/to_retry/count"), 1, "{}", run.body);

        server.advance(&clock, at("2027-03-01T02:00:00Z")).await;
        let tried = server.invoices_of(&id).await.remove(1);
        assert_eq!((&tried["status"], &tried["attempt_count"]), (&json!("open"), &json!(1)), "{tried}");
        assert_eq!(server.charges(), before + 1);
    }
}

#[tokio::test]
async fn after_a_banks_final_no_a_visa_card_rests_for_thirty_days() {
    for server in servers().await {
        let (id, customer, clock) = nearly_renewed(&server, "pm_card_visa_chargeDeclined").await;
        // 14: there is no such number.
        server.vault.lock().unwrap().network_code = Some("14".to_owned());
        let tried = try_to_pay(&server, &customer).await;
        assert_eq!(tried.status, 402, "{}", tried.body);
        let before = server.charges();

        server.advance(&clock, at("2027-02-28T10:00:00Z")).await;
        let left = server.invoices_of(&id).await.remove(1);
        assert_eq!(
            (&left["status"], &left["next_payment_attempt"]),
            (&json!("open"), &json!(null)),
            "{left}"
        );
        assert_eq!(server.charges(), before, "nothing was sent");
        assert_eq!(server.get(&format!("/v1/subscriptions/{id}"), &[]).await.ok().at("status"), "past_due");

        server.advance(&clock, at("2027-03-31T10:00:00Z")).await;
        assert_eq!(server.charges(), before + 1, "the next occurrence is a new debt, and 30 days are over");
    }
}
