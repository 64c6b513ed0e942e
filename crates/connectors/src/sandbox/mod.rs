//! The sandbox processor: JSON over HTTP, idempotent by key, looked up by reference.

mod answer;

pub(crate) use answer::{parse, parse_lookup};

use onfile_core::vault_contract::HttpMethod;
use serde_json::{Value, json};

use crate::{Draft, Request, SeenDeposits};

pub(crate) fn build(request: &Request<'_>, reference: &str) -> Draft {
    let (path, body) = match *request {
        Request::Authorise { amount, currency, capture, initiator, return_url } => (
            "/v1/payments".to_owned(),
            json!({
                "reference": reference, "amount": amount, "currency": currency, "capture": capture,
                "initiator": initiator, "return_url": return_url,
            }),
        ),
        Request::Verify { currency, initiator, return_url } => (
            "/v1/verifications".to_owned(),
            json!({ "reference": reference, "currency": currency, "initiator": initiator, "return_url": return_url }),
        ),
        Request::Complete { payment } => {
            (format!("/v1/payments/{payment}/complete"), json!({ "reference": reference }))
        }
        Request::Capture { payment, amount } => {
            (format!("/v1/payments/{payment}/captures"), json!({ "reference": reference, "amount": amount }))
        }
        Request::Void { payment } => {
            (format!("/v1/payments/{payment}/void"), json!({ "reference": reference }))
        }
        Request::Debit { amount, currency, initiator } => (
            "/v1/debits".to_owned(),
            json!({ "reference": reference, "amount": amount, "currency": currency, "initiator": initiator }),
        ),
        Request::RefundDebit { debit, amount } => {
            (format!("/v1/debits/{debit}/refunds"), json!({ "reference": reference, "amount": amount }))
        }
        Request::MicroDeposits => ("/v1/micro_deposits".to_owned(), json!({ "reference": reference })),
        Request::VerifyMicroDeposits { deposits, seen } => {
            let body = match seen {
                SeenDeposits::Amounts(amounts) => json!({ "reference": reference, "amounts": amounts }),
                SeenDeposits::Code(code) => json!({ "reference": reference, "descriptor_code": code }),
            };
            (format!("/v1/micro_deposits/{deposits}/verify"), body)
        }
        Request::Refund { payment, amount } => {
            (format!("/v1/payments/{payment}/refunds"), json!({ "reference": reference, "amount": amount }))
        }
    };
    Draft { method: HttpMethod::Post, path, body }
}

pub(crate) fn build_lookup(reference: &str) -> Draft {
    let path = format!("/v1/operations?reference={reference}");
    Draft { method: HttpMethod::Get, path, body: Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_draft_has_a_place_where_account_data_could_already_be() {
        let seen = [SeenDeposits::Amounts([32, 45]), SeenDeposits::Code("SM11AA".into())];
        let requests = [
            Request::Authorise {
                amount: 1,
                currency: "usd",
                capture: true,
                initiator: "customer",
                return_url: None,
            },
            Request::Verify {
                currency: "usd",
                initiator: "merchant",
                return_url: Some("https://a.example/"),
            },
            Request::Complete { payment: "pay_1" },
            Request::Capture { payment: "pay_1", amount: 5 },
            Request::Void { payment: "pay_1" },
            Request::Refund { payment: "pay_1", amount: 5 },
            Request::Debit { amount: 5, currency: "usd", initiator: "merchant" },
            Request::RefundDebit { debit: "pay_1", amount: 5 },
            Request::MicroDeposits,
            Request::VerifyMicroDeposits { deposits: "md_1", seen: &seen[0] },
            Request::VerifyMicroDeposits { deposits: "md_1", seen: &seen[1] },
        ];
        for request in requests {
            let draft = build(&request, "op_1");
            assert_eq!(draft.body.get("reference"), Some(&json!("op_1")), "{request:?}");
            for name in ["card", "bank_account"] {
                assert_eq!(draft.body.get(name), None, "{request:?}");
            }
            assert_eq!(draft.method, HttpMethod::Post);
        }
        assert_eq!(build_lookup("op_1").path, "/v1/operations?reference=op_1");
    }
}
