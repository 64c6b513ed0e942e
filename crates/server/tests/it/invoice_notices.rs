//! What customers are told of invoices that could not be collected, and of cards that end before the next charge.

use jiff::SignedDuration;
use onfile_core::ids::Id;
use onfile_server::notices::{expiring, worker};
use onfile_server::payments::debits;
use onfile_service::binds;
use serde_json::{Value, json};

use crate::support::billing::at;
use crate::support::mail::Post;
use crate::support::{Server, servers_with};

const START: &str = "2027-01-31T10:00:00Z";
const SECOND_CHARGE: &str = "2027-02-28T10:00:00Z";
const THREE_DAYS_LATER: &str = "2027-03-03T12:00:00Z";
const A_WEEK_LATER: &str = "2027-03-08T12:00:00Z";
/// The test card's last month; its agreement is next charged in the month after.
const LAST_MONTH: &str = "2034-12-05T10:00:00Z";

/// A monthly agreement that was paid once; answers with clock, customer and agreement.
async fn subscribed(server: &Server, start: &str) -> (String, String, String) {
    let clock = server.clock(at(start)).await;
    let customer = server.customer_at(&clock, "pm_card_visa").await;
    let subscription = subscribe(server, &customer, "month").await;
    (clock, customer, subscription)
}

async fn subscribe(server: &Server, customer: &str, interval: &str) -> String {
    let price = server.price("2900", interval).await;
    let pairs = [("customer", customer), ("items[0][price]", price.as_str())];
    let made = server.post("/v1/subscriptions", &pairs).await.ok();
    assert_eq!(made.at("status"), "active", "{}", made.body);
    made.id()
}

/// The notices, oldest first.
async fn listed(server: &Server) -> Vec<Value> {
    let list = server.get("/v1/onfile/notices", &[("limit", "100")]).await.ok();
    let mut data = list.at("data").as_array().cloned().unwrap_or_default();
    data.reverse();
    data
}

fn words<'a>(notices: &'a [Value], field: &str) -> Vec<&'a str> {
    notices.iter().map(|notice| notice[field].as_str().unwrap_or_default()).collect()
}

/// Sends what waits; answers with the mails that came.
async fn mails(server: &Server, post: &Post) -> Vec<String> {
    let mut tx = server.app.db.begin().await.unwrap();
    let sql = "UPDATE notices SET due = 0 WHERE account_id = $1 AND state IN ('queued', 'sending')";
    tx.execute(sql, binds![server.merchant.account.id.as_str()]).await.unwrap();
    tx.commit().await.unwrap();
    worker::once(&server.app).await.unwrap();
    let came = std::mem::take(&mut post.lock().came);
    came.iter().map(|mail| mail.replace("=\n", "").replace("=3D", "=")).collect()
}

async fn owed(server: &Server, subscription: &str) -> Value {
    server.invoices_of(subscription).await.pop().unwrap()
}

#[tokio::test]
async fn each_failed_attempt_is_told_once_with_what_follows_and_the_last_one_with_where_to_pay() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let (clock, customer, subscription) = subscribed(&server, START).await;
        server.give_card(&customer, "pm_card_chargeDeclined").await;
        for (to, kinds, says) in [
            (SECOND_CHARGE, vec!["payment_failed"], "We will try again on 3 March 2027"),
            (THREE_DAYS_LATER, vec!["payment_failed"; 2], "We will try again on 7 March 2027"),
            (
                A_WEEK_LATER,
                vec!["payment_failed", "payment_failed", "payment_failed_final"],
                "We do not try it again by ourselves",
            ),
        ] {
            server.advance(&clock, at(to)).await;
            let invoice = owed(&server, &subscription).await;
            let came = mails(&server, &post).await;
            assert_eq!(came.len(), 1, "{to}: {came:?}");
            let url = invoice["hosted_invoice_url"].as_str().unwrap();
            for part in [says, url, "$29.00", "0002", "To: jenny@example.com"] {
                assert!(came[0].contains(part), "{to}: {part} in {}", came[0]);
            }
            assert!(mails(&server, &post).await.is_empty(), "{to}: once");
            let all = listed(&server).await;
            assert_eq!(words(&all, "kind"), kinds, "{to}");
            assert_eq!(
                (&all[0]["about"], &all[0]["customer"], &all[0]["recipient"]),
                (&invoice["id"], &json!(customer), &json!("jenny@example.com"))
            );
        }
        let invoice = owed(&server, &subscription).await;
        assert_eq!(
            (&invoice["attempt_count"], &invoice["next_payment_attempt"]),
            (&json!(3), &json!(null)),
            "what the mail says is what is planned"
        );
        server.advance(&clock, at(A_WEEK_LATER) + 5 * 86_400).await;
        assert!(mails(&server, &post).await.is_empty());
    }
}

