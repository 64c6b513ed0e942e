//! Agreements whose invoices are not collected for a while.

use serde_json::{Value, json};

use crate::support::billing::at;
use crate::support::{Server, servers};

/// An agreement that is paused like that from February on, until a day in April.
async fn paused(server: &Server, behaviour: &str) -> (String, String) {
    let price = server.price("2900", "month").await;
    let clock = server.clock(at("2027-01-31T10:00:00Z")).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let pairs = [("customer", customer.as_str()), ("items[0][price]", &price)];
    let of = server.post("/v1/subscriptions", &pairs).await.ok().id();
    let until = at("2027-04-10T00:00:00Z").to_string();
    let pause = [("pause_collection[behavior]", behaviour), ("pause_collection[resumes_at]", &until)];
    let shown = server.post(&format!("/v1/subscriptions/{of}"), &pause).await.ok();
    assert_eq!(shown.at("pause_collection/behavior"), behaviour);
    server.advance(&clock, at("2027-05-01T00:00:00Z")).await;
    (of, clock)
}

fn states(invoices: &[Value]) -> Vec<(Value, Value)> {
    invoices.iter().map(|it| (it["status"].clone(), it["amount_paid"].clone())).collect()
}

#[tokio::test]
async fn a_paused_agreement_goes_on_and_nobody_is_charged_until_it_resumes() {
    for server in servers().await {
        for (behaviour, status) in
            [("void", "void"), ("mark_uncollectible", "uncollectible"), ("keep_as_draft", "draft")]
        {
            let before = server.charges();
            let (of, _) = paused(&server, behaviour).await;
            let invoices = server.invoices_of(&of).await;
            let left = (json!(status), json!(0));
            let paid = (json!("paid"), json!(2900));
            assert_eq!(states(&invoices), [paid.clone(), left.clone(), left, paid], "{behaviour}");
            assert_eq!(server.charges() - before, 2, "{behaviour}: January and April alone");
            let now = server.get(&format!("/v1/subscriptions/{of}"), &[]).await.ok();
            assert_eq!(now.at("status"), "active");
            let numbers: Vec<_> = invoices.iter().map(|it| it["number"].clone()).collect();
            let numbered = numbers.iter().filter(|number| !number.is_null()).count();
            assert_eq!(numbered, if status == "draft" { 2 } else { 4 }, "{numbers:?}");
        }
    }
}

#[tokio::test]
async fn what_was_left_can_be_paid_after_all() {
    for server in servers().await {
        for behaviour in ["mark_uncollectible", "keep_as_draft"] {
            let (of, _) = paused(&server, behaviour).await;
            let left = server.invoices_of(&of).await[1]["id"].as_str().unwrap().to_owned();
            let paid = server.post(&format!("/v1/invoices/{left}/pay"), &[]).await.ok();
            assert_eq!(
                (paid.at("status"), paid.at("amount_paid")),
                (json!("paid"), json!(2900)),
                "{behaviour}"
            );
        }
        let (of, _) = paused(&server, "void").await;
        let left = server.invoices_of(&of).await[1]["id"].as_str().unwrap().to_owned();
        assert_eq!(server.post(&format!("/v1/invoices/{left}/pay"), &[]).await.status, 400);
    }
}

#[tokio::test]
async fn a_pause_is_lifted_by_hand_and_the_run_says_what_it_left() {
    for server in servers().await {
        let (of, clock) = paused(&server, "void").await;
        let again = [("pause_collection[behavior]", "void")];
        server.post(&format!("/v1/subscriptions/{of}"), &again).await.ok();
        server.advance(&clock, at("2027-06-01T00:00:00Z")).await;
        let shown = server.post(&format!("/v1/subscriptions/{of}"), &[("pause_collection", "")]).await.ok();
        assert_eq!(shown.at("pause_collection"), json!(null));
        server.advance(&clock, at("2027-07-01T00:00:00Z")).await;
        let invoices = server.invoices_of(&of).await;
        let ends: Vec<_> = invoices[3..].iter().map(|it| it["status"].clone()).collect();
        assert_eq!(ends, [json!("paid"), json!("void"), json!("paid")]);
        let run = invoices[4]["onfile"]["run"].as_str().unwrap();
        let items = server.get(&format!("/v1/onfile/runs/{run}/items"), &[]).await.ok();
        assert_eq!(items.at("data/0/reason"), "paused", "{}", items.body);
        let kinds = server.get("/v1/events", &[("type", "invoice.voided")]).await.ok();
        assert_eq!(kinds.body["data"].as_array().unwrap().len(), 3);
    }
}
