//! Runs: what is due together, by one process or several, with outages and bank debits in it.

use std::sync::Arc;

use onfile_server::billing::runs::{Scope, execute};
use onfile_server::payments::{Cause, debits};
use serde_json::{Value, json};

use crate::support::billing::at;
use crate::support::{Server, servers};

const JANUARY: &str = "2027-01-31T10:00:00Z";
const DAY_MS: i64 = 86_400_000;

async fn subscription(server: &Server, customer: &str, price: &str, more: &[(&str, &str)]) -> String {
    let mut pairs = vec![("customer", customer), ("items[0][price]", price)];
    pairs.extend(more);
    server.post("/v1/subscriptions", &pairs).await.ok().id()
}

#[tokio::test]
async fn a_preview_tells_what_a_run_would_do_and_changes_nothing() {
    for server in servers().await {
        let made = server.due_daily(&server.customers(3, "pm_card_visa").await).await;
        let poor = server.post("/v1/customers", &[]).await.ok().id();
        server.due_daily(&[poor]).await;
        let until = (server.app.now_seconds() + 2 * 86_400).to_string();
        let events = server.get("/v1/events", &[]).await.ok().id_of_first();
        let preview = server.post("/v1/onfile/runs/preview", &[("until", &until)]).await.ok();
        assert_eq!(preview.at("totals/usd"), json!({ "count": 4, "amount": 4 * 2900 }), "{}", preview.body);
        assert_eq!((preview.at("to_charge"), preview.at("without_payment_method")), (json!(3), json!(1)));
        assert_eq!(server.get("/v1/events", &[]).await.ok().id_of_first(), events);
        assert_eq!(server.charges(), 0);
        assert!(server.invoices_of(&made[0]).await.is_empty());
        let far = (server.app.now_seconds() + 400 * 86_400).to_string();
        let refused = server.post("/v1/onfile/runs/preview", &[("until", &far)]).await;
        assert_eq!((refused.status, refused.at("error/param")), (400, json!("until")));
    }
}

#[tokio::test]
async fn two_processes_share_a_run_and_charge_everything_once() {
    for server in servers().await {
        let made = server.due_daily(&server.customers(40, "pm_card_visa").await).await;
        // Two days on, both find everything due: two occurrences of each.
        let ahead = jiff::SignedDuration::from_hours(48);
        let (one, two) = (server.another_process(ahead).await, server.another_process(ahead).await);
        let cause = Cause::worker(server.merchant.account.clone());
        let work = |app: Arc<_>| {
            let cause = cause.clone();
            async move { execute(&app, &cause, &Scope { clock: None, trigger: "schedule" }).await.unwrap() }
        };
        let (a, b) = tokio::join!(work(one), work(two));
        let mut runs = Vec::new();
        for id in &made {
            let invoices = server.invoices_of(id).await;
            let occurrences: Vec<Value> =
                invoices.iter().map(|i| i["onfile"]["occurrence"].clone()).collect();
            assert_eq!(occurrences.len(), 2, "{invoices:?}");
            assert_eq!(occurrences[1].as_i64(), occurrences[0].as_i64().map(|k| k + 1));
            assert!(invoices.iter().all(|invoice| invoice["status"] == "paid"), "{invoices:?}");
            runs.extend(invoices.iter().map(|invoice| invoice["onfile"]["run"].clone()));
        }
        assert_eq!(server.charges(), 2 * made.len());
        let id = a.or(b).unwrap().id;
        assert!(runs.iter().all(|run| run == id.to_string().as_str()), "{runs:?}");
        let path = format!("/v1/onfile/runs/{id}");
        let run = server.get(&path, &[]).await.ok();
        assert_eq!(run.at("report/usd/paid"), json!({ "count": 80, "amount": 80 * 2900 }), "{}", run.body);
        let table = server.get(&format!("{path}/items.csv"), &[]).await.ok();
        assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
        let text = table.body.as_str().unwrap().to_owned();
        assert_eq!(text.lines().filter(|line| line.ends_with(",usd,29.00,paid,,")).count(), 80, "{text}");
    }
}

#[tokio::test]
async fn an_outage_uses_up_no_attempt_and_troubles_nobody() {
    for server in servers().await {
        let price = server.price("2900", "month").await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let id = subscription(&server, &customer, &price, &[]).await;
        server.vault.lock().unwrap().sends_nothing = true;
        server.advance(&clock, at("2027-02-28T10:00:00Z")).await;
        let waiting = server.invoices_of(&id).await.remove(1);
        assert_eq!((&waiting["status"], &waiting["attempt_count"]), (&json!("open"), &json!(0)), "{waiting}");
        assert_eq!(waiting["next_payment_attempt"], at("2027-02-28T10:05:00Z"), "{waiting}");
        let agreement = server.get(&format!("/v1/subscriptions/{id}"), &[]).await.ok();
        assert_eq!(agreement.at("status"), "active");
        assert_eq!(server.get("/v1/onfile/notices", &[]).await.ok().at("data"), json!([]));
        server.vault.lock().unwrap().sends_nothing = false;
        server.advance(&clock, at("2027-02-28T11:00:00Z")).await;
        let paid = server.invoices_of(&id).await.remove(1);
        assert_eq!((&paid["status"], &paid["attempt_count"]), (&json!("paid"), &json!(1)), "{paid}");
        assert_eq!(server.charges(), 2);
    }
}