#[tokio::test]
async fn what_was_settled_or_overtaken_meanwhile_is_not_told() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        for (word, want) in [("paid", "paid"), ("elsewhere", "paid"), ("void", "canceled")] {
            let (clock, customer, subscription) = subscribed(&server, START).await;
            server.give_card(&customer, "pm_card_chargeDeclined").await;
            server.advance(&clock, at(SECOND_CHARGE)).await;
            let invoice = owed(&server, &subscription).await;
            let path = format!("/v1/invoices/{}", invoice["id"].as_str().unwrap());
            let (path, pairs) = match word {
                "paid" => (format!("{path}/pay"), vec![("payment_method", "pm_card_visa")]),
                "elsewhere" => (format!("{path}/pay"), vec![("paid_out_of_band", "true")]),
                _ => (format!("{path}/void"), vec![]),
            };
            server.post(&path, &pairs).await.ok();
            assert!(mails(&server, &post).await.is_empty(), "{word}");
            let last = listed(&server).await.pop().unwrap();
            assert_eq!((&last["status"], &last["reason"]), (&json!("suppressed"), &json!(want)), "{word}");
        }
        let (clock, customer, _) = subscribed(&server, START).await;
        server.give_card(&customer, "pm_card_chargeDeclined").await;
        server.advance(&clock, at(THREE_DAYS_LATER)).await;
        let came = mails(&server, &post).await;
        assert!(came.len() == 1 && came[0].contains("7 March 2027"), "the newer word alone: {came:?}");
        let all = listed(&server).await;
        assert_eq!(words(&all[all.len() - 2..], "reason"), ["superseded", ""]);
    }
}

#[tokio::test]
async fn without_an_address_nothing_is_queued_and_without_a_card_it_is_said_what_is_missing() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let (clock, customer, _) = subscribed(&server, START).await;
        let declined = server.give_card(&customer, "pm_card_chargeDeclined").await;
        server.post(&format!("/v1/customers/{customer}"), &[("email", "")]).await.ok();
        server.advance(&clock, at(SECOND_CHARGE)).await;
        assert!(listed(&server).await.is_empty());
        server.post(&format!("/v1/customers/{customer}"), &[("email", "new@example.com")]).await.ok();
        let nothing = [("invoice_settings[default_payment_method]", "")];
        server.post(&format!("/v1/customers/{customer}"), &nothing).await.ok();
        server.post(&format!("/v1/payment_methods/{declined}/detach"), &[]).await.ok();
        server.advance(&clock, at(THREE_DAYS_LATER)).await;
        let came = mails(&server, &post).await;
        assert_eq!(came.len(), 1, "{came:?}");
        for part in ["To: new@example.com", "There is no card or bank account", "/invoices/"] {
            assert!(came[0].contains(part), "{part} in {}", came[0]);
        }
        assert_eq!(words(&listed(&server).await, "kind"), ["payment_failed_final"]);
    }
}

