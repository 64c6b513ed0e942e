use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::rig::{ALWAYS_ASKS, Rig, code};

const SET_UP_ONCE: &str = "4000002500003155";

fn path_of(payment: &Value) -> String {
    let url = payment["challenge_url"].as_str().unwrap();
    let path = url.find("/challenge/").unwrap();
    url[path..].to_owned()
}

async fn answer(rig: &Rig, payment: &Value, with: &'static str) -> Response {
    rig.request(Method::POST, &path_of(payment)).body(with).send().await.unwrap()
}

fn without_customer(mut body: Value) -> Value {
    body["initiator"] = json!("merchant");
    body["return_url"] = json!(null);
    body["card"].as_object_mut().unwrap().remove("cvc");
    body
}

#[tokio::test]
async fn an_approved_challenge_completes_the_payment() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let payment = rig.pay(ALWAYS_ASKS, true).await;
    assert_eq!((&payment["status"], &payment["captured"]), (&json!("challenge"), &json!(0)));
    assert!(payment["network_transaction_id"].is_null());
    let waiting = rig.act(&payment, "complete", None).await;
    assert_eq!(waiting.body["status"], "challenge");
    let page = rig.request(Method::GET, &path_of(&payment)).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self' https: http:"),
        "{policy}"
    );
    let text = page.text().await.unwrap();
    for part in ["Sandbox Bank", "acct_test", "10.00 EUR", "3184", ">Approve<", ">Fail<"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("<script") && !text.contains("style="));
    let answered = answer(&rig, &payment, "answer=approve").await;
    assert_eq!(answered.status(), StatusCode::SEE_OTHER);
    assert_eq!(answered.headers()["location"], "https://shop.example/back?order=1");
    let again = answer(&rig, &payment, "answer=fail").await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let text = again.text().await.unwrap();
    assert!(text.contains("Already answered") && text.contains("href=\"https://shop.example/back?order=1\""));
    let done = rig.act(&payment, "complete", None).await.body;
    assert_eq!(
        (&done["status"], &done["captured"], &done["id"]),
        (&json!("captured"), &json!(1000), &payment["id"])
    );
    assert!(done["network_transaction_id"].is_string() && done["challenge_url"].is_null());
    let kinds: Vec<Value> = rig.ledger().await.iter().map(|line| line["kind"].clone()).collect();
    assert_eq!(kinds, ["authorisation", "capture"]);
    assert_eq!(rig.act(&payment, "complete", None).await.body["status"], "captured");
    assert_eq!(rig.ledger().await.len(), 2, "completing twice moves money once");
}

#[tokio::test]
async fn a_failed_challenge_declines_the_payment() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let payment = rig.pay(ALWAYS_ASKS, true).await;
    assert_eq!(answer(&rig, &payment, "answer=maybe").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer(&rig, &payment, "answer=fail").await.status(), StatusCode::SEE_OTHER);
    let done = rig.act(&payment, "complete", None).await.body;
    assert_eq!(
        (&done["status"], &done["decline"]["code"]),
        (&json!("declined"), &json!("authentication_failed"))
    );
    assert_eq!(rig.ledger().await[0]["kind"], "decline");
}

#[tokio::test]
async fn the_bank_may_still_decline_after_an_approved_challenge() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let payment = rig.pay("4000008260003178", true).await;
    answer(&rig, &payment, "answer=approve").await;
    let done = rig.act(&payment, "complete", None).await.body;
    assert_eq!(
        (&done["status"], &done["decline"]["code"]),
        (&json!("declined"), &json!("insufficient_funds"))
    );
}

#[tokio::test]
async fn nobody_is_asked_who_cannot_answer() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let mut nowhere = rig.payment(ALWAYS_ASKS, 5);
    nowhere["return_url"] = json!(null);
    for body in [nowhere, without_customer(rig.payment(ALWAYS_ASKS, 5))] {
        let got = rig.post("/v1/payments", &body).await.body;
        assert_eq!(got["decline"]["code"], "authentication_required", "{got}");
    }
}

#[tokio::test]
async fn a_card_that_was_set_up_pays_without_its_holder_unless_it_always_asks() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::start(dir.path());
    for (number, want) in [(SET_UP_ONCE, "captured"), (ALWAYS_ASKS, "declined")] {
        let before = rig.post("/v1/payments", &without_customer(rig.payment(number, 5))).await.body;
        assert_eq!(before["decline"]["code"], "authentication_required");
        let mut body = rig.payment(number, 1);
        body.as_object_mut().unwrap().retain(|name, _| name != "amount" && name != "capture");
        let check = rig.post("/v1/verifications", &body).await.body;
        assert_eq!(check["status"], "challenge");
        answer(&rig, &check, "answer=approve").await;
        assert_eq!(rig.act(&check, "complete", None).await.body["status"], "verified");
        rig.kill();
        rig = Rig::start(dir.path());
        let after = rig.post("/v1/payments", &without_customer(rig.payment(number, 5))).await.body;
        assert_eq!(after["status"], want, "{number}");
    }
}

#[tokio::test]
async fn a_waiting_challenge_can_be_called_off() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let payment = rig.pay(ALWAYS_ASKS, true).await;
    assert_eq!(rig.act(&payment, "void", None).await.body["status"], "voided");
    let late = answer(&rig, &payment, "answer=approve").await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    assert!(late.text().await.unwrap().contains("Called off"));
    assert_eq!(rig.act(&payment, "complete", None).await.body["status"], "voided");
    assert_eq!(code(&rig.act(&payment, "captures", Some(1)).await), (400, "already_voided"));
    let nobody = rig.request(Method::GET, "/challenge/pay_nobody").send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::NOT_FOUND);
}
