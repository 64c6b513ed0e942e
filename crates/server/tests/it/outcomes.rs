//! What becomes of operations whose outcome was not known at first (M1), and of what they leave behind.

use std::time::Duration;

use onfile_core::ids::{Id, PaymentMethodId};
use onfile_server::payments::{destroy, resolve};
use serde_json::json;

use crate::support::{Reply, Server, send, servers, servers_with};

/// Times so short that a test can wait for them.
const SHORT: &str = "[processing]\nlease_ms = 300\nabsent_is_final_after_ms = 100\ncheck_delay_max_ms = 10\n";
/// The same, with a lease in which a slow machine, too, gets to send.
const UNHURRIED: &str =
    "[processing]\nlease_ms = 1500\nabsent_is_final_after_ms = 100\ncheck_delay_max_ms = 10\n";
/// How often a worker looks before a test gives up: generous, since only a failure waits for it.
const LOOKS: usize = 1_500;

async fn pay(server: &Server, extra: &[(&str, &str)]) -> Reply {
    let mut pairs = vec![("amount", "2900"), ("currency", "usd"), ("confirm", "true")];
    pairs.extend_from_slice(extra);
    server.post("/v1/payment_intents", &pairs).await
}

/// Lets the worker look until the object is no longer in this status.
async fn while_it_is(server: &Server, status: &str, path: &str) -> Reply {
    for _ in 0..LOOKS {
        let read = server.get(path, &[]).await.ok();
        if read.at("status") != status {
            return read;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        resolve::once(&server.app).await.unwrap();
    }
    panic!("{path} is {status} for ever");
}

async fn settled(server: &Server, intent: &Reply) -> Reply {
    while_it_is(server, "processing", &format!("/v1/payment_intents/{}", intent.id())).await
}

#[tokio::test]
async fn an_answer_that_the_worker_gets_counts_also_when_a_security_code_went_along() {
    for server in servers_with(UNHURRIED).await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        {
            let mut vault = server.vault.lock().unwrap();
            vault.carries_cvc = true;
            // The sender hears nothing until its lease is long over.
            vault.stall = Some(Duration::from_secs(4));
        }
        let pairs = [
            ("amount", "2900"),
            ("currency", "usd"),
            ("confirm", "true"),
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
        ];
        let sender = server.with(&server.merchant.secret, "POST", "/v1/payment_intents", &pairs);
        let sender = tokio::spawn(send(sender));
        let mut status = json!(null);
        for _ in 0..LOOKS {
            // Beyond the lease the worker looks it up: older than any processor's silence is believed for.
            tokio::time::sleep(Duration::from_millis(20)).await;
            resolve::once(&server.app).await.unwrap();
            status = server.get("/v1/payment_intents", &[]).await.ok().at("data/0/status");
            if status == "succeeded" {
                break;
            }
        }
        assert_eq!(status, "succeeded");
        assert_eq!(sender.await.unwrap().ok().at("status"), "succeeded");
        assert_eq!(server.vault.lock().unwrap().forwarded.len(), 1);
    }
}

#[tokio::test]
async fn a_payment_that_cannot_be_sent_again_since_its_card_is_gone_comes_to_an_end() {
    for server in servers_with(SHORT).await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        server.vault.lock().unwrap().never_arrives = true;
        let intent = pay(&server, &[("customer", &customer), ("payment_method", &method)]).await.ok();
        assert_eq!(intent.at("status"), "processing");
        server.vault.lock().unwrap().never_arrives = false;
        server.post(&format!("/v1/payment_methods/{method}/detach"), &[]).await.ok();
        destroy::once(&server.app).await.unwrap();
        let ended = settled(&server, &intent).await;
        assert_eq!(ended.at("status"), "requires_payment_method");
        assert_eq!(server.vault.lock().unwrap().forwarded.len(), 0);
    }
}

