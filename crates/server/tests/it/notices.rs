//! Notices: queued with what causes them, told once, tried again, and never told when they are not true any more.

use onfile_core::currency::Currency;
use onfile_core::ids::{CustomerId, Id, PaymentIntentId, PaymentMethodId};
use onfile_server::notices::kinds::card_expiring::CardExpiring;
use onfile_server::notices::kinds::payment_failed::{PaymentFailed, WhatNext};
use onfile_server::notices::{Content, Notice, queue, worker};
use onfile_server::payments::Cause;
use onfile_server::store::{accounts, notices};
use onfile_service::binds;
use serde_json::{Value, json};

use crate::support::mail::{Post, Says};
use crate::support::{Reply, Server, send, servers, servers_with};

async fn pay(server: &Server, extra: &[(&str, &str)]) -> Reply {
    let mut pairs = vec![
        ("amount", "2900"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
    ];
    pairs.extend_from_slice(extra);
    server.post("/v1/payment_intents", &pairs).await
}

async fn listed(server: &Server) -> Vec<Value> {
    let list = server.get("/v1/onfile/notices", &[]).await.ok();
    list.at("data").as_array().unwrap().clone()
}

/// The only notice there is.
async fn only(server: &Server) -> Value {
    let mut all = listed(server).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// Everything that waits is due now, and every lease is over.
async fn hurry(server: &Server) {
    let mut tx = server.app.db.begin().await.unwrap();
    let sql = "UPDATE notices SET due = 0 WHERE account_id = $1 AND state IN ('queued', 'sending')";
    tx.execute(sql, binds![server.merchant.account.id.as_str()]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn work(server: &Server) {
    hurry(server).await;
    worker::once(&server.app).await.unwrap();
}

fn message_id(mail: &str) -> &str {
    mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap()
}

#[tokio::test]
async fn a_receipt_is_sent_once_for_money_that_was_taken() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let paid = pay(&server, &[("receipt_email", "jenny@example.com"), ("description", "Fibre <500>")])
            .await
            .ok();
        let waiting = only(&server).await;
        assert_eq!((&waiting["status"], &waiting["sent"]), (&json!("queued"), &json!(null)));
        for _ in 0..3 {
            work(&server).await;
        }
        let sent = only(&server).await;
        let charge = paid.text("latest_charge");
        for (field, want) in [
            ("object", json!("onfile.notice")),
            ("status", json!("sent")),
            ("kind", json!("receipt")),
            ("recipient", json!("jenny@example.com")),
            ("about", json!(charge)),
            ("payment_intent", json!(paid.id())),
            ("attempts", json!(1)),
            ("reason", json!(null)),
            ("next_attempt", json!(null)),
            ("livemode", json!(false)),
        ] {
            assert_eq!(sent[field], want, "{field}");
        }
        let came = std::mem::take(&mut post.lock().came);
        assert_eq!(came.len(), 1, "{came:?}");
        let mail = &came[0];
        assert_eq!(message_id(mail), format!("<{}@shop.example>", sent["id"].as_str().unwrap()));
        let receipt = server.get(&format!("/v1/charges/{charge}"), &[]).await.ok().text("receipt_url");
        let unfolded = mail.replace("=\n", "").replace("=3D", "=");
        for part in
            ["From: Shop <pay@shop.example>", "Subject: Your receipt from Shop: $29.00", &receipt, "4242"]
        {
            assert!(unfolded.contains(part), "{part} in {unfolded}");
        }
        assert!(!unfolded.contains("<500>\n<") && unfolded.contains("Fibre &lt;500&gt;"), "{unfolded}");
        let one = server.get(&format!("/v1/onfile/notices/{}", sent["id"].as_str().unwrap()), &[]).await.ok();
        assert_eq!(one.body, sent);
    }
}

#[tokio::test]
async fn nobody_is_written_to_without_an_address_or_before_the_money_is_taken() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        pay(&server, &[]).await.ok();
        let declined =
            pay(&server, &[("receipt_email", "a@b.example"), ("payment_method", "pm_card_chargeDeclined")])
                .await;
        assert_eq!(declined.status, 402, "{}", declined.body);
        let manual = [("receipt_email", "jenny@example.com"), ("capture_method", "manual")];
        let reserved = pay(&server, &manual).await.ok().id();
        assert!(listed(&server).await.is_empty());
        server
            .post(&format!("/v1/payment_intents/{reserved}/capture"), &[("amount_to_capture", "1000")])
            .await
            .ok();
        work(&server).await;
        assert_eq!(only(&server).await["status"], "sent");
        let came = std::mem::take(&mut post.lock().came);
        assert!(
            came.len() == 1 && came[0].contains("$10.00"),
            "what was taken, not what was reserved: {came:?}"
        );
    }
}

