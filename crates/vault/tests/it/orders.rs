//! M1 at the vault: recorded before sent, answered from the record, never sent twice where it might matter.

use std::time::Duration;

use onfile_testing::databases;
use serde_json::json;

use crate::processor::{Processor, Reply};
use crate::world::{VISA, World, worlds};

#[tokio::test]
async fn an_order_is_recorded_as_sent_before_it_leaves_and_its_answer_before_it_is_given() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let order = world.payment(&method, false);
        world.processor.next(Reply::Slow(Duration::from_millis(200)));
        let asking = {
            let request = world.http.post(format!("{}/internal/v1/forward", world.internal)).json(&order);
            tokio::spawn(
                request.header("authorization", format!("Bearer {}", crate::world::CREDENTIAL)).send(),
            )
        };
        while world.processor.count() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(world.recorded(&order).await, Some((1, false, false)), "sent, and not answered yet");
        // The caller goes away; the answer is recorded all the same.
        asking.abort();
        for _ in 0..500 {
            if world.recorded(&order).await == Some((1, true, false)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(world.recorded(&order).await, Some((1, true, false)));
        let answer = world.forward(&order).await.json();
        assert_eq!((answer["result"].as_str(), answer["status"].as_i64()), (Some("answered"), Some(200)));
        assert_eq!(world.processor.count(), 1, "the record answered");
    }
}

#[tokio::test]
async fn a_replay_gets_the_same_answer_and_another_order_under_the_key_is_refused() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let order = world.payment(&method, false);
        let first = world.forward(&order).await;
        // The same members in another order are the same order.
        let mut shuffled = order.clone();
        shuffled["body"] = json!({"capture": true, "currency": "usd", "amount": 1250, "reference": "op_1"});
        for replay in [&order, &shuffled] {
            assert_eq!(world.forward(replay).await.text, first.text);
        }
        for (member, value) in [
            ("body", json!({"amount": 1251})),
            ("with_cvc", json!(true)),
            ("path", json!("/v1/verifications")),
        ] {
            let mut other = order.clone();
            other[member] = value;
            let refused = world.forward(&other).await;
            assert_eq!((refused.status, refused.code().as_str()), (409, "key_reused"), "{member}");
        }
        assert_eq!(world.processor.count(), 1);
        // The record answers even after the card is destroyed.
        world.ask("methods/destroy", json!({"account": crate::world::ACCOUNT, "method": method})).await;
        assert_eq!(world.forward(&order).await.text, first.text);
    }
}

#[tokio::test]
async fn an_order_without_an_answer_leaves_again_under_its_key_until_it_has_one() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let order = world.payment(&method, false);
        for (reply, sendings) in [
            (Reply::Drop, 1),
            (Reply::Hang, 2),
            (Reply::Text(200, "no JSON"), 3),
            (Reply::Json(503, json!({})), 4),
        ] {
            world.processor.next(reply.clone());
            let answer = world.forward(&order).await.json();
            assert_eq!(answer["result"], "no_answer", "{reply:?}");
            assert_eq!(answer["carried_cvc"], false);
            assert_eq!(world.recorded(&order).await, Some((sendings, false, false)), "{reply:?}");
        }
        let answer = world.forward(&order).await.json();
        assert_eq!(answer["result"], "answered");
        let seen = world.processor.seen();
        assert_eq!(seen.len(), 5, "nothing is repeated behind our back");
        assert!(seen.windows(2).all(|pair| pair[0].body == pair[1].body));
        assert!(seen.iter().all(|seen| seen.headers["idempotency-key"] == order["key"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn an_answer_that_settles_nothing_is_no_answer_and_one_that_refuses_is_one() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let code = |code: &str| json!({"error": {"code": code, "message": "x"}});
        for (status, body, want) in [
            (500, code("oops"), "no_answer"),
            (502, json!({}), "no_answer"),
            (504, json!({}), "no_answer"),
            (409, code("key_in_use"), "no_answer"),
            (400, code("key_reused"), "no_answer"),
            (302, json!({}), "no_answer"),
            (400, code("amount_too_large"), "answered"),
            (401, code("x"), "answered"),
            (429, json!({}), "answered"),
        ] {
            let order = world.payment(&method, false);
            world.processor.next(Reply::Json(status, body.clone()));
            let answer = world.forward(&order).await.json();
            assert_eq!(answer["result"], want, "{status} {body}");
            assert_eq!(world.recorded(&order).await, Some((1, want == "answered", false)));
        }
    }
}

#[tokio::test]
async fn the_same_order_twice_at_a_time_is_sent_once() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let order = world.payment(&method, false);
        world.processor.next(Reply::Slow(Duration::from_millis(150)));
        let (one, two) = tokio::join!(world.forward(&order), world.forward(&order));
        let mut both = [one, two];
        both.sort_by_key(|answer| answer.status);
        assert_eq!(both[0].json()["result"], "answered");
        assert_eq!((both[1].status, both[1].code().as_str()), (409, "key_in_use"));
        assert_eq!(world.processor.count(), 1);
    }
}

