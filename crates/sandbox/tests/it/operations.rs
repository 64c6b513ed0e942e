use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rig::{APPROVES, Rig, code};

#[tokio::test]
async fn a_payment_is_approved_captured_and_written() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let body = rig.payment(APPROVES, 1234);
    let got = rig.post("/v1/payments", &body).await;
    let network_id = got.body["network_transaction_id"].as_str().unwrap().to_owned();
    let want = json!({
        "object": "payment", "id": got.body["id"], "reference": body["reference"], "status": "captured",
        "amount": 1234, "currency": "eur", "captured": 1234, "refunded": 0, "decline": null, "challenge_url": null,
        "network_transaction_id": network_id, "cvc_check": "pass",
    });
    assert_eq!(got.body, want);
    assert!(got.body["id"].as_str().unwrap().starts_with("pay_") && !network_id.is_empty());
    let lines = rig.ledger().await;
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[1],
        json!({
            "seq": 2, "time": lines[1]["time"], "kind": "capture", "merchant": "acct_test", "key": body["reference"],
            "reference": body["reference"], "payment": got.body["id"], "amount": 1234, "currency": "eur",
            "initiator": "customer", "last4": "4242",
        })
    );
    assert_eq!(lines[0]["kind"], "authorisation");
}

#[tokio::test]
async fn cards_are_declined_as_their_numbers_say() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    for (number, want) in [
        ("4000000000000002", json!({"code": "generic_decline", "network_code": "05", "advice_code": null})),
        (
            "4000000000009995",
            json!({"code": "insufficient_funds", "network_code": "51", "advice_code": "try_again_later"}),
        ),
        (
            "4242424242424241",
            json!({"code": "incorrect_number", "network_code": "14", "advice_code": "confirm_card_data"}),
        ),
    ] {
        let payment = rig.pay(number, true).await;
        assert_eq!((&payment["status"], &payment["decline"]), (&json!("declined"), &want), "{number}");
        assert_eq!(payment["captured"], 0);
        assert_eq!(rig.kinds(payment["reference"].as_str().unwrap()).await, ["decline"]);
    }
    let mut expired = rig.payment(APPROVES, 5);
    expired["card"]["exp_year"] = json!(2020);
    let got = rig.post("/v1/payments", &expired).await;
    assert_eq!(got.body["decline"]["code"], "expired_card");
    let mut without_code = rig.payment("4000000000000101", 5);
    assert_eq!(rig.post("/v1/payments", &without_code).await.body["cvc_check"], "fail");
    without_code["reference"] = json!(rig.op());
    without_code["card"].as_object_mut().unwrap().remove("cvc");
    assert_eq!(rig.post("/v1/payments", &without_code).await.body["cvc_check"], "unchecked");
}

#[tokio::test]
async fn a_verification_is_a_payment_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    for (number, status, kind) in [
        (APPROVES, "verified", "verification"),
        ("4000000000000341", "verified", "verification"),
        ("4000000000000002", "declined", "decline"),
    ] {
        let mut body = rig.payment(number, 1);
        body.as_object_mut().unwrap().retain(|name, _| name != "amount" && name != "capture");
        let got = rig.post("/v1/verifications", &body).await.body;
        assert_eq!(
            (&got["status"], &got["amount"], &got["object"]),
            (&json!(status), &json!(0), &json!("payment"))
        );
        assert_eq!(rig.kinds(got["reference"].as_str().unwrap()).await, [kind]);
    }
}

#[tokio::test]
async fn part_is_captured_and_no_more_than_that_refunded() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let payment = rig.pay(APPROVES, false).await;
    assert_eq!(payment["status"], "authorised");
    assert_eq!(code(&rig.act(&payment, "captures", Some(1001)).await), (400, "amount_too_large"));
    let capture = rig.act(&payment, "captures", Some(600)).await.body;
    let want = json!({
        "object": "capture", "id": capture["id"], "payment": payment["id"], "reference": capture["reference"],
        "status": "captured", "amount": 600, "currency": "eur",
    });
    assert_eq!(capture, want);
    assert_eq!(code(&rig.act(&payment, "captures", Some(1)).await), (400, "already_captured"));
    assert_eq!(code(&rig.act(&payment, "void", None).await), (400, "already_captured"));
    let refund = rig.act(&payment, "refunds", Some(500)).await.body;
    assert_eq!((&refund["object"], &refund["status"]), (&json!("refund"), &json!("refunded")));
    assert_eq!(code(&rig.act(&payment, "refunds", Some(101)).await), (400, "amount_too_large"));
    let found = rig.look_up(payment["reference"].as_str().unwrap()).await;
    assert_eq!((&found["answer"]["captured"], &found["answer"]["refunded"]), (&json!(600), &json!(500)));
}

#[tokio::test]
async fn of_many_refunds_at_once_only_as_many_pass_as_were_captured() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let payment = rig.pay(APPROVES, true).await;
    let path = format!("/v1/payments/{}/refunds", payment["id"].as_str().unwrap());
    let bodies: Vec<Value> = (0..40).map(|_| json!({"reference": rig.op(), "amount": 100})).collect();
    let rig = std::sync::Arc::new(rig);
    let tasks: Vec<_> = bodies
        .into_iter()
        .map(|body| {
            let (rig, path) = (rig.clone(), path.clone());
            tokio::spawn(async move { rig.post(&path, &body).await.status })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        passed += usize::from(task.await.unwrap() == StatusCode::OK);
    }
    assert_eq!(passed, 10);
}

