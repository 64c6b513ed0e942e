//! What belongs to a process only for a while: one that wakes after its lease sends nothing and begins nothing.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use onfile_core::ids::{Id, PaymentIntentId};
use onfile_server::app::App;
use onfile_server::billing::collect;
use onfile_server::billing::runs::{Scope, execute};
use onfile_server::payments::requests::Confirm;
use onfile_server::payments::{self, Cause, carry_out, intents, resolve};
use onfile_server::store::agreements::{self, Claim, REAL_TIME};
use onfile_server::store::operations;
use serde_json::json;

use crate::support::{Server, servers, servers_with};

const SHORT: &str = "[processing]\nlease_ms = 300\nabsent_is_final_after_ms = 100\ncheck_delay_max_ms = 10\n";
/// How long something may take to happen, in steps of 20 ms: generous, since only a failure waits for it.
const HAPPENS_WITHIN: u32 = 1_500;
const TWO_DAYS: SignedDuration = SignedDuration::from_hours(48);
/// Longer than any lease.
const TWO_MINUTES: SignedDuration = SignedDuration::from_mins(2);

fn cause(server: &Server) -> Cause {
    Cause::worker(server.merchant.account.clone())
}

async fn run(server: &Server, app: &Arc<App>) -> Option<onfile_server::model::run::Run> {
    execute(app, &cause(server), &Scope { clock: None, trigger: "schedule" }).await.unwrap()
}

fn claim(app: &App) -> Claim<'static> {
    let now_ms = app.now_ms();
    Claim { clock: REAL_TIME, until_ms: now_ms, now_ms, lease_until: now_ms + 60_000, limit: 100 }
}

#[tokio::test]
async fn a_sender_that_wakes_after_its_lease_sends_nothing() {
    for server in servers().await {
        server.vault.lock().unwrap().never_arrives = true;
        let pairs = [
            ("amount", "2900"),
            ("currency", "usd"),
            ("confirm", "true"),
            ("payment_method", "pm_card_visa"),
        ];
        let intent = server.post("/v1/payment_intents", &pairs).await.ok();
        assert_eq!(intent.at("status"), "processing");
        server.vault.lock().unwrap().never_arrives = false;
        let account = &server.merchant.account.id;
        let mut tx = server.app.db.read().await.unwrap();
        let operation = operations::of_debt(&mut tx, account, &intent.id(), 1).await.unwrap().remove(0);
        drop(tx);
        let slept = server.another_process(TWO_MINUTES).await;
        carry_out(&slept, &cause(&server), operation.clone()).await;
        assert_eq!(server.charges(), 0, "its lease was over");
        carry_out(&server.app, &cause(&server), operation).await;
        assert_eq!(server.charges(), 1, "within the lease the same order is sent");
    }
}