#[tokio::test]
async fn an_invoice_that_cannot_be_charged_at_all_keeps_no_run_from_ending() {
    for server in servers().await {
        let euros = [("currency", "eur"), ("unit_amount", "2900"), ("recurring[interval]", "month")];
        let price =
            server.post("/v1/prices", &[&euros[..], &[("product_data[name]", "Line")]].concat()).await;
        let clock = server.clock(at(JANUARY)).await;
        let customer = server.customer_at(&clock, "pm_card_visa").await;
        let id = subscription(&server, &customer, &price.ok().id(), &[]).await;
        server.give_card(&customer, "pm_card_chargeDeclined").await;
        server.advance(&clock, at("2027-02-28T10:00:00Z")).await;
        assert!(states(&server, &id).await.1.is_number());
        // The retry finds an account that takes no euros.
        server.give_card(&customer, "pm_usBankAccount_success").await;
        server.advance(&clock, at("2027-03-10T00:00:00Z")).await;
        assert_eq!((states(&server, &id).await.1, server.charges()), (json!(null), 2));
        let runs = server.get("/v1/onfile/runs", &[("limit", "100")]).await.ok();
        let runs = runs.at("data").as_array().cloned().unwrap_or_default();
        assert_eq!(runs.len(), 2);
        assert!(runs.iter().all(|run| run["status"] == "finished"), "{runs:?}");
        assert_eq!(runs[0]["report"]["eur"]["not_charged"], json!({ "count": 1, "amount": 2900 }));
    }
}

/// A renewal by bank account, submitted and not decided: the subscription and the clock.
async fn submitted(server: &Server) -> (String, String) {
    let price = server.price("2900", "month").await;
    let clock = server.clock(at(JANUARY)).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let id = subscription(server, &customer, &price, &[]).await;
    server.give_card(&customer, "pm_usBankAccount_success").await;
    server.advance(&clock, at("2027-02-28T10:00:00Z")).await;
    (id, clock)
}

/// The bank moves on, and the server looks.
async fn bank(server: &Server, status: &str, code: Option<&str>, days: i64) {
    server.vault.lock().unwrap().debits_become(status, code);
    debits::poll::once(&server.app, server.app.now_ms() + days * DAY_MS).await.unwrap();
}

async fn states(server: &Server, id: &str) -> (Value, Value, Value) {
    let invoice = server.invoices_of(id).await.remove(1);
    let agreement = server.get(&format!("/v1/subscriptions/{id}"), &[]).await.ok();
    (invoice["status"].clone(), invoice["next_payment_attempt"].clone(), agreement.at("status"))
}

#[tokio::test]
async fn a_renewal_by_bank_account_is_paid_when_the_bank_has_settled_it() {
    for server in servers().await {
        let (id, _) = submitted(&server).await;
        assert_eq!(states(&server, &id).await, (json!("open"), json!(null), json!("active")));
        assert_eq!(server.charges(), 2, "one card, one debit, nothing repeated while the bank decides");
        bank(&server, "settled", None, 1).await;
        assert_eq!(states(&server, &id).await, (json!("paid"), json!(null), json!("active")));
    }
}

#[tokio::test]
async fn a_debit_that_was_taken_back_is_owed_again_and_presented_again_only_where_it_may_be() {
    for server in servers().await {
        for (code, again) in [("R01", true), ("R10", false)] {
            let (id, clock) = submitted(&server).await;
            bank(&server, "settled", None, 1).await;
            assert_eq!(states(&server, &id).await.0, "paid");
            bank(&server, "returned", Some(code), 3).await;
            let (invoice, next, agreement) = states(&server, &id).await;
            assert_eq!((invoice, agreement), (json!("open"), json!("past_due")), "{code}");
            assert_eq!(next.is_null(), !again, "{code}: {next}");
            let before = server.charges();
            server.advance(&clock, at("2027-03-10T00:00:00Z")).await;
            assert_eq!(server.charges() - before, usize::from(again), "{code}");
            // The run that presented it again learns what became of it.
            bank(&server, "settled", None, 9).await;
            let runs = server.get("/v1/onfile/runs", &[("limit", "100")]).await.ok();
            let open = |run: &Value| run.pointer("/report/usd/in_progress/count").and_then(Value::as_i64);
            let runs = runs.at("data").as_array().cloned().unwrap_or_default();
            assert!(runs.iter().all(|run| open(run) == Some(0)), "{code}: {runs:?}");
        }
    }
}