#[tokio::test]
async fn a_charge_without_the_customer_writes_to_them_where_the_account_says_so() {
    let (_post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let asked =
            [("customer", customer.as_str()), ("payment_method", method.as_str()), ("off_session", "true")];
        pay(&server, &asked).await.ok();
        assert!(listed(&server).await.is_empty(), "not unless it is said");
        let account = &server.merchant.account.id;
        let mut tx = server.app.db.begin().await.unwrap();
        let mut stored = accounts::lock(&mut tx, account).await.unwrap().unwrap();
        stored.doc.mail_receipts = true;
        accounts::save_doc(&mut tx, account, &stored.doc).await.unwrap();
        tx.commit().await.unwrap();
        pay(&server, &asked).await.ok();
        let notice = only(&server).await;
        assert_eq!(
            (&notice["recipient"], &notice["customer"]),
            (&json!("jenny@example.com"), &json!(customer))
        );
        pay(&server, &[("customer", &customer), ("payment_method", &method)]).await.ok();
        assert_eq!(listed(&server).await.len(), 1, "with the customer present, the shop shows it");
    }
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_and_what_is_refused_is_not() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        for (says, first, reason) in [
            (Says::Later, "queued", json!("put_off_451")),
            (Says::Nothing, "queued", json!("no_answer")),
            (Says::Never, "failed", json!("refused_550")),
        ] {
            let paid = pay(&server, &[("receipt_email", "jenny@example.com")]).await.ok();
            post.lock().says = says;
            work(&server).await;
            let tried = listed(&server).await.remove(0);
            assert_eq!((&tried["status"], &tried["reason"]), (&json!(first), &reason), "{says:?}");
            assert_eq!(tried["payment_intent"], paid.id());
            assert_eq!(tried["next_attempt"].is_null(), first == "failed", "{tried}");
            // Not before its time.
            worker::once(&server.app).await.unwrap();
            post.lock().says = Says::Ok;
            work(&server).await;
            let ended = listed(&server).await.remove(0);
            let came = std::mem::take(&mut post.lock().came);
            if first == "failed" {
                assert_eq!((&ended["status"], came.len()), (&json!("failed"), 1));
            } else {
                assert_eq!((&ended["status"], &ended["attempts"]), (&json!("sent"), &json!(2)));
                assert_eq!(came.len(), 2, "at least once");
                assert_eq!(message_id(&came[0]), message_id(&came[1]), "and recognisable");
            }
        }
    }
}

#[tokio::test]
async fn tries_are_bounded_also_for_a_notice_that_kills_its_sender() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        post.lock().says = Says::Later;
        pay(&server, &[("receipt_email", "jenny@example.com")]).await.ok();
        for _ in 0..20 {
            work(&server).await;
        }
        let failed = only(&server).await;
        assert_eq!((&failed["status"], &failed["attempts"]), (&json!("failed"), &json!(16)));
        assert_eq!(std::mem::take(&mut post.lock().came).len(), 16);
        // Claimed, and the claimer is never heard of again.
        pay(&server, &[("receipt_email", "jenny@example.com")]).await.ok();
        for _ in 0..16 {
            let mut tx = server.app.db.begin().await.unwrap();
            let account = &server.merchant.account.id;
            let now = server.app.now_ms();
            assert_eq!(notices::claim_due(&mut tx, account, now, 0, 8).await.unwrap().len(), 1);
            tx.commit().await.unwrap();
        }
        work(&server).await;
        assert_eq!(listed(&server).await[0]["status"], "failed");
        assert!(post.lock().came.is_empty());
        post.lock().says = Says::Ok;
    }
}