#[tokio::test]
async fn an_order_that_lay_about_until_its_lease_was_over_does_not_leave_the_vault() {
    for server in servers_with(SHORT).await {
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let pairs = [
            ("amount", "2900"),
            ("currency", "usd"),
            ("confirm", "true"),
            ("customer", customer.as_str()),
            ("payment_method", "pm_card_authenticationRequired"),
            ("return_url", "https://shop.example/done"),
        ];
        let id = server.post("/v1/payment_intents", &pairs).await.ok().id();
        let path = format!("/v1/payment_intents/{id}");
        let before = server.charges();
        // It goes on after the challenge: never sent again, and in the end believed not to have arrived.
        server.vault.lock().unwrap().stall = Some(Duration::from_secs(4));
        let (app, by) = (Arc::clone(&server.app), cause(&server));
        let intent = PaymentIntentId::parse(&id).unwrap();
        let sender = tokio::spawn(async move { intents::returned(&app, &by, &intent).await.map(drop) });
        let until = async |status: &str| {
            for _ in 0..HAPPENS_WITHIN {
                if server.get(&path, &[]).await.ok().at("status") == status {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                resolve::once(&server.app).await.unwrap();
            }
            panic!("it never was {status}");
        };
        until("processing").await;
        until("requires_action").await;
        drop(sender.await.unwrap());
        until("requires_action").await;
        assert_eq!(server.charges(), before, "it was refused at the vault: nobody expects it any more");
        // The customer comes back once more, and it is paid once.
        let intent = PaymentIntentId::parse(&id).unwrap();
        intents::returned(&server.app, &cause(&server), &intent).await.unwrap();
        assert_eq!(server.get(&path, &[]).await.ok().at("status"), "succeeded");
        assert_eq!(server.charges(), before + 1);
    }
}

#[tokio::test]
async fn a_set_that_was_claimed_by_somebody_else_since_is_theirs() {
    for server in servers().await {
        server.due_daily(&server.customers(3, "pm_card_visa").await).await;
        let account = &server.merchant.account.id;
        let slept = server.another_process(TWO_DAYS).await;
        let old = claim(&slept);
        let mut tx = slept.db.begin().await.unwrap();
        let ids = agreements::claim_subscriptions(&mut tx, account, &old).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ids.len(), 3);

        let early = server.another_process(TWO_DAYS).await;
        assert!(run(&server, &early).await.is_none(), "they are claimed");
        let later = server.another_process(TWO_DAYS + TWO_MINUTES).await;
        let mut tx = later.db.begin().await.unwrap();
        let new = claim(&later);
        agreements::claim_subscriptions(&mut tx, account, &new).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = slept.db.begin().await.unwrap();
        let ours = agreements::hand_in_subscriptions(&mut tx, account, &ids, old.lease_until).await.unwrap();
        tx.commit().await.unwrap();
        assert!(ours.is_empty(), "{ours:?}");
        let mut tx = later.db.begin().await.unwrap();
        let theirs =
            agreements::hand_in_subscriptions(&mut tx, account, &ids, new.lease_until).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(theirs.len(), 3);
        assert_eq!(server.charges(), 0);
    }
}

#[tokio::test]
async fn an_invoice_is_tried_again_only_under_a_claim_that_still_counts() {
    for server in servers().await {
        server.due_daily(&server.customers(1, "pm_card_chargeDeclined").await).await;
        let account = &server.merchant.account.id;
        let first = server.another_process(TWO_DAYS).await;
        assert!(run(&server, &first).await.is_some());
        // Days later its next attempt is due. Somebody claims it, and sleeps.
        let retry = TWO_DAYS + SignedDuration::from_hours(4 * 24);
        let slept = server.another_process(retry).await;
        let mut tx = slept.db.begin().await.unwrap();
        let held = agreements::claim_invoices(&mut tx, account, &claim(&slept)).await.unwrap().remove(0);
        tx.commit().await.unwrap();
        let mut tx = slept.db.read().await.unwrap();
        assert!(held.is_held(&mut tx, account, slept.now_ms()).await.unwrap());
        assert!(!held.is_held(&mut tx, account, held.lease_until).await.unwrap(), "it is over");
        drop(tx);

        let later = server.another_process(retry + TWO_MINUTES).await;
        let by = run(&server, &later).await.unwrap().id;
        let before = server.charges();
        collect::again(&slept, &cause(&server), &held, &by, slept.now_seconds()).await.unwrap();
        let invoice = server.get(&format!("/v1/invoices/{}", held.id), &[]).await.ok();
        let intent = invoice.text("payments/data/0/payment/payment_intent");
        let card = Some("pm_card_visa".to_owned());
        let ask = Confirm { payment_method: card, off_session: true, held: Some(held), ..Confirm::default() };
        let intent = PaymentIntentId::parse(&intent).unwrap();
        let refused = intents::confirm(&slept, &cause(&server), &intent, ask).await;
        assert!(matches!(refused, Err(payments::Error::Busy)), "{refused:?}");
        assert_eq!(server.charges(), before);
    }
}

#[tokio::test]
async fn who_is_told_to_stop_takes_up_nothing_and_another_goes_on() {
    for server in servers().await {
        server.due_daily(&server.customers(2, "pm_card_visa").await).await;
        let stopping = server.another_process(TWO_DAYS).await;
        stopping.stop();
        assert!(run(&server, &stopping).await.is_none());
        assert_eq!(server.charges(), 0);
        let other = server.another_process(TWO_DAYS).await;
        let id = run(&server, &other).await.unwrap().id;
        assert_eq!(server.charges(), 4);
        let report = server.get(&format!("/v1/onfile/runs/{id}"), &[]).await.ok();
        assert_eq!(report.at("report/usd/paid/count"), json!(4), "{}", report.body);
    }
}