#[tokio::test]
async fn what_could_not_connect_was_not_sent_and_may_be_sent_under_the_same_key() {
    // A port that nobody listens on: bound, so that it is ours, then closed.
    for scratch in databases().await {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let world = World::with_processor(scratch, Processor::default(), &format!("http://{address}")).await;
        let method = world.kept(VISA).await;
        let order = world.payment(&method, true);
        let answer = world.forward(&order).await.json();
        assert_eq!(answer["result"], "not_sent", "{answer}");
        assert_eq!(world.recorded(&order).await, None, "the record of the sending is undone");
        assert_eq!(
            world.resolve(&method).await.json()["details"]["cvc_held"],
            true,
            "the code did not leave either"
        );
        let mut look_up = order.clone();
        (look_up["method"], look_up["path"]) = (json!("GET"), json!("/v1/operations?reference=op_1"));
        (look_up["body"], look_up["instrument"], look_up["with_cvc"]) =
            (json!(null), json!(null), json!(false));
        assert_eq!(world.forward(&look_up).await.json()["result"], "not_sent");
    }
}

#[tokio::test]
async fn a_resend_that_cannot_connect_does_not_undo_the_first_sending() {
    for scratch in databases().await {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let world = World::with_processor(scratch, Processor::default(), &format!("http://{address}")).await;
        let method = world.kept(VISA).await;
        let order = world.payment(&method, false);
        let accepted = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop((stream, listener));
        });
        assert_eq!(world.forward(&order).await.json()["result"], "no_answer");
        accepted.await.unwrap();
        assert_eq!(world.forward(&order).await.json()["result"], "no_answer", "the first may have arrived");
        assert_eq!(world.recorded(&order).await, Some((2, false, false)));
    }
}

#[tokio::test]
async fn a_look_up_is_never_recorded_and_goes_out_every_time() {
    for world in worlds().await {
        let key = world.operation_id();
        let order = json!({
            "account": crate::world::ACCOUNT, "key": key, "processor": "sandbox", "method": "GET",
            "path": format!("/v1/operations?reference={key}"), "body": null, "instrument": null, "with_cvc": false,
        });
        for _ in 0..2 {
            world.processor.next(Reply::Json(200, json!({"found": false, "answer": null})));
            let answer = world.forward(&order).await.json();
            assert_eq!(
                (answer["result"].as_str(), answer["body"]["found"].as_bool()),
                (Some("answered"), Some(false))
            );
        }
        assert_eq!((world.processor.count(), world.recorded(&order).await), (2, None));
        let seen = &world.processor.seen()[0];
        assert_eq!(seen.method, axum::http::Method::GET);
        assert_eq!(seen.uri.to_string(), format!("/v1/operations?reference={key}"));
        assert!(!seen.headers.contains_key("idempotency-key"));
    }
}

#[tokio::test]
async fn an_unanswered_order_whose_card_is_gone_is_never_promised_to_leave_again() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let order = world.payment(&method, false);
        world.processor.next(Reply::Drop);
        assert_eq!(world.forward(&order).await.json()["carried_cvc"], false);
        world.ask("methods/destroy", json!({"account": crate::world::ACCOUNT, "method": method})).await;
        let answer = world.forward(&order).await.json();
        assert_eq!(
            (answer["result"].as_str(), answer["carried_cvc"].as_bool()),
            (Some("no_answer"), Some(true))
        );
        assert_eq!(world.processor.count(), 1);
    }
}

#[tokio::test]
async fn an_order_never_leaves_after_the_lease_of_its_sender() {
    for world in worlds().await {
        let method = world.kept(VISA).await;
        let end = world.vault.now_ms() + 60_000;
        let leased = |mut order: serde_json::Value| {
            order["send_before"] = json!(end);
            order
        };
        let (first, second, third) =
            (world.payment(&method, false), world.payment(&method, false), world.payment(&method, false));
        let paid = world.forward(&leased(first.clone())).await;
        assert_eq!(paid.json()["result"], "answered");
        world.processor.next(Reply::Drop);
        assert_eq!(world.forward(&leased(second.clone())).await.json()["result"], "no_answer");
        world.pass_minutes(1);

        let late = world.forward(&leased(third.clone())).await;
        assert_eq!((late.status, late.code().as_str()), (409, "too_late"));
        assert_eq!(world.recorded(&third).await, None, "nothing is recorded of what did not leave");
        let late = world.forward(&leased(second.clone())).await.json();
        assert_eq!((&late["result"], &late["carried_cvc"]), (&json!("no_answer"), &json!(false)));
        assert_eq!(world.recorded(&second).await, Some((1, false, false)), "it did not leave again");
        assert_eq!(world.forward(&leased(first)).await.text, paid.text, "the record answers at any time");
        assert_eq!(world.processor.count(), 2);

        // Somebody else's lease: the same orders, and they leave.
        for mut order in [second, third] {
            order["send_before"] = json!(end + 60_000);
            assert_eq!(world.forward(&order).await.json()["result"], "answered");
        }
        assert_eq!(world.processor.count(), 4);
    }
}