#[tokio::test]
async fn an_invoice_that_nothing_can_be_charged_for_asks_its_customer_to_pay() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let (clock, customer, subscription) = subscribed(&server, START).await;
        let method = server.get(&format!("/v1/customers/{customer}"), &[]).await.ok();
        let method = method.text("invoice_settings/default_payment_method");
        server.post(&format!("/v1/payment_methods/{method}/detach"), &[]).await.ok();
        server.advance(&clock, at(THREE_DAYS_LATER)).await;
        let came = mails(&server, &post).await;
        assert_eq!(came.len(), 1, "{came:?}");
        let url = owed(&server, &subscription).await["hosted_invoice_url"].as_str().unwrap().to_owned();
        assert!(came[0].contains("Please pay $29.00") && came[0].contains(&url), "{}", came[0]);
    }
}

#[tokio::test]
async fn a_debit_that_comes_back_after_it_was_paid_is_told_once_with_what_follows() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        for (code, kind, says) in [
            ("R01", "payment_failed", "We will try again on"),
            ("R10", "payment_failed_final", "We do not try it again by ourselves"),
        ] {
            let (clock, customer, _) = subscribed(&server, START).await;
            server.give_card(&customer, "pm_usBankAccount_success").await;
            server.advance(&clock, at(SECOND_CHARGE)).await;
            for (status, code, days) in
                [("settled", None, 1), ("returned", Some(code), 3), ("returned", Some(code), 6)]
            {
                server.vault.lock().unwrap().debits_become(status, code);
                debits::poll::once(&server.app, server.app.now_ms() + days * 86_400_000).await.unwrap();
            }
            let came = mails(&server, &post).await;
            assert_eq!(came.len(), 1, "{code}: {came:?}");
            for part in [says, "TEST BANK", "$29.00"] {
                assert!(came[0].contains(part), "{code}: {part} in {}", came[0]);
            }
            let last = listed(&server).await.pop().unwrap();
            assert_eq!((&last["kind"], &last["status"]), (&json!(kind), &json!("sent")), "{code}");
            assert!(mails(&server, &post).await.is_empty(), "{code}: once");
        }
    }
}

#[tokio::test]
async fn a_customer_who_is_there_sees_the_failure_and_is_not_written_to() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let customer = server.post("/v1/customers", &[("email", "jenny@example.com")]).await.ok().id();
        server.give_card(&customer, "pm_card_chargeDeclined").await;
        let price = server.price("2900", "month").await;
        let pairs = [("customer", customer.as_str()), ("items[0][price]", price.as_str())];
        let made = server.post("/v1/subscriptions", &pairs).await.ok();
        assert_eq!(made.at("status"), "incomplete");
        assert!(mails(&server, &post).await.is_empty());
        assert!(listed(&server).await.is_empty());
    }
}

#[tokio::test]
async fn a_card_that_ends_before_the_next_charge_is_told_once_for_each_charge() {
    let (post, settings) = Post::start().await;
    let settings = format!("{settings}card_expiring_days = 20\n");
    for server in servers_with(&settings).await {
        let (clock, ..) = subscribed(&server, LAST_MONTH).await;
        // The next charge is 31 days away.
        expiring::once(&server.app).await.unwrap();
        assert!(listed(&server).await.is_empty(), "not yet");
        for day in [10, 12, 14] {
            server.advance(&clock, at(LAST_MONTH) + day * 86_400).await;
            expiring::once(&server.app).await.unwrap();
            assert_eq!(listed(&server).await.len(), usize::from(day > 10), "after {day} days");
        }
        let came = mails(&server, &post).await;
        assert_eq!(came.len(), 1, "{came:?}");
        for part in ["Your card ends before your next payment to Shop", "on 5 January 2035", "$29.00", "4242"]
        {
            assert!(came[0].contains(part), "{part} in {}", came[0]);
        }
        assert!(!came[0].contains("12/2034") && !came[0].contains("December"), "without the card's date");
        let told = listed(&server).await;
        assert_eq!((words(&told, "kind"), words(&told, "status")), (vec!["card_expiring"], vec!["sent"]));
    }
}