#[tokio::test]
async fn a_lease_is_one_workers_alone_and_only_its_holder_settles() {
    let (_post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        pay(&server, &[("receipt_email", "jenny@example.com")]).await.ok();
        let account = &server.merchant.account.id;
        let now = server.app.now_ms();
        let mut tx = server.app.db.begin().await.unwrap();
        let first = notices::claim_due(&mut tx, account, now, now + 10, 8).await.unwrap();
        assert_eq!((first.len(), first[0].notice.attempts), (1, 1));
        assert!(notices::claim_due(&mut tx, account, now, now + 20, 8).await.unwrap().is_empty());
        let second = notices::claim_due(&mut tx, account, now + 10, now + 30, 8).await.unwrap();
        assert_eq!((second.len(), second[0].notice.attempts), (1, 2));
        let sent = notices::Outcome {
            state: onfile_server::model::notice::NoticeState::Sent,
            reason: None,
            due: now,
        };
        for (holder, want) in [(&first, false), (&second, true), (&second, false)] {
            let settled = notices::settle(&mut tx, account, &holder[0].notice, &sent, now).await.unwrap();
            assert_eq!(settled, want);
        }
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn without_a_mail_server_it_is_kept_why_nothing_came() {
    for server in servers().await {
        pay(&server, &[("receipt_email", "jenny@example.com")]).await.ok();
        let notice = only(&server).await;
        assert_eq!(
            (&notice["status"], &notice["reason"]),
            (&json!("suppressed"), &json!("mail_not_configured"))
        );
    }
}

/// Later than any card ends.
const FAR: i64 = 4_102_444_800;

/// Queues in a transaction that is committed, or not.
async fn tell(server: &Server, notice: Notice, commit: bool) -> bool {
    let cause = Cause::worker(server.merchant.account.clone());
    let mut tx = server.app.db.begin().await.unwrap();
    let queued = queue(&mut tx, &server.app, &cause, notice).await.unwrap();
    if commit {
        tx.commit().await.unwrap();
    }
    queued
}

fn failed(customer: &str, payment: &str, occasion: &str) -> Notice {
    Notice {
        recipient: "jenny@example.com".into(),
        customer: CustomerId::parse(customer),
        payment: PaymentIntentId::parse(payment),
        about: payment.to_owned(),
        occasion: occasion.to_owned(),
        content: Content::PaymentFailed(PaymentFailed {
            amount: 2900,
            currency: Currency::parse("usd").unwrap(),
            description: None,
            method: Some("Visa •••• 4242".into()),
            code: "insufficient_funds".into(),
            next: WhatNext::Act { url: "https://pay.shop.example/x".into() },
        }),
        not_before: None,
    }
}

#[tokio::test]
async fn the_same_is_told_once_and_only_with_what_causes_it() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let intent = [("amount", "2900"), ("currency", "usd"), ("customer", customer.as_str())];
        let intent = server.post("/v1/payment_intents", &intent).await.ok().id();
        assert!(tell(&server, failed(&customer, &intent, "ch_1"), false).await);
        assert!(listed(&server).await.is_empty(), "undone with its transaction");
        for (occasion, want) in [("ch_1", true), ("ch_1", false), ("ch_2", true)] {
            assert_eq!(tell(&server, failed(&customer, &intent, occasion), true).await, want, "{occasion}");
        }
        work(&server).await;
        assert_eq!(std::mem::take(&mut post.lock().came).len(), 2);
        let other = server.post("/v1/customers", &[]).await.ok().id();
        for (customer, want) in [(customer, 2), (other, 0)] {
            let list =
                server.get("/v1/onfile/notices", &[("customer", &customer), ("limit", "1")]).await.ok();
            assert_eq!(list.at("data").as_array().unwrap().len(), want.min(1));
            assert_eq!(list.at("has_more"), want > 1);
        }
    }
}

#[tokio::test]
async fn what_is_not_true_any_more_is_not_told() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let paid = pay(&server, &[("customer", &customer), ("payment_method", &method)]).await.ok().id();
        let open = [("amount", "2900"), ("currency", "usd")];
        let canceled = server.post("/v1/payment_intents", &open).await.ok().id();
        server.post(&format!("/v1/payment_intents/{canceled}/cancel"), &[]).await.ok();
        let expiring = |charge_due: i64, method: &str| Notice {
            about: method.to_owned(),
            payment: None,
            occasion: charge_due.to_string(),
            content: Content::CardExpiring(CardExpiring {
                method: PaymentMethodId::parse(method).unwrap(),
                subscription: None,
                charge_due,
                amount: None,
                currency: Currency::parse("usd").unwrap(),
                description: None,
                update_url: None,
            }),
            ..failed(&customer, &paid, "x")
        };
        let removed = server
            .post("/v1/payment_methods/pm_card_visa/attach", &[("customer", &customer)])
            .await
            .ok()
            .id();
        server.post(&format!("/v1/payment_methods/{removed}/detach"), &[]).await.ok();
        for (notice, want) in [
            (failed(&customer, &paid, "x"), json!("paid")),
            (failed(&customer, &canceled, "x"), json!("canceled")),
            (expiring(1_795_341_783, &method), json!("card_updated")),
            (expiring(FAR, &removed), json!("card_removed")),
            (expiring(FAR, &method), json!(null)),
        ] {
            assert!(tell(&server, notice, true).await);
            work(&server).await;
            let told = listed(&server).await.remove(0);
            assert_eq!(told["reason"], want, "{told}");
            assert_eq!(told["status"], if want.is_null() { "sent" } else { "suppressed" });
        }
        assert_eq!(std::mem::take(&mut post.lock().came).len(), 1);
    }
}

#[tokio::test]
async fn erasing_a_customer_shreds_what_was_told_and_stops_what_waits() {
    let (post, settings) = Post::start().await;
    for server in servers_with(&settings).await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let asked = [
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("receipt_email", "secret-address@example.com"),
        ];
        pay(&server, &asked).await.ok();
        work(&server).await;
        pay(&server, &asked).await.ok();
        let rows =
            server.app.db.read().await.unwrap().query("SELECT sealed FROM notices", &[]).await.unwrap();
        for row in &rows {
            let sealed = row.bytes("sealed").unwrap();
            assert!(!sealed.windows(6).any(|window| window == b"secret"), "kept in clear");
        }
        send(server.with(&server.merchant.secret, "DELETE", &format!("/v1/customers/{customer}"), &[]))
            .await
            .ok();
        work(&server).await;
        let left = listed(&server).await;
        let states: Vec<_> = left.iter().map(|n| (&n["status"], &n["reason"], &n["recipient"])).collect();
        let none = json!(null);
        assert_eq!(
            states,
            [(&json!("suppressed"), &json!("customer_erased"), &none), (&json!("sent"), &none, &none)]
        );
        assert_eq!(std::mem::take(&mut post.lock().came).len(), 1);
    }
}
