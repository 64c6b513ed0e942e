//! Idempotency keys.

use onfile_server::wire::idempotency::{Claim, request_hash};
use onfile_service::binds;
use serde_json::json;

use crate::support::{form, merchant, send, servers, servers_with};

/// As if the holders of all keys had been at it for long enough.
const END_LEASE: &str = "UPDATE idempotency_keys SET working_until = $1 WHERE state = 'working'";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_identical_requests_at_once_have_one_effect() {
    const AT_ONCE: usize = 200;
    for server in servers().await {
        let request = || {
            server
                .with(&server.merchant.secret, "POST", "/v1/customers", &[("name", "once")])
                .header("idempotency-key", "k")
        };
        let sent: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(send(request()))).collect();
        let mut good = Vec::new();
        for reply in sent {
            let reply = reply.await.unwrap();
            match reply.status {
                200 => good.push(reply.id()),
                409 => assert_eq!(reply.at("error/code"), "idempotency_key_in_use"),
                other => panic!("{other}: {}", reply.body),
            }
        }
        assert!(!good.is_empty());
        assert!(good.iter().all(|id| *id == good[0]));
        let list = server.get("/v1/customers", &[("limit", "100")]).await.ok();
        assert_eq!(list.at("data").as_array().unwrap().len(), 1);
        let events = server.get("/v1/events", &[]).await.ok();
        assert_eq!(events.at("data").as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_identical_payments_at_once_charge_once() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let pairs = [
            ("amount", "2900"),
            ("currency", "usd"),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("confirm", "true"),
        ];
        let request = || {
            server
                .with(&server.merchant.secret, "POST", "/v1/payment_intents", &pairs)
                .header("idempotency-key", "pay")
        };
        let sent: Vec<_> = (0..100).map(|_| tokio::spawn(send(request()))).collect();
        for reply in sent {
            let reply = reply.await.unwrap();
            assert!(matches!(reply.status, 200 | 409), "{}: {}", reply.status, reply.body);
        }
        assert_eq!(server.vault.lock().unwrap().forwarded.len(), 1);
        let replay = send(request()).await.ok();
        assert_eq!(replay.header("idempotent-replayed"), Some("true"));
        assert_eq!(replay.at("status"), "succeeded");
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_word_for_word() {
    for server in servers().await {
        let first = server.post_once("a", "/v1/customers", &[("name", "one")]).await.ok();
        assert_eq!(first.header("idempotent-replayed"), None);
        server.post(&format!("/v1/customers/{}", first.id()), &[("name", "changed")]).await.ok();
        let second = server.post_once("a", "/v1/customers", &[("name", "one")]).await.ok();
        assert_eq!(second.header("idempotent-replayed"), Some("true"));
        assert_eq!(second.body, first.body);
    }
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_account() {
    for server in servers().await {
        let first = server.post_once("a", "/v1/customers", &[("name", "one")]).await.ok();
        for (path, pairs) in [
            ("/v1/customers".to_owned(), vec![("name", "two")]),
            (format!("/v1/customers/{}", first.id()), vec![("name", "one")]),
            ("/v1/customers?expand[]=test_clock".to_owned(), vec![("name", "one")]),
        ] {
            let refused = server.post_once("a", &path, &pairs).await;
            assert_eq!(
                (refused.status, refused.at("error/type")),
                (400, json!("idempotency_error")),
                "{path}"
            );
        }
        let other = merchant(&server.app, "Other", false).await;
        let request = server.with(&other.secret, "POST", "/v1/customers", &[("name", "two")]);
        let theirs = send(request.header("idempotency-key", "a")).await.ok();
        assert_ne!(theirs.id(), first.id());
        assert_eq!(theirs.header("idempotent-replayed"), None);
    }
}

#[tokio::test]
async fn refusals_and_outages_are_not_kept_and_declines_are() {
    for server in servers().await {
        let wrong = server.post_once("a", "/v1/customers", &[("email", "nonsense")]).await;
        assert_eq!(wrong.status, 400);
        server.post_once("a", "/v1/customers", &[("email", "good@example.com")]).await.ok();

        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        let pay = [
            ("amount", "100"),
            ("currency", "usd"),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("confirm", "true"),
        ];
        server.vault.lock().unwrap().down = true;
        let outage = server.post_once("b", "/v1/payment_intents", &pay).await;
        assert_eq!(outage.status, 503, "{}", outage.body);
        assert_eq!(outage.header("stripe-should-retry"), Some("true"));
        assert!(outage.header("retry-after").is_some());
        server.vault.lock().unwrap().down = false;
        let paid = server.post_once("b", "/v1/payment_intents", &pay).await.ok();
        assert_eq!(paid.at("status"), "succeeded");

        let (customer, method) = server.customer_with_card("pm_card_chargeDeclined").await;
        let decline = [
            ("amount", "100"),
            ("currency", "usd"),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("confirm", "true"),
        ];
        let declined = server.post_once("c", "/v1/payment_intents", &decline).await;
        assert_eq!(declined.status, 402, "{}", declined.body);
        let again = server.post_once("c", "/v1/payment_intents", &decline).await;
        assert_eq!((again.status, &again.body), (402, &declined.body));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
}

#[tokio::test]
async fn a_key_whose_holder_died_answers_with_its_object_once_the_lease_is_over() {
    for server in servers().await {
        let customer = server.post("/v1/customers", &[("name", "before")]).await.ok().id();
        let path = format!("/v1/customers/{customer}");
        let pairs = [("name", "after")];
        let account = &server.merchant.account.id;
        let hash = request_hash(account, "POST", &path, form(&pairs).as_bytes());
        let kind = onfile_server::store::api_keys::KeyKind::Secret;
        for (key, over, want) in [("running", false, 409), ("over", true, 200)] {
            let claim = Claim::new(account.clone(), key.to_owned(), kind, hash, server.app.ids.next());
            let mut tx = server.app.db.begin().await.unwrap();
            claim.start(&mut tx, &server.app, &customer).await.unwrap();
            if over {
                tx.execute(END_LEASE, binds![server.app.now_ms()]).await.unwrap();
            }
            tx.commit().await.unwrap();
            let reply = server.post_once(key, &path, &pairs).await;
            assert_eq!(reply.status, want, "{key}: {}", reply.body);
        }
        let stored = server.post_once("over", &path, &pairs).await.ok();
        assert_eq!(stored.at("name"), "before", "the work was not done a second time");
        assert_eq!(stored.header("idempotent-replayed"), Some("true"));
    }
}

#[tokio::test]
async fn a_key_is_held_for_longer_than_two_calls_to_the_vault_and_a_lease_take() {
    for server in servers_with("[processing]\nlease_ms = 700\n").await {
        let account = server.merchant.account.id.clone();
        let kind = onfile_server::store::api_keys::KeyKind::Secret;
        let claim = Claim::new(account, "k".to_owned(), kind, [0; 32], server.app.ids.next());
        let mut tx = server.app.db.begin().await.unwrap();
        claim.start(&mut tx, &server.app, "cus_1").await.unwrap();
        let held = "SELECT working_until - created AS ms FROM idempotency_keys";
        assert_eq!(tx.query_one(held, &[]).await.unwrap().int("ms").unwrap(), 2 * 5_000 + 700);
    }
}

#[tokio::test]
async fn a_browser_is_shown_no_more_than_its_part_also_in_the_place_of_a_dead_request() {
    for server in servers().await {
        let pairs = [("amount", "100"), ("currency", "usd"), ("metadata[secret]", "margin")];
        let intent = server.post("/v1/payment_intents", &pairs).await.ok();
        let path = format!("/v1/payment_intents/{}/confirm", intent.id());
        let secret = intent.text("client_secret");
        let pairs = [("client_secret", secret.as_str()), ("payment_method", "pm_card_visa")];
        let account = &server.merchant.account.id;
        let hash = request_hash(account, "POST", &path, form(&pairs).as_bytes());
        let kind = onfile_server::store::api_keys::KeyKind::Publishable;
        let claim = Claim::new(account.clone(), "b".to_owned(), kind, hash, server.app.ids.next());
        let mut tx = server.app.db.begin().await.unwrap();
        claim.start(&mut tx, &server.app, &intent.id()).await.unwrap();
        tx.execute(END_LEASE, binds![server.app.now_ms()]).await.unwrap();
        tx.commit().await.unwrap();
        let request = server.with(&server.merchant.publishable, "POST", &path, &pairs);
        let shown = send(request.header("idempotency-key", "b")).await.ok();
        assert_eq!((shown.at("id"), shown.at("metadata")), (intent.at("id"), json!({})));
    }
}

#[tokio::test]
async fn stored_answers_are_sealed_and_die_with_their_customer() {
    for server in servers().await {
        let made = server.post_once("a", "/v1/customers", &[("name", "Unmistakable Name")]).await.ok();
        let mut tx = server.app.db.read().await.unwrap();
        let rows = tx.query("SELECT sealed FROM idempotency_keys", &[]).await.unwrap();
        assert_eq!(rows.len(), 1);
        let sealed = rows[0].bytes("sealed").unwrap();
        drop(tx);
        assert!(!String::from_utf8_lossy(&sealed).contains("Unmistakable"));
        let path = format!("/v1/customers/{}", made.id());
        send(server.with(&server.merchant.secret, "DELETE", &path, &[])).await.ok();
        let after = server.post_once("a", "/v1/customers", &[("name", "Unmistakable Name")]).await;
        assert_eq!((after.status, after.at("error/type")), (400, json!("idempotency_error")));
    }
}

#[tokio::test]
async fn keys_that_are_none_are_refused() {
    for server in servers().await {
        for key in ["", " ", &"k".repeat(256)] {
            let refused = server.post_once(key, "/v1/customers", &[]).await;
            assert_eq!(
                (refused.status, refused.at("error/type")),
                (400, json!("idempotency_error")),
                "{key:?}"
            );
        }
        server.post_once(&"k".repeat(255), "/v1/customers", &[]).await.ok();
    }
}