#[tokio::test]
async fn who_updated_or_replaced_the_card_is_not_told_that_it_ends() {
    let (post, settings) = Post::start().await;
    let settings = format!("{settings}card_expiring_days = 40\n");
    for server in servers_with(&settings).await {
        for (word, reason) in [
            ("updated", "card_updated"),
            ("replaced", "card_replaced"),
            ("removed", "card_removed"),
            ("canceled", "charge_over"),
        ] {
            let (_, customer, subscription) = subscribed(&server, LAST_MONTH).await;
            let method = server.get(&format!("/v1/customers/{customer}"), &[]).await.ok();
            let method = method.text("invoice_settings/default_payment_method");
            expiring::once(&server.app).await.unwrap();
            let queued = listed(&server).await.pop().unwrap();
            assert_eq!((&queued["about"], &queued["status"]), (&json!(method), &json!("queued")), "{word}");
            match word {
                "updated" => {
                    let date = [("card[exp_month]", "12"), ("card[exp_year]", "2036")];
                    server.post(&format!("/v1/payment_methods/{method}"), &date).await.ok();
                }
                "replaced" => drop(server.give_card(&customer, "pm_card_visa").await),
                "removed" => {
                    server.post(&format!("/v1/payment_methods/{method}/detach"), &[]).await.ok();
                }
                _ => {
                    let end = [("cancel_at_period_end", "true")];
                    server.post(&format!("/v1/subscriptions/{subscription}"), &end).await.ok();
                }
            }
            assert!(mails(&server, &post).await.is_empty(), "{word}");
            let last = listed(&server).await.pop().unwrap();
            assert_eq!((&last["status"], &last["reason"]), (&json!("suppressed"), &json!(reason)), "{word}");
        }
    }
}

#[tokio::test]
async fn a_card_with_a_new_date_that_ends_again_is_told_of_again() {
    let (post, settings) = Post::start().await;
    let settings = format!("{settings}card_expiring_days = 40\n");
    for server in servers_with(&settings).await {
        let (clock, customer, _) = subscribed(&server, LAST_MONTH).await;
        expiring::once(&server.app).await.unwrap();
        assert_eq!(mails(&server, &post).await.len(), 1);
        let method = server.get(&format!("/v1/customers/{customer}"), &[]).await.ok();
        let method = method.text("invoice_settings/default_payment_method");
        let date = [("card[exp_month]", "1"), ("card[exp_year]", "2035")];
        server.post(&format!("/v1/payment_methods/{method}"), &date).await.ok();
        // Past the charge of January, and into the weeks before that of February.
        server.advance(&clock, at("2035-01-20T10:00:00Z")).await;
        expiring::once(&server.app).await.unwrap();
        let came = mails(&server, &post).await;
        assert!(came.len() == 1 && came[0].contains("on 5 February 2035"), "{came:?}");
    }
}

#[tokio::test]
async fn in_real_time_a_card_is_looked_at_when_its_charge_comes_near() {
    let (_post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let customer = server.post("/v1/customers", &[("email", "jenny@example.com")]).await.ok().id();
        let method = server.give_card(&customer, "pm_card_visa").await;
        subscribe(&server, &customer, "year").await;
        let now = jiff::tz::TimeZone::UTC.to_datetime(server.app.clock.now());
        let (month, year) = (now.month().to_string(), now.year().to_string());
        let date = [("card[exp_month]", month.as_str()), ("card[exp_year]", year.as_str())];
        server.post(&format!("/v1/payment_methods/{method}"), &date).await.ok();
        for (days, want) in [(0, 0), (300, 0), (340, 1), (341, 1), (344, 1)] {
            let then = server.another_process(SignedDuration::from_hours(24 * days)).await;
            expiring::once(&then).await.unwrap();
            expiring::once(&then).await.unwrap();
            assert_eq!(listed(&server).await.len(), want, "after {days} days");
        }
    }
}