#[tokio::test]
async fn a_payment_with_an_answer_that_nobody_can_read_comes_to_an_end() {
    for server in servers_with(SHORT).await {
        server.vault.lock().unwrap().unreadable = true;
        let intent = pay(&server, &[("payment_method", "pm_card_visa")]).await.ok();
        assert_eq!(intent.at("status"), "processing");
        assert_eq!(settled(&server, &intent).await.at("status"), "requires_payment_method");
    }
}

#[tokio::test]
async fn a_payment_that_never_arrived_is_sent_again_and_paid_once() {
    for server in servers_with(SHORT).await {
        server.vault.lock().unwrap().never_arrives = true;
        let intent = pay(&server, &[("payment_method", "pm_card_visa")]).await.ok();
        server.vault.lock().unwrap().never_arrives = false;
        assert_eq!(settled(&server, &intent).await.at("status"), "succeeded");
        assert_eq!(server.vault.lock().unwrap().forwarded.len(), 1);
    }
}

#[tokio::test]
async fn a_card_that_is_removed_while_the_outcome_is_not_known_stays_removed() {
    for server in servers_with(SHORT).await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        server.vault.lock().unwrap().lose_answers = true;
        let asked = [
            ("customer", customer.as_str()),
            ("payment_method", method.as_str()),
            ("setup_future_usage", "off_session"),
        ];
        let intent = pay(&server, &asked).await.ok();
        let path = format!("/v1/payment_methods/{method}");
        server.post(&format!("{path}/detach"), &[]).await.ok();
        server.vault.lock().unwrap().lose_answers = false;
        assert_eq!(settled(&server, &intent).await.at("status"), "succeeded");
        assert_eq!(server.get(&path, &[]).await.ok().at("customer"), json!(null));
        let again = server.post(&format!("{path}/attach"), &[("customer", &customer)]).await;
        assert_eq!(again.status, 400, "{}", again.body);
    }
}

#[tokio::test]
async fn a_deleted_customer_is_given_no_card_by_a_payment_that_ends_later() {
    for server in servers_with(SHORT).await {
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        server.vault.lock().unwrap().lose_answers = true;
        let asked = [
            ("customer", customer.as_str()),
            ("payment_method", "pm_card_visa"),
            ("setup_future_usage", "off_session"),
        ];
        let intent = pay(&server, &asked).await.ok();
        let path = format!("/v1/customers/{customer}");
        send(server.with(&server.merchant.secret, "DELETE", &path, &[])).await.ok();
        server.vault.lock().unwrap().lose_answers = false;
        let paid = settled(&server, &intent).await;
        assert_eq!(paid.at("status"), "succeeded");
        let method = paid.text("payment_method");
        let read = server.get(&format!("/v1/payment_methods/{method}"), &[]).await.ok();
        assert_eq!(read.at("customer"), json!(null));
        destroy::once(&server.app).await.unwrap();
        let method = PaymentMethodId::parse(&method).unwrap();
        assert!(server.vault.lock().unwrap().destroyed.contains(&method));
    }
}

#[tokio::test]
async fn a_refund_that_comes_to_nothing_tells_of_the_charge_as_it_is_again() {
    for server in servers().await {
        let paid = pay(&server, &[("payment_method", "pm_card_visa")]).await.ok();
        server.vault.lock().unwrap().down = true;
        let refused = server.post("/v1/refunds", &[("payment_intent", &paid.id())]).await;
        assert_eq!(refused.status, 503, "{}", refused.body);
        let events = server.get("/v1/events", &[("type", "charge.updated")]).await.ok();
        assert_eq!(events.at("data/0/data/object/amount_refunded"), json!(0));
        assert_eq!(events.at("data/0/data/object/id"), paid.at("latest_charge"));
    }
}

