use std::time::{Duration, Instant};

use serde_json::json;

use crate::rig::{APPROVES, Rig, code};

#[tokio::test]
async fn charge_then_drop_charges_and_the_client_sees_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    rig.set_faults(&json!({"charge_then_drop": 1.0})).await;
    let body = rig.payment(APPROVES, 100);
    let reference = body["reference"].as_str().unwrap();
    assert_eq!(rig.raw("/v1/payments", reference, &body), b"", "not one byte may come back");
    assert_eq!(rig.kinds(reference).await, ["authorisation", "capture"]);
    let found = rig.look_up(reference).await;
    assert_eq!((&found["found"], &found["answer"]["status"]), (&json!(true), &json!("captured")));
    let mut second = rig.payment(APPROVES, 100);
    second["capture"] = json!(false);
    let error = rig.try_post("/v1/payments", "op_second", &second).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout() && !error.is_connect(), "{error:?}");
    rig.set_faults(&json!({})).await;
    let replay = rig.post("/v1/payments", &body).await;
    assert!(replay.replayed);
    assert_eq!(rig.kinds(reference).await.len(), 2, "the replay charged nothing");
}

#[tokio::test]
async fn drop_then_nothing_does_nothing_for_every_operation() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let payment = rig.pay(APPROVES, false).await;
    rig.set_faults(&json!({"drop_then_nothing": 1})).await;
    let body = rig.payment(APPROVES, 100);
    let reference = body["reference"].as_str().unwrap();
    assert_eq!(rig.raw("/v1/payments", reference, &body), b"");
    assert_eq!(rig.look_up(reference).await["found"], false);
    for what in ["complete", "captures", "refunds", "void"] {
        let path = format!("/v1/payments/{}/{what}", payment["id"].as_str().unwrap());
        assert_eq!(rig.raw(&path, "op_x", &json!({"reference": "op_x"})), b"", "{what}");
    }
    assert_eq!(rig.raw("/v1/verifications", "op_y", &body), b"");
    assert_eq!(rig.ledger().await.len(), 1);
}

#[tokio::test]
async fn charge_then_500_charges_and_answers_500() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    rig.set_faults(&json!({"charge_then_500": 1.0})).await;
    let body = rig.payment(APPROVES, 100);
    assert_eq!(code(&rig.post("/v1/payments", &body).await), (500, "internal_error"));
    assert_eq!(rig.kinds(body["reference"].as_str().unwrap()).await, ["authorisation", "capture"]);
}

#[tokio::test]
async fn without_idempotency_the_same_key_charges_again() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    rig.set_faults(&json!({"no_idempotency": true})).await;
    let body = rig.payment(APPROVES, 100);
    let first = rig.post("/v1/payments", &body).await;
    let second = rig.post("/v1/payments", &body).await;
    assert!(!second.replayed);
    assert_ne!(first.body["id"], second.body["id"]);
    assert_eq!(rig.kinds(body["reference"].as_str().unwrap()).await.len(), 4);
    rig.kill();
    let rig = Rig::start(dir.path());
    assert_eq!(rig.ledger().await.len(), 4, "the ledger with a key twice can be read back");
}

#[tokio::test]
async fn answers_wait_as_ordered_and_the_plan_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    rig.set_faults(&json!({"latency_ms": 300, "seed": 9})).await;
    let told = rig.request(reqwest::Method::GET, "/faults").send().await.unwrap();
    let want = json!({
        "charge_then_drop": 0.0, "charge_then_500": 0.0, "drop_then_nothing": 0.0, "no_idempotency": false,
        "latency_ms": 300.0, "mail": "none", "seed": 9,
    });
    assert_eq!(told.json::<serde_json::Value>().await.unwrap(), want);
    let start = Instant::now();
    rig.pay(APPROVES, true).await;
    assert!(start.elapsed() >= Duration::from_millis(300));
    let page = rig.request(reqwest::Method::GET, "/").send().await.unwrap().text().await.unwrap();
    for part in ["Fault plan in force", "300 ms", "authorisation", "capture", "10.00 EUR", "4242"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    rig.set_faults(&json!({"latency_ms": {"p50": 5, "p99": 50}})).await;
    rig.pay(APPROVES, true).await;
}
