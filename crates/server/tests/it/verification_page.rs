//! The page on which a bank account's holder tells the two amounts: who may open it, and that one press is one guess.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use crate::support::bank::{AGREED, BANK, typed};
use crate::support::pages::{OURS, open, page, post};
use crate::support::{Reply, Server, merchant, servers};

/// What the test bank sends.
const RIGHT: [(&str, &str); 2] = [("first", "32"), ("second", "45")];
const WRONG: [(&str, &str); 2] = [("first", "1"), ("second", "2")];

/// A set-up or payment that waits for the amounts, and the path of its page.
async fn waiting(server: &Server, kind: &str) -> (Reply, String) {
    let source = typed(server);
    let mut pairs = vec![BANK, ("confirm", "true"), ("payment_method", source.as_str())];
    pairs.extend(AGREED);
    if kind == "payment_intents" {
        pairs.extend([("amount", "2900"), ("currency", "usd")]);
    }
    let intent = server.post(&format!("/v1/{kind}"), &pairs).await.ok();
    let url = intent.text("next_action/verify_with_microdeposits/hosted_verification_url");
    (intent, url.strip_prefix(OURS).unwrap().to_owned())
}

async fn guess(server: &Server, path: &str, attempt: &str, amounts: &[(&str, &str)]) -> String {
    let pressed = post(server, path, OURS, &[&[("attempt", attempt)], amounts].concat()).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    page(&open(server, pressed.header("location").unwrap()).await)
}

async fn status(server: &Server, kind: &str, intent: &Reply) -> Value {
    server.get(&format!("/v1/{kind}/{}", intent.id()), &[]).await.ok().at("status")
}

#[tokio::test]
async fn the_right_amounts_verify_a_setup_and_a_payment() {
    for server in servers().await {
        for (kind, after) in [("setup_intents", "succeeded"), ("payment_intents", "processing")] {
            let (intent, path) = waiting(&server, kind).await;
            let reply = open(&server, &path).await;
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            let text = page(&reply);
            for part in ["TEST BANK •••• 6789", "First amount", "20 November 2026", "Shop"] {
                assert!(text.contains(part), "{part} in {text}");
            }
            for amounts in [
                &[("first", "32")][..],
                &[("first", "32"), ("second", "100")],
                &[("first", "x"), ("second", "1")],
            ] {
                assert!(guess(&server, &path, "a", amounts).await.contains("Please enter both amounts"));
            }
            assert!(guess(&server, &path, "b", &WRONG).await.contains("These are not the amounts"));
            assert_eq!(status(&server, kind, &intent).await, "requires_action");
            assert!(guess(&server, &path, "c", &RIGHT).await.contains("Your bank account is confirmed"));
            assert_eq!(status(&server, kind, &intent).await, after);
            let text = page(&open(&server, &format!("{path}?problem=mismatch")).await);
            assert!(!text.contains("<form") && !text.contains("not the amounts"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_press_is_one_guess_however_often_its_form_comes() {
    for server in servers().await {
        let (_, path) = waiting(&server, "setup_intents").await;
        let before = server.charges();
        let once = || guess(&server, &path, "press", &WRONG);
        let (first, second) = tokio::join!(once(), once());
        for text in [first, second, once().await] {
            assert!(text.contains("First amount"), "{text}");
        }
        assert_eq!(server.charges(), before + 1);
    }
}

#[tokio::test]
async fn too_many_guesses_close_the_page() {
    for server in servers().await {
        let (intent, path) = waiting(&server, "setup_intents").await;
        let text = guess(&server, &path, "a", &[("first", "10"), ("second", "11")]).await;
        assert!(text.contains("cannot be confirmed here any more") && !text.contains("<form"), "{text}");
        assert_eq!(status(&server, "setup_intents", &intent).await, "requires_payment_method");
    }
}

#[tokio::test]
async fn the_address_is_a_secret_and_forms_come_from_our_own_pages() {
    for server in servers().await {
        let (intent, path) = waiting(&server, "setup_intents").await;
        let other = merchant(&server.app, "Other", false).await.account;
        let tail = |id: &str| id.split_once('_').unwrap().1.to_owned();
        let theirs = path.replace(&tail(server.merchant.account.id.as_str()), &tail(other.id.as_str()));
        let last = path.chars().last().unwrap();
        let wrong = format!("{}{}", &path[..path.len() - 1], if last == 'a' { 'b' } else { 'a' });
        for path in [theirs, wrong, format!("{path}a"), "/verify/x".into(), "/verify/a_b_secret_c".into()] {
            assert_eq!(open(&server, &path).await.status, 404, "{path}");
            assert_eq!(post(&server, &path, OURS, &RIGHT).await.status, 404, "{path}");
        }
        let forged =
            post(&server, &path, "https://evil.example", &[("attempt", "a"), RIGHT[0], RIGHT[1]]).await;
        assert_eq!(forged.status, 403);
        assert_eq!(status(&server, "setup_intents", &intent).await, json!("requires_action"));
    }
}
