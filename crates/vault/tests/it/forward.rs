//! What reaches the processor: the card at its place, the code once, and nothing else of it anywhere.

use serde_json::{Value, json};

use crate::processor::Reply;
use crate::world::{ACCOUNT, AMEX, CVC, LIVE, OTHER, PROCESSOR_CREDENTIAL, VISA, worlds};

#[tokio::test]
async fn a_card_goes_from_the_form_to_its_place_at_the_processor() {
    for world in worlds().await {
        let token = world.token(VISA).await;
        let resolved = world.resolve(&token).await.json();
        assert_eq!(resolved["details"]["last4"], "4242");
        let method = world.method_id();
        let redeemed = world.redeem(&token, &method).await.json();
        assert_eq!(redeemed, resolved);
        let order = world.payment(&method, true);
        let answer = world.forward(&order).await.json();
        assert_eq!(answer["result"], "answered");
        assert_eq!(
            (answer["carried_cvc"].as_bool(), answer["body"]["status"].as_str()),
            (Some(true), Some("captured"))
        );
        let seen = world.processor.seen().remove(0);
        let mut want = order["body"].clone();
        want["card"] =
            json!({"number": VISA, "exp_month": 12, "exp_year": 2031, "cvc": CVC, "name": "Ann Example"});
        assert_eq!(seen.body, want);
        assert_eq!(seen.uri, "/v1/payments");
        assert_eq!(seen.headers["authorization"], format!("Bearer {PROCESSOR_CREDENTIAL}"));
        assert_eq!(seen.headers["sandbox-merchant"], ACCOUNT);
        assert_eq!(seen.headers["idempotency-key"], order["key"].as_str().unwrap());
    }
}

#[tokio::test]
async fn a_security_code_goes_out_once_and_never_again() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        assert_eq!(world.resolve(&method).await.json()["details"]["cvc_held"], true);
        for want in [Some(CVC), None, None] {
            world.forward(&world.payment(&method, true)).await;
            let seen = world.processor.seen().pop().unwrap();
            assert_eq!(seen.body["card"]["cvc"].as_str(), want);
            assert_eq!(world.resolve(&method).await.json()["details"]["cvc_held"], false);
        }
    }
}

#[tokio::test]
async fn an_order_that_carried_a_code_is_never_sent_again() {
    for world in worlds().await {
        for reply in [Reply::Drop, Reply::Hang, Reply::Json(500, json!({}))] {
            let method = world.kept(VISA).await;
            let order = world.payment(&method, true);
            let before = world.processor.count();
            world.processor.next(reply);
            for _ in 0..3 {
                let answer = world.forward(&order).await.json();
                assert_eq!(
                    (answer["result"].as_str(), answer["carried_cvc"].as_bool()),
                    (Some("no_answer"), Some(true))
                );
            }
            assert_eq!(world.processor.count(), before + 1);
            assert_eq!(world.recorded(&order).await, Some((1, false, true)));
        }
    }
}

#[tokio::test]
async fn an_authorisation_without_the_code_uses_it_up_too() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        world.forward(&world.payment(&method, false)).await;
        world.forward(&world.payment(&method, true)).await;
        assert!(world.processor.seen().iter().all(|seen| seen.body["card"].get("cvc").is_none()));
    }
}

#[tokio::test]
async fn a_code_that_waited_fifteen_minutes_is_gone() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        world.pass_minutes(15);
        let answer = world.forward(&world.payment(&method, true)).await.json();
        assert_eq!(answer["carried_cvc"], false);
        assert!(world.processor.seen()[0].body["card"].get("cvc").is_none());
    }
}

#[tokio::test]
async fn the_caller_cannot_choose_where_the_number_goes_or_to_whom() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let changes: Vec<(&str, Value)> = vec![
            ("processor", json!("evil")),
            ("processor", json!("http://evil.example")),
            ("path", json!("/v1/customers")),
            ("path", json!("/faults")),
            ("path", json!("@evil.example/v1/payments")),
            ("path", json!(".evil.example/v1/payments")),
            ("path", json!("/v1/payments?to=evil")),
            ("path", json!("/v1/payments/../payments")),
            ("path", json!("/v1/payments/pay_1/captures")),
            ("method", json!("GET")),
            ("body", json!({"card": {"description": "{{number}}"}})),
            ("body", json!({"CARD": 1})),
            ("body", json!([])),
            ("body", json!({"description": "4242 4242 4242 4242"})),
            ("body", json!({"metadata": {"a": [4_242_424_242_424_242_i64]}})),
            ("instrument", json!(null)),
        ];
        for (member, value) in changes {
            let mut order = world.payment(&method, false);
            order[member] = value.clone();
            let refused = world.forward(&order).await;
            assert_eq!((refused.status, refused.code().as_str()), (403, "not_allowed"), "{member} = {value}");
            assert_eq!(world.recorded(&order).await, None);
        }
        // A bank account has no place where cards go.
        let bank = world.method_id();
        assert_eq!(world.redeem("pm_usBankAccount_success", &bank).await.status, 200);
        assert_eq!(world.forward(&world.payment(&bank, false)).await.code(), "not_allowed");
        // A serial number that passes Luhn is none of a card's business.
        let mut order = world.payment(&method, false);
        order["body"]["reference"] = json!("1234567890123452");
        assert_eq!(world.forward(&order).await.json()["result"], "answered");
        assert_eq!(world.processor.count(), 1);
    }
}

