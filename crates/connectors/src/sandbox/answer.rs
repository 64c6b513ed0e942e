//! Reading the sandbox's answers. Lenient with what it does not need, strict with what decides about money: an answer
//! that cannot be read is [`Verdict::Unreadable`], never a decline.

use onfile_core::ach::ReturnCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{Answer, Decline, Found, Verdict};

#[derive(Deserialize)]
struct Body {
    object: String,
    id: String,
    #[serde(default)]
    payment: Option<String>,
    status: String,
    #[serde(default)]
    decline: Option<Decline>,
    #[serde(default)]
    challenge_url: Option<String>,
    #[serde(default)]
    network_transaction_id: Option<String>,
    #[serde(default)]
    cvc_check: Option<String>,
    #[serde(default)]
    return_code: Option<String>,
    #[serde(default)]
    settled: bool,
    #[serde(default)]
    arrives: Option<Value>,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct LookUp {
    found: bool,
    answer: Option<Value>,
}

/// `key_in_use`: another sending of the same operation is being worked on, so its outcome is not known yet.
const IN_USE: &str = "key_in_use";

pub(crate) fn parse(status: u16, body: &Value) -> Answer {
    let verdict_only = |verdict| Answer {
        verdict,
        processor_payment: None,
        network_id: None,
        cvc_check: None,
        arrives: None,
    };
    if status == 200 {
        return Body::deserialize(body).map_or_else(|_| verdict_only(Verdict::Unreadable), read);
    }
    match Refusal::deserialize(body) {
        Ok(refusal) if (400..500).contains(&status) && refusal.error.code != IN_USE => {
            verdict_only(Verdict::Refused { code: refusal.error.code, message: refusal.error.message })
        }
        _ => verdict_only(Verdict::Unreadable),
    }
}

fn read(body: Body) -> Answer {
    let done = matches!(
        (body.object.as_str(), body.status.as_str()),
        // A payment that was voided at the processor itself is for a person to look at.
        ("payment", "authorised" | "captured" | "verified")
            | ("capture", "captured")
            | ("void", "voided")
            | ("refund", "refunded")
            | ("debit", "settled")
            | ("micro_deposits", "sent" | "verified")
    );
    if let ("debit", "returned", Some(code)) = (body.object.as_str(), body.status.as_str(), body.return_code)
    {
        let verdict =
            if body.settled { Verdict::Returned { code } } else { Verdict::Declined(came_back(code)) };
        return Answer {
            verdict,
            processor_payment: Some(body.id),
            network_id: None,
            cvc_check: None,
            arrives: None,
        };
    }
    let verdict = match (body.status.as_str(), body.decline, body.challenge_url) {
        (_, None, _) if done => Verdict::Approved,
        ("declined", Some(decline), _) => Verdict::Declined(decline),
        ("challenge", _, Some(url)) if is_web_address(&url) => Verdict::Challenge { url },
        ("submitted" | "pending", None, _) => Verdict::Pending,
        _ => Verdict::Unreadable,
    };
    let own = matches!(body.object.as_str(), "payment" | "debit" | "micro_deposits");
    let processor_payment = if own { Some(body.id) } else { body.payment };
    Answer {
        verdict,
        processor_payment,
        network_id: body.network_transaction_id,
        cvc_check: body.cvc_check,
        arrives: body.arrives.as_ref().and_then(Value::as_i64),
    }
}

/// A debit that came back before it settled, as a refusal.
fn came_back(code: String) -> Decline {
    let failure_code = ReturnCode::of(&code).failure_code;
    Decline { code: failure_code.to_owned(), network_code: Some(code), advice_code: None }
}

/// A browser is sent there: only https, or http to this very machine, and never `javascript:` or the like.
fn is_web_address(url: &str) -> bool {
    const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let on_loopback = |base: &&str| url.strip_prefix(*base).is_some_and(|rest| rest.starts_with([':', '/']));
    url.starts_with("https://") || LOOPBACK.iter().any(on_loopback)
}

pub(crate) fn parse_lookup(status: u16, body: &Value) -> Found {
    if status != 200 {
        return Found::Unreadable;
    }
    match LookUp::deserialize(body) {
        Ok(LookUp { found: false, .. }) => Found::Absent,
        Ok(LookUp { found: true, answer: Some(answer) }) => match answer_of(&answer) {
            Answer { verdict: Verdict::Unreadable, .. } => Found::Unreadable,
            answer => Found::Answer(answer),
        },
        _ => Found::Unreadable,
    }
}

/// A look-up wraps what the operation was answered: an object, or an error.
fn answer_of(answer: &Value) -> Answer {
    let status = if answer.get("error").is_some() { 400 } else { 200 };
    parse(status, answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn payment(status: &str) -> Value {
        json!({
            "id": "pay_1", "object": "payment", "reference": "op_1", "status": status, "amount": 2900, "currency": "usd",
            "captured": 2900, "refunded": 0, "decline": null, "challenge_url": null,
            "network_transaction_id": "nti1", "cvc_check": "pass",
        })
    }

    #[test]
    fn each_status_has_its_verdict_and_anything_else_is_unreadable_never_declined() {
        let mut declined = payment("declined");
        declined["decline"] =
            json!({"code": "insufficient_funds", "network_code": "51", "advice_code": null});
        let decline =
            Decline { code: "insufficient_funds".into(), network_code: Some("51".into()), advice_code: None };
        let mut challenge = payment("challenge");
        challenge["challenge_url"] = json!("http://127.0.0.1:4244/c");
        let mut hostile = challenge.clone();
        hostile["challenge_url"] = json!("javascript:alert(1)");
        let mut elsewhere = challenge.clone();
        elsewhere["challenge_url"] = json!("http://127.0.0.1.example/c");
        let table = [
            (200, payment("captured"), Verdict::Approved),
            (200, payment("authorised"), Verdict::Approved),
            (200, payment("verified"), Verdict::Approved),
            (200, declined, Verdict::Declined(decline)),
            (200, payment("declined"), Verdict::Unreadable),
            (200, challenge, Verdict::Challenge { url: "http://127.0.0.1:4244/c".into() }),
            (200, hostile, Verdict::Unreadable),
            (200, elsewhere, Verdict::Unreadable),
            (200, payment("challenge"), Verdict::Unreadable),
            (200, payment("something new"), Verdict::Unreadable),
            (200, payment("voided"), Verdict::Unreadable),
            (
                200,
                json!({"id": "void_1", "object": "void", "payment": "pay_1", "status": "voided"}),
                Verdict::Approved,
            ),
            (200, Value::Null, Verdict::Unreadable),
            (500, json!({"error": {"code": "x", "message": "y"}}), Verdict::Unreadable),
            (409, json!({"error": {"code": "key_in_use", "message": "y"}}), Verdict::Unreadable),
            (
                400,
                json!({"error": {"code": "amount_too_large", "message": "m"}}),
                Verdict::Refused { code: "amount_too_large".into(), message: "m".into() },
            ),
            (404, json!("not found"), Verdict::Unreadable),
        ];
        for (status, body, verdict) in table {
            assert_eq!(parse(status, &body).verdict, verdict, "{status} {body}");
        }
        assert_eq!(parse(200, &payment("captured")).processor_payment.as_deref(), Some("pay_1"));
    }

    #[test]
    fn a_debit_is_pending_paid_failed_or_taken_back() {
        let debit = |status: &str, code: Option<&str>, settled: bool| {
            json!({
                "id": "pay_1", "object": "debit", "reference": "op_1", "status": status, "amount": 5, "currency": "usd",
                "refunded": 0, "return_code": code, "settled": settled, "decline": null,
            })
        };
        let failed = |code: &str, network: &str| {
            let network_code = Some(network.to_owned());
            Verdict::Declined(Decline { code: code.into(), network_code, advice_code: None })
        };
        for (body, verdict) in [
            (debit("submitted", None, false), Verdict::Pending),
            (debit("pending", None, false), Verdict::Pending),
            (debit("settled", None, true), Verdict::Approved),
            (debit("returned", Some("R01"), false), failed("insufficient_funds", "R01")),
            (debit("returned", Some("R10"), false), failed("debit_not_authorized", "R10")),
            (debit("returned", Some("R77"), false), failed("could_not_process", "R77")),
            (debit("returned", Some("R10"), true), Verdict::Returned { code: "R10".into() }),
            (debit("returned", None, true), Verdict::Unreadable),
            (debit("something new", None, false), Verdict::Unreadable),
        ] {
            let answer = parse(200, &body);
            assert_eq!(answer.verdict, verdict, "{body}");
            assert_eq!(answer.processor_payment.as_deref(), Some("pay_1"), "{body}");
            let found = parse_lookup(200, &json!({"found": true, "answer": body}));
            let known = verdict != Verdict::Unreadable;
            assert_eq!(found == Found::Answer(answer), known, "{body}");
        }
        let deposits =
            |status: &str| json!({"id": "md_1", "object": "micro_deposits", "status": status, "arrives": 7});
        let sent = parse(200, &deposits("sent"));
        assert_eq!((sent.verdict, sent.arrives), (Verdict::Approved, Some(7)));
        assert_eq!(parse(200, &deposits("verified")).verdict, Verdict::Approved);
        assert_eq!(parse(200, &deposits("declined")).verdict, Verdict::Unreadable);
    }

    #[test]
    fn a_look_up_tells_absent_from_not_working() {
        assert_eq!(parse_lookup(200, &json!({"found": false, "answer": null})), Found::Absent);
        assert_eq!(parse_lookup(200, &json!({"found": true, "answer": null})), Found::Unreadable);
        assert_eq!(parse_lookup(200, &json!({})), Found::Unreadable);
        assert_eq!(parse_lookup(404, &json!({"found": false})), Found::Unreadable);
        let found = parse_lookup(200, &json!({"found": true, "answer": payment("captured")}));
        assert!(matches!(found, Found::Answer(Answer { verdict: Verdict::Approved, .. })));
    }
}
