//! Bank debits by the clock, micro-deposits, and what the ledger says of them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::rig::{Rig, bank_account, code};

const GOOD: &str = "000123456789";
const POOR: &str = "000222222227";
const DISPUTED: &str = "000555555559";
const STAYS: &str = "000000000009";

async fn submit(rig: &Rig, account: &str) -> Value {
    let got = rig.post("/v1/debits", &rig.debit(account, 1250)).await;
    assert_eq!(got.status, StatusCode::OK, "{got:?}");
    got.body
}

async fn stands(rig: &Rig, debit: &Value) -> (String, Value, Value) {
    let found = rig.look_up(debit["reference"].as_str().unwrap()).await;
    let answer = &found["answer"];
    let status = answer["status"].as_str().unwrap().to_owned();
    (status, answer["return_code"].clone(), answer["settled"].clone())
}

async fn kinds(rig: &Rig, debit: &Value) -> Vec<String> {
    rig.kinds(debit["reference"].as_str().unwrap()).await
}

#[tokio::test]
async fn a_debit_is_submitted_pending_settled_and_perhaps_returned_as_days_pass() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let debits = [
        submit(&rig, GOOD).await,
        submit(&rig, POOR).await,
        submit(&rig, DISPUTED).await,
        submit(&rig, STAYS).await,
    ];
    // Per day that passes: how each of the four stands.
    for (days, want) in [
        (0, [("submitted", None), ("submitted", None), ("submitted", None), ("submitted", None)]),
        (1, [("pending", None), ("pending", None), ("pending", None), ("pending", None)]),
        (1, [("pending", None), ("returned", Some("R01")), ("pending", None), ("pending", None)]),
        (2, [("settled", None), ("returned", Some("R01")), ("settled", None), ("pending", None)]),
        (10, [("settled", None), ("returned", Some("R01")), ("returned", Some("R10")), ("pending", None)]),
        (365, [("settled", None), ("returned", Some("R01")), ("returned", Some("R10")), ("pending", None)]),
    ] {
        if days > 0 {
            rig.pass_days(days).await;
        }
        for (debit, (status, return_code)) in debits.iter().zip(want) {
            let settled = json!(status == "settled" || return_code == Some("R10"));
            assert_eq!(
                stands(&rig, debit).await,
                (status.to_owned(), json!(return_code), settled),
                "{debit}"
            );
        }
    }
    for (debit, want) in debits.iter().zip([
        vec!["debit", "settlement"],
        vec!["debit", "return"],
        vec!["debit", "settlement", "return"],
        vec!["debit"],
    ]) {
        assert_eq!(kinds(&rig, debit).await, want);
    }
    let ledger = rig.ledger().await;
    let back = ledger.iter().find(|line| line["kind"] == "return").unwrap();
    assert_eq!(
        (&back["return_code"], &back["amount"], &back["last4"]),
        (&json!("R01"), &json!(1250), &json!("2227"))
    );
    assert!(ledger.iter().zip(1_u64..).all(|(line, seq)| line["seq"] == seq));
}

#[tokio::test]
async fn the_same_key_is_one_debit_and_its_first_answer_whatever_the_day() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let body = rig.debit(GOOD, 900);
    let first = rig.post("/v1/debits", &body).await;
    rig.pass_days(5).await;
    let again = rig.post("/v1/debits", &body).await;
    assert!(again.replayed && again.body == first.body, "{again:?}");
    assert_eq!(kinds(&rig, &first.body).await, ["debit", "settlement"]);
    let mut other = body.clone();
    other["amount"] = json!(901);
    assert_eq!(code(&rig.post("/v1/debits", &other).await), (400, "key_reused"));
}

#[tokio::test]
async fn clock_debits_and_what_was_due_survive_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let (good, disputed) = (submit(&rig, GOOD).await, submit(&rig, DISPUTED).await);
    rig.pass_days(4).await;
    rig.kill();
    let rig = Rig::start(dir.path());
    assert_eq!(stands(&rig, &good).await.0, "settled");
    rig.pass_days(10).await;
    assert_eq!(stands(&rig, &disputed).await, ("returned".to_owned(), json!("R10"), json!(true)));
    assert_eq!(kinds(&rig, &good).await, ["debit", "settlement"]);
    assert_eq!(kinds(&rig, &disputed).await, ["debit", "settlement", "return"]);
}

#[tokio::test]
async fn a_debit_that_was_lost_on_its_way_back_is_found_by_its_reference_once() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    rig.set_faults(&json!({"charge_then_drop": 1.0})).await;
    let body = rig.debit(GOOD, 700);
    let reference = body["reference"].as_str().unwrap().to_owned();
    assert!(rig.try_post("/v1/debits", &reference, &body).await.is_err());
    rig.set_faults(&json!({})).await;
    assert_eq!(rig.look_up(&reference).await["answer"]["status"], "submitted");
    assert!(rig.post("/v1/debits", &body).await.replayed);
    assert_eq!(rig.kinds(&reference).await, ["debit"]);
}

