//! Outcomes that come together are settled together, and one that cannot be settled holds up no other.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use onfile_server::app::App;
use onfile_server::billing::runs::{Scope, execute};
use onfile_server::model::run::Run;
use onfile_server::payments::Cause;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::{Server, servers};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long something may take to happen, in steps of 20 ms: generous, since only a failure waits for it.
const HAPPENS_WITHIN: u32 = 1_500;
const SENDING: &str = "SELECT COUNT(*) AS n FROM operations WHERE state = 'sending'";

/// A run whose orders all wait at the vault, until the gate is opened: so their answers come together.
struct HeldRun {
    app: Arc<App>,
    gate: watch::Sender<bool>,
    run: JoinHandle<Option<Run>>,
}

impl HeldRun {
    async fn begin(server: &Server, orders: i64) -> Self {
        let (gate, shut) = watch::channel(false);
        server.vault.lock().unwrap().gate = Some(shut);
        let app = server.another_process(DAY).await;
        let cause = Cause::worker(server.merchant.account.clone());
        let work = Arc::clone(&app);
        let run = tokio::spawn(async move {
            execute(&work, &cause, &Scope { clock: None, trigger: "schedule" }).await.unwrap()
        });
        for _ in 0..HAPPENS_WITHIN {
            if server.rows(SENDING).await == orders {
                return Self { app, gate, run };
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the orders were not made");
    }

    async fn open(self) -> Run {
        self.gate.send(true).unwrap();
        self.run.await.unwrap().unwrap()
    }
}

/// What the report of a run says of one state.
async fn count(server: &Server, run: &Run, state: &str) -> Value {
    let reply = server.get(&format!("/v1/onfile/runs/{}", run.id), &[]).await.ok();
    reply.at(&format!("report/usd/{state}/count"))
}

async fn invoice_of(server: &Server, subscription: &str) -> Value {
    let mut invoices = server.invoices_of(subscription).await;
    assert_eq!(invoices.len(), 1, "{invoices:?}");
    invoices.remove(0)
}

#[tokio::test]
async fn outcomes_that_come_together_are_each_settled_as_alone() {
    for server in servers().await {
        let good = server.customers(3, "pm_card_visa").await;
        let declined = server.customers(2, "pm_card_chargeDeclined").await;
        // Two of them are one customer's, on one card.
        let owners = [good.clone(), vec![good[0].clone()], declined].concat();
        let made = server.due_daily(&owners).await;
        let run = HeldRun::begin(&server, 6).await.open().await;
        assert_eq!(
            (count(&server, &run, "paid").await, count(&server, &run, "declined").await),
            (json!(4), json!(2))
        );
        for (n, subscription) in made.iter().enumerate() {
            let invoice = invoice_of(&server, subscription).await;
            let agreement = server.get(&format!("/v1/subscriptions/{subscription}"), &[]).await.ok();
            let want = if n < 4 { ("paid", "active", 2900) } else { ("open", "past_due", 0) };
            assert_eq!(
                (invoice["status"].as_str().unwrap(), invoice["amount_paid"].as_i64().unwrap()),
                (want.0, want.2)
            );
            assert_eq!(agreement.at("status"), want.1);
            assert_eq!(
                (invoice["attempt_count"].as_i64(), invoice["next_payment_attempt"].is_null()),
                (Some(1), n < 4)
            );
        }
        let told = server.get("/v1/events", &[("limit", "100")]).await.ok();
        let told = told.at("data").as_array().cloned().unwrap();
        let how_often = |kind: &str| told.iter().filter(|event| event["type"] == kind).count();
        let kinds = [
            "charge.succeeded",
            "charge.failed",
            "payment_intent.succeeded",
            "invoice.paid",
            "invoice.payment_failed",
        ];
        assert_eq!(kinds.map(how_often), [4, 2, 4, 4, 2]);
        // The snapshots open, and tell each its own object.
        let mut paid: Vec<&Value> =
            told.iter().filter(|e| e["type"] == "invoice.paid").map(|e| &e["data"]["object"]["id"]).collect();
        paid.sort_by_key(|id| id.as_str());
        paid.dedup();
        assert_eq!(paid.len(), 4, "{paid:?}");
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM receipts").await, 4);
        assert_eq!(server.rows("SELECT COUNT(*) AS n FROM notices WHERE kind = 'payment_failed'").await, 2);
        assert_eq!(server.charges(), 6);
    }
}

#[tokio::test]
async fn what_cannot_be_settled_is_left_alone_and_the_others_are_settled() {
    for server in servers().await {
        let owners = server.customers(5, "pm_card_visa").await;
        let made = server.due_daily(&owners).await;
        let held = HeldRun::begin(&server, 5).await;
        let mut tx = held.app.db.begin().await.unwrap();
        let methods = tx.query("SELECT id FROM payment_methods ORDER BY id", &[]).await.unwrap();
        let broken = methods[2].text("id").unwrap();
        tx.execute("DELETE FROM payment_methods WHERE id = $1", onfile_service::binds![&broken])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let run = held.open().await;
        assert_eq!(
            (count(&server, &run, "paid").await, count(&server, &run, "in_progress").await),
            (json!(4), json!(1))
        );
        let mut states = Vec::new();
        for subscription in &made {
            states.push(invoice_of(&server, subscription).await["status"].clone());
        }
        states.sort_by_key(ToString::to_string);
        assert_eq!(states, ["open", "paid", "paid", "paid", "paid"]);
        // Its outcome is looked up as if no answer had come.
        assert_eq!((server.rows(SENDING).await, server.charges()), (1, 5));
    }
}