#[tokio::test]
async fn a_bank_account_goes_to_its_place_and_its_echo_comes_back_masked() {
    const NUMBER: &str = "000222222227";
    for world in worlds().await {
        let method = world.method_id();
        assert_eq!(world.redeem("pm_usBankAccount_insufficientFunds", &method).await.status, 200);
        let mut order = world.payment(&method, false);
        order["path"] = json!("/v1/debits");
        world.processor.next(Reply::Echo);
        let answer = world.forward(&order).await;
        assert_eq!(answer.json()["result"], "answered");
        let seen = world.processor.seen().remove(0);
        let mut want = order["body"].clone();
        want["bank_account"] = json!({
            "routing_number": "110000000", "account_number": NUMBER, "account_holder_type": "individual",
            "account_type": "checking",
        });
        assert_eq!((seen.uri.to_string().as_str(), &seen.body), ("/v1/debits", &want));
        assert!(!answer.text.contains("22222") && answer.text.contains("2227"), "{}", answer.text);
        // A card has no place where bank accounts go.
        let card = world.kept(VISA).await;
        let mut order = world.payment(&card, false);
        order["path"] = json!("/v1/debits");
        assert_eq!(world.forward(&order).await.code(), "not_allowed");
        assert_eq!(world.processor.count(), 1);
    }
}

#[tokio::test]
async fn echoes_of_the_card_are_masked_before_they_are_stored_or_given() {
    for world in worlds().await {
        let method = world.kept(AMEX).await;
        let order = world.payment(&method, true);
        world.processor.next(Reply::Echo);
        let answer = world.forward(&order).await;
        assert_eq!(world.processor.seen()[0].body["card"]["cvc"], "7373");
        let mut tx = world.db.read().await.unwrap();
        let stored = tx.query_one("SELECT answer FROM orders", &[]).await.unwrap().text("answer").unwrap();
        for text in [&answer.text, &stored] {
            assert!(text.contains("***********0005"), "{text}");
            assert!(!text.contains(AMEX) && !text.contains("7373"), "{text}");
        }
        assert_eq!(answer.json()["body"]["echo"]["amount"], 1250, "money stays");
    }
}

#[tokio::test]
async fn a_source_that_is_not_kept_can_be_charged_by_one_order_only() {
    for world in worlds().await {
        let token = world.token(VISA).await;
        let first = world.payment(&token, true);
        assert_eq!(world.forward(&first).await.json()["result"], "answered");
        assert_eq!(world.forward(&first).await.json()["result"], "answered", "a replay is the same order");
        let second = world.forward(&world.payment(&token, true)).await;
        assert_eq!((second.status, second.code().as_str()), (409, "source_used"));
        assert_eq!(world.processor.count(), 1);
        // Once it is kept, its method is charged, not the token.
        let kept = world.token(VISA).await;
        world.redeem(&kept, &world.method_id()).await;
        assert_eq!(world.forward(&world.payment(&kept, false)).await.code(), "source_used");
        let late = world.token(VISA).await;
        world.pass_minutes(15);
        assert_eq!(world.forward(&world.payment(&late, false)).await.code(), "source_expired");
        assert_eq!(world.processor.count(), 1);
    }
}

#[tokio::test]
async fn another_accounts_method_is_not_there() {
    for world in worlds().await {
        let (method, token) = (world.kept(VISA).await, world.token(VISA).await);
        for account in [OTHER, LIVE] {
            for id in [&method, &token] {
                let mut order = world.payment(id, false);
                order["account"] = json!(account);
                let asked = [
                    world.forward(&order).await,
                    world.ask("resolve", json!({"account": account, "source": id})).await,
                    world.ask("redeem", json!({"account": account, "source": id, "method": if *id == method { method.clone() } else { world.method_id() }})).await,
                    world.ask("methods/expiry", json!({"account": account, "method": id, "exp_month": 1, "exp_year": 2032})).await,
                ];
                for answer in asked {
                    assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_method"), "{id}");
                }
            }
            let destroyed = world.ask("methods/destroy", json!({"account": account, "method": method})).await;
            assert_eq!(destroyed.status, 204, "idempotent, and without effect");
        }
        assert_eq!(world.resolve(&method).await.status, 200);
        assert_eq!(world.processor.count(), 0);
    }
}

#[tokio::test]
async fn a_test_card_by_name_can_be_charged_in_test_mode_only() {
    for world in worlds().await {
        let order = world.payment("pm_card_visa", false);
        assert_eq!(world.forward(&order).await.json()["result"], "answered");
        assert_eq!(world.processor.seen()[0].body["card"]["number"], VISA);
        let mut live = world.payment("pm_card_visa", false);
        live["account"] = json!(LIVE);
        assert_eq!(world.forward(&live).await.code(), "no_such_method");
    }
}