#[tokio::test]
async fn what_no_bank_takes_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let mut euros = rig.debit(GOOD, 5);
    euros["currency"] = json!("eur");
    for body in [rig.debit("000444444440", 5), euros] {
        let got = rig.post("/v1/debits", &body).await;
        let decline = (&got.body["status"], &got.body["decline"]["code"]);
        assert_eq!(decline, (&json!("declined"), &json!("payment_method_currency_mismatch")));
        assert_eq!(kinds(&rig, &got.body).await, ["decline"]);
    }
}

#[tokio::test]
async fn only_settled_money_is_given_back_and_no_more_than_that() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let (good, disputed) = (submit(&rig, GOOD).await, submit(&rig, DISPUTED).await);
    let refund = async |debit: &Value, amount: u64| {
        let path = format!("/v1/debits/{}/refunds", debit["id"].as_str().unwrap());
        rig.post(&path, &json!({"reference": rig.op(), "amount": amount})).await
    };
    assert_eq!(code(&refund(&good, 1).await), (400, "not_refundable"));
    rig.pass_days(4).await;
    assert_eq!(refund(&good, 1000).await.body["status"], "refunded");
    assert_eq!(code(&refund(&good, 251).await), (400, "amount_too_large"));
    assert_eq!(refund(&good, 250).await.status, StatusCode::OK);
    rig.pass_days(10).await;
    assert_eq!(code(&refund(&disputed, 1).await), (400, "not_refundable"));
}

async fn send_deposits(rig: &Rig, account: &str) -> Value {
    let body = json!({"reference": rig.op(), "bank_account": bank_account(account)});
    rig.post("/v1/micro_deposits", &body).await.body
}

async fn guess(rig: &Rig, deposits: &Value, what: Value) -> (u16, String) {
    let path = format!("/v1/micro_deposits/{}/verify", deposits["id"].as_str().unwrap());
    let mut body = what;
    body["reference"] = json!(rig.op());
    let got = rig.post(&path, &body).await;
    let said = got.body["error"]["code"].as_str().or(got.body["status"].as_str()).unwrap().to_owned();
    (got.status.as_u16(), said)
}

#[tokio::test]
async fn micro_deposits_verify_an_account_and_wrong_guesses_are_few() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let (wrong, right) = (json!({"amounts": [1, 2]}), json!({"amounts": [32, 45]}));
    let said = |status: u16, text: &str| (status, text.to_owned());
    let deposits = send_deposits(&rig, GOOD).await;
    assert_eq!(deposits["status"], "sent");
    assert_eq!(guess(&rig, &deposits, wrong.clone()).await, said(400, "guess_wrong"));
    assert_eq!(guess(&rig, &deposits, wrong.clone()).await, said(400, "guess_wrong"));
    assert_eq!(guess(&rig, &deposits, right.clone()).await, said(200, "verified"));
    assert_eq!(guess(&rig, &deposits, wrong.clone()).await, said(200, "verified"), "it was decided");

    let tried = send_deposits(&rig, GOOD).await;
    for _ in 0..2 {
        assert_eq!(guess(&rig, &tried, wrong.clone()).await, said(400, "guess_wrong"));
    }
    assert_eq!(guess(&rig, &tried, wrong.clone()).await, said(400, "too_many_guesses"));
    assert_eq!(guess(&rig, &tried, right.clone()).await, said(400, "too_many_guesses"));

    for (what, want) in [
        (json!({"descriptor_code": "SM11AA"}), said(200, "verified")),
        (json!({"descriptor_code": "SM33CC"}), said(400, "too_many_guesses")),
        (json!({"amounts": [40, 41]}), said(400, "deposits_expired")),
    ] {
        let deposits = send_deposits(&rig, GOOD).await;
        assert_eq!(guess(&rig, &deposits, what.clone()).await, want, "{what}");
    }
    let old = send_deposits(&rig, GOOD).await;
    rig.pass_days(11).await;
    assert_eq!(guess(&rig, &old, right).await, said(400, "deposits_expired"));
    assert_eq!(send_deposits(&rig, "000666666661").await["status"], "declined");
}

#[tokio::test]
async fn the_clock_moves_forward_only_and_for_who_may_move_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(dir.path());
    let ask = |body: Value, credential: &str| {
        rig.request(reqwest::Method::POST, "/clock").bearer_auth(credential).json(&body).send()
    };
    for (body, credential, want) in [
        (json!({"advance_seconds": 60}), "somebody", 401),
        (json!({"advance_seconds": -60}), crate::rig::CREDENTIAL, 400),
        (json!({"advance_seconds": 34_560_001}), crate::rig::CREDENTIAL, 400),
        (json!({"back": 60}), crate::rig::CREDENTIAL, 400),
        (json!({"advance_seconds": 60}), crate::rig::CREDENTIAL, 200),
    ] {
        assert_eq!(ask(body.clone(), credential).await.unwrap().status().as_u16(), want, "{body}");
    }
}