#[tokio::test]
async fn an_authorisation_is_voided_once_and_only_by_its_merchant() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let payment = rig.pay(APPROVES, false).await;
    let void = rig.act(&payment, "void", None).await.body;
    let want = json!({
        "object": "void", "id": void["id"], "payment": payment["id"], "reference": void["reference"],
        "status": "voided",
    });
    assert_eq!(void, want);
    assert_eq!(code(&rig.act(&payment, "void", None).await), (400, "already_voided"));
    assert_eq!(code(&rig.act(&payment, "captures", Some(1)).await), (400, "already_voided"));
    for id in ["pay_nobody", "nonsense"] {
        assert_eq!(code(&rig.act(&json!({"id": id}), "void", None).await), (404, "not_found"));
    }
    let request =
        rig.request(Method::POST, &format!("/v1/payments/{}/refunds", payment["id"].as_str().unwrap()));
    let other = request
        .bearer_auth(crate::rig::CREDENTIAL)
        .header("Sandbox-Merchant", "acct_other")
        .header("Idempotency-Key", "op_other")
        .json(&json!({"reference": "op_other", "amount": 1}));
    assert_eq!(other.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_never_another_payment() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    for number in [APPROVES, "4000000000000002"] {
        let body = rig.payment(number, 700);
        let first = rig.post("/v1/payments", &body).await;
        let second = rig.post("/v1/payments", &body).await;
        assert_eq!((first.replayed, second.replayed), (false, true));
        assert_eq!(first.body, second.body);
        let mut other = body.clone();
        other["amount"] = json!(701);
        assert_eq!(code(&rig.post("/v1/payments", &other).await), (400, "key_reused"));
        let want = if number == APPROVES { 2 } else { 1 };
        assert_eq!(rig.kinds(body["reference"].as_str().unwrap()).await.len(), want);
    }
    // Also an answer that was no: a late copy of a refused request must not do it after all.
    let payment = rig.pay(APPROVES, true).await;
    let refused = json!({"reference": rig.op(), "amount": 1001});
    let path = format!("/v1/payments/{}/refunds", payment["id"].as_str().unwrap());
    assert_eq!(code(&rig.post(&path, &refused).await), (400, "amount_too_large"));
    let again = rig.post(&path, &refused).await;
    assert_eq!((code(&again), again.replayed), ((400, "amount_too_large"), true));
    // And the first answer of a payment stays what it was.
    let body = rig.payment(APPROVES, 300);
    let first = rig.post("/v1/payments", &body).await;
    rig.act(&first.body, "refunds", Some(300)).await;
    assert_eq!(rig.post("/v1/payments", &body).await.body, first.body);
}

#[tokio::test]
async fn copies_at_once_pay_once() {
    let dir = tempfile::tempdir().unwrap();
    let rig = std::sync::Arc::new(Rig::start(dir.path()));
    let body = rig.payment(APPROVES, 700);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (rig, body) = (rig.clone(), body.clone());
            tokio::spawn(async move { rig.post("/v1/payments", &body).await })
        })
        .collect();
    for task in tasks {
        let got = task.await.unwrap();
        assert!(got.status == StatusCode::OK || code(&got) == (409, "key_in_use"), "{got:?}");
    }
    assert_eq!(rig.ledger().await.len(), 2);
}

#[tokio::test]
async fn a_look_up_tells_what_became_of_an_operation() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    assert_eq!(rig.look_up("op_never").await, json!({"found": false, "answer": null}));
    let payment = rig.pay(APPROVES, false).await;
    let found = rig.look_up(payment["reference"].as_str().unwrap()).await;
    assert_eq!(found, json!({"found": true, "answer": payment}));
    let capture = rig.act(&payment, "captures", Some(10)).await.body;
    let found = rig.look_up(capture["reference"].as_str().unwrap()).await;
    assert_eq!(found, json!({"found": true, "answer": capture}));
    let other = rig.request(
        Method::GET,
        &format!("/v1/operations?reference={}", payment["reference"].as_str().unwrap()),
    );
    let other = other.bearer_auth(crate::rig::CREDENTIAL).header("Sandbox-Merchant", "acct_other");
    assert_eq!(other.send().await.unwrap().json::<Value>().await.unwrap()["found"], false);
}

#[tokio::test]
async fn requests_that_are_not_quite_right_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let mut body = rig.payment(APPROVES, 1);
    body["tip"] = json!(1);
    let got = rig.post("/v1/payments", &body).await;
    assert_eq!(code(&got), (400, "parameter_unknown"));
    assert!(got.body["error"]["message"].as_str().unwrap().contains("`tip`"));
    let mut huge = rig.payment(APPROVES, 1);
    huge["card"]["name"] = json!("x".repeat(70_000));
    assert_eq!(code(&rig.post("/v1/payments", &huge).await), (413, "body_too_large"));
    let body = rig.payment(APPROVES, 1);
    for (credential, merchant, key, want) in [
        ("wrong-credential", "acct_test", "op_1", 401),
        ("", "acct_test", "op_1", 401),
        (crate::rig::CREDENTIAL, "", "op_1", 400),
        (crate::rig::CREDENTIAL, "acct_test", "", 400),
    ] {
        let request = rig.request(Method::POST, "/v1/payments").bearer_auth(credential);
        let request = request.header("Sandbox-Merchant", merchant).header("Idempotency-Key", key).json(&body);
        assert_eq!(request.send().await.unwrap().status().as_u16(), want, "{credential} {merchant} {key}");
    }
    let faults = rig.request(Method::POST, "/faults").json(&json!({})).send().await.unwrap();
    assert_eq!(faults.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(rig.ledger().await.len(), 0);
    assert_eq!(rig.request(Method::GET, "/health").send().await.unwrap().status(), StatusCode::NO_CONTENT);
}