#[tokio::test]
async fn a_number_that_the_vault_refuses_to_destroy_holds_up_no_other() {
    for server in servers().await {
        let (_, first) = server.customer_with_card("pm_card_visa").await;
        let (_, second) = server.customer_with_card("pm_card_visa").await;
        let ids = [&first, &second].map(|id| PaymentMethodId::parse(id).unwrap());
        server.vault.lock().unwrap().indestructible = Some(ids[0].clone());
        for method in [&first, &second] {
            server.post(&format!("/v1/payment_methods/{method}/detach"), &[]).await.ok();
        }
        destroy::once(&server.app).await.unwrap();
        assert_eq!(server.vault.lock().unwrap().destroyed, [ids[1].clone()]);
        server.vault.lock().unwrap().indestructible = None;
        for _ in 0..LOOKS {
            tokio::time::sleep(Duration::from_millis(100)).await;
            destroy::once(&server.app).await.unwrap();
            if server.vault.lock().unwrap().destroyed.len() == 2 {
                break;
            }
        }
        assert_eq!(server.vault.lock().unwrap().destroyed, [ids[1].clone(), ids[0].clone()]);
    }
}

#[tokio::test]
async fn a_token_whose_redemption_was_lost_is_redeemed_again_as_the_same_method() {
    for server in servers().await {
        let digits = server.app.ids.next::<PaymentMethodId>().as_str().replace("pm_", "");
        let token = format!("tok_{digits}");
        crate::support::vault::fresh_source(&server.vault, &token);
        let lost = format!("pm_{digits}");
        // As if we had died between the vault's answer and our commit.
        let redeem = onfile_core::vault_contract::Redeem {
            account: server.merchant.account.id.clone(),
            source: token.clone(),
            method: PaymentMethodId::parse(&lost).unwrap(),
        };
        server.app.vault.redeem(&redeem).await.unwrap();
        let paid = pay(&server, &[("payment_method", &token)]).await.ok();
        assert_eq!((paid.at("status"), paid.at("payment_method")), (json!("succeeded"), json!(lost)));
        let again = pay(&server, &[("payment_method", &token)]).await;
        assert_eq!((again.status, again.at("error/code")), (400, json!("token_already_used")));
    }
}

#[tokio::test]
async fn a_token_is_good_for_the_same_request_again_when_nothing_was_sent() {
    for server in servers().await {
        for what in ["payment_intents", "setup_intents"] {
            let token = server.app.ids.next::<PaymentMethodId>().as_str().replace("pm_", "tok_");
            crate::support::vault::fresh_source(&server.vault, &token);
            let path = format!("/v1/{what}");
            let mut pairs = vec![("confirm", "true"), ("payment_method", token.as_str())];
            if what == "payment_intents" {
                pairs.extend([("amount", "2900"), ("currency", "usd")]);
            }
            server.vault.lock().unwrap().sends_nothing = true;
            assert_eq!(server.post_once(what, &path, &pairs).await.status, 503);
            server.vault.lock().unwrap().sends_nothing = false;
            let done = server.post_once(what, &path, &pairs).await.ok();
            assert_eq!(done.at("status"), "succeeded");
            let again = server.post_once("other", &path, &pairs).await;
            assert_eq!((again.status, again.at("error/code")), (400, json!("token_already_used")));
        }
    }
}

#[tokio::test]
async fn metadata_that_grows_beyond_fifty_keys_is_refused() {
    for server in servers().await {
        let intent = server.post("/v1/payment_intents", &[("amount", "100"), ("currency", "usd")]).await.ok();
        let path = format!("/v1/payment_intents/{}", intent.id());
        let names: Vec<String> = (0..51).map(|n| format!("metadata[k{n}]")).collect();
        let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
        server.post(&path, &pairs[..50]).await.ok();
        let over = server.post(&path, &pairs[50..]).await;
        assert_eq!((over.status, over.at("error/param")), (400, json!("metadata")), "{}", over.body);
        let kept = server.get(&path, &[]).await.ok();
        assert_eq!(kept.at("metadata").as_object().unwrap().len(), 50);
        server.post(&path, &[("metadata[k0]", ""), ("metadata[k50]", "v")]).await.ok();
    }
}
