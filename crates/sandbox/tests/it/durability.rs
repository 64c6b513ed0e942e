use std::process::Command;

use serde_json::json;

use crate::rig::{ALWAYS_ASKS, APPROVES, Rig, code};

#[tokio::test]
async fn everything_that_was_answered_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let body = rig.payment(APPROVES, 900);
    let paid = rig.post("/v1/payments", &body).await.body;
    let declined = rig.payment("4000000000000002", 900);
    let no = rig.post("/v1/payments", &declined).await.body;
    let refund = rig.act(&paid, "refunds", Some(400)).await.body;
    let asked = rig.pay(ALWAYS_ASKS, true).await;
    let before = rig.ledger().await;
    rig.kill();
    let rig = Rig::start(dir.path());
    assert_eq!(rig.ledger().await, before);
    for (body, want) in [(&body, &paid), (&declined, &no)] {
        let replay = rig.post("/v1/payments", body).await;
        assert_eq!((replay.replayed, &replay.body), (true, want));
    }
    assert_eq!(
        rig.look_up(refund["reference"].as_str().unwrap()).await,
        json!({"found": true, "answer": refund})
    );
    assert_eq!(code(&rig.act(&paid, "refunds", Some(501)).await), (400, "amount_too_large"));
    let path = format!("/challenge/{}", asked["id"].as_str().unwrap());
    let approved = rig.request(reqwest::Method::POST, &path).body("answer=approve").send().await.unwrap();
    assert_eq!(approved.status(), 303);
    rig.kill();
    let rig = Rig::start(dir.path());
    assert_eq!(rig.act(&asked, "complete", None).await.body["status"], "captured");
}

#[tokio::test]
async fn answers_given_under_load_are_all_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let rig = std::sync::Arc::new(Rig::start(dir.path()));
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let rig = rig.clone();
            tokio::spawn(async move {
                let mut answered = Vec::new();
                for _ in 0..200 {
                    let body = rig.payment(APPROVES, 1);
                    let key = body["reference"].as_str().unwrap().to_owned();
                    match rig.try_post("/v1/payments", &key, &body).await {
                        Ok(got) if got.status == 200 => answered.push(key),
                        _ => break,
                    }
                }
                answered
            })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let killed = Command::new("kill").args(["-9", &rig.process_id().to_string()]).status().unwrap();
    assert!(killed.success());
    let mut answered = Vec::new();
    for task in tasks {
        answered.extend(task.await.unwrap());
    }
    assert!(!answered.is_empty());
    drop(rig);
    let rig = Rig::start(dir.path());
    let kept: std::collections::HashSet<String> =
        rig.ledger().await.iter().map(|line| line["key"].as_str().unwrap().to_owned()).collect();
    let lost: Vec<_> = answered.iter().filter(|key| !kept.contains(*key)).collect();
    assert!(lost.is_empty(), "{} of {} answered payments are lost", lost.len(), answered.len());
}

#[tokio::test]
async fn no_number_and_no_code_reaches_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let mut body = rig.payment(APPROVES, 900);
    body["card"]["cvc"] = json!("978");
    rig.post("/v1/payments", &body).await;
    let mut wrong = rig.payment("4242424242424241", 900);
    wrong["card"]["name"] = json!("Jenny Rosen");
    rig.post("/v1/payments", &wrong).await;
    rig.kill();
    let file = std::fs::read_to_string(dir.path().join("data/ledger.jsonl")).unwrap();
    for secret in [APPROVES, "4242424242424241", "424242424242", "\"978\"", "Jenny"] {
        assert!(!file.contains(secret), "{secret} in {file}");
    }
    assert!(!dir.path().join("data/data.key").exists() && dir.path().join("data.key").exists());
}

#[tokio::test]
async fn an_order_to_stop_ends_the_process_in_good_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::start(dir.path());
    rig.pay(APPROVES, true).await;
    let told = Command::new("kill").args(["-TERM", &rig.process_id().to_string()]).status().unwrap();
    assert!(told.success());
    assert!(rig.wait().success());
}
