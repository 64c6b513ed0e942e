//! 3-D Secure: what waits at the issuer goes on waiting until it is answered, withdrawn or canceled.

use std::time::Duration;

use onfile_core::ids::{Id, PaymentIntentId, SetupIntentId};
use onfile_server::payments::{Cause, intents, resolve, setups};
use serde_json::json;

use crate::support::{Reply, Server, servers, servers_with};

const SHORT: &str = "[processing]\nlease_ms = 300\nabsent_is_final_after_ms = 100\ncheck_delay_max_ms = 10\n";

async fn waiting(server: &Server, what: &str) -> Reply {
    let customer = server.post("/v1/customers", &[]).await.ok().id();
    let mut pairs = vec![
        ("confirm", "true"),
        ("customer", customer.as_str()),
        ("payment_method", "pm_card_authenticationRequired"),
        ("return_url", "https://shop.example/done"),
    ];
    if what == "payment_intents" {
        pairs.extend([("amount", "2900"), ("currency", "usd")]);
    }
    let made = server.post(&format!("/v1/{what}"), &pairs).await.ok();
    assert_eq!(made.at("status"), "requires_action", "{}", made.body);
    made
}

/// The customer is back from the issuer, as often as they like.
async fn come_back(server: &Server, id: &str) {
    let cause = Cause::worker(server.merchant.account.clone());
    // What matters is how the intent stands afterwards.
    if let Some(id) = PaymentIntentId::parse(id) {
        drop(intents::returned(&server.app, &cause, &id).await);
    } else {
        drop(setups::returned(&server.app, &cause, &SetupIntentId::parse(id).unwrap()).await);
    }
}

#[tokio::test]
async fn who_comes_back_while_nothing_can_be_sent_comes_back_again() {
    for what in ["payment_intents", "setup_intents"] {
        for server in servers().await {
            let id = waiting(&server, what).await.id();
            let path = format!("/v1/{what}/{id}");
            server.vault.lock().unwrap().down = true;
            come_back(&server, &id).await;
            let kept = server.get(&path, &[]).await.ok();
            assert_eq!(kept.at("status"), "requires_action", "{what}: {}", kept.body);
            assert!(kept.text("next_action/redirect_to_url/url").contains("/challenge/"));
            server.vault.lock().unwrap().down = false;
            come_back(&server, &id).await;
            assert_eq!(server.get(&path, &[]).await.ok().at("status"), "succeeded", "{what}");
            come_back(&server, &id).await;
            assert_eq!(server.get(&path, &[]).await.ok().at("status"), "succeeded", "{what}");
        }
    }
}

#[tokio::test]
async fn a_return_that_never_arrived_leaves_the_challenge_waiting() {
    for what in ["payment_intents", "setup_intents"] {
        for server in servers_with(SHORT).await {
            let id = waiting(&server, what).await.id();
            let path = format!("/v1/{what}/{id}");
            server.vault.lock().unwrap().never_arrives = true;
            come_back(&server, &id).await;
            let mut read = server.get(&path, &[]).await.ok();
            assert_eq!(read.at("status"), "processing", "{what}");
            for _ in 0..100 {
                if read.at("status") != "processing" {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                resolve::once(&server.app).await.unwrap();
                read = server.get(&path, &[]).await.ok();
            }
            assert_eq!(read.at("status"), "requires_action", "{what}: {}", read.body);
            server.vault.lock().unwrap().never_arrives = false;
            come_back(&server, &id).await;
            assert_eq!(server.get(&path, &[]).await.ok().at("status"), "succeeded", "{what}");
        }
    }
}

#[tokio::test]
async fn a_cancellation_that_could_not_be_sent_is_forgotten() {
    for what in ["payment_intents", "setup_intents"] {
        for server in servers().await {
            let id = waiting(&server, what).await.id();
            let path = format!("/v1/{what}/{id}");
            server.vault.lock().unwrap().down = true;
            let refused = server.post(&format!("{path}/cancel"), &[]).await;
            assert_eq!(refused.status, 503, "{what}: {}", refused.body);
            server.vault.lock().unwrap().down = false;
            let kept = server.get(&path, &[]).await.ok();
            assert_eq!(kept.at("cancellation_reason"), json!(null), "{what}");
            // Confirming anew withdraws what waits; it does not cancel.
            let confirm = [("payment_method", "pm_card_visa")];
            let confirmed = server.post(&format!("{path}/confirm"), &confirm).await.ok();
            assert_eq!(confirmed.at("status"), "succeeded", "{what}");
        }
    }
}
