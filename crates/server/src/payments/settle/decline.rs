//! From a processor's no to the error that a merchant reads, in Stripe's vocabulary.

use onfile_connectors::{Decline, Verdict};
use onfile_core::operation::OperationState;

use crate::model::operation::Operation;
use crate::model::payment_intent::AttemptError;

use super::super::carry_out::Report;

/// Decline codes that have an error code of their own; all others are `card_declined`.
const OWN_CODES: [&str; 6] = [
    "expired_card",
    "incorrect_cvc",
    "incorrect_number",
    "processing_error",
    "authentication_required",
    "payment_intent_authentication_failure",
];

/// Why an attempt did not succeed; none when it did, or when that is not known.
pub(super) fn attempt_error(report: &Report, operation: &Operation) -> Option<AttemptError> {
    match (operation.state, report.answer.as_ref().map(|a| &a.verdict)) {
        (OperationState::Declined, Some(Verdict::Declined(decline))) => Some(declined(decline, operation)),
        (OperationState::Declined, Some(Verdict::Refused { code, message })) => {
            tracing::error!(operation = %operation.id, code, message, "the processor refused a request");
            Some(technical(operation, "The processor did not accept this request. Nothing was charged."))
        }
        (OperationState::Absent, _) => Some(technical(
            operation,
            "The payment did not reach the processor. Nothing was charged; it can be tried again.",
        )),
        _ => None,
    }
}

/// A bank debit that failed, as Stripe words it: the code itself, and no card's error.
fn debit_failed(decline: &Decline, operation: &Operation) -> AttemptError {
    AttemptError {
        code: decline.code.clone(),
        decline_code: None,
        advice_code: None,
        network_code: decline.network_code.clone().filter(|code| !code.is_empty()),
        message: debit_message(&decline.code).to_owned(),
        kind: "invalid_request_error".to_owned(),
        charge: None,
        payment_method: operation.doc.payment_method.clone(),
    }
}

fn debit_message(code: &str) -> &'static str {
    match code {
        "insufficient_funds" => "The customer's account has insufficient funds to cover this payment.",
        "account_closed" => "The customer's bank account has been closed.",
        "no_account" => "The bank account could not be located.",
        "debit_not_authorized" => "The customer has notified their bank that this payment was unauthorized.",
        "bank_account_restricted" => "The customer's bank account does not allow debits.",
        "payment_method_currency_mismatch" => "The bank account does not support this currency.",
        "payment_method_microdeposit_failed" => "The micro-deposits could not be sent to this bank account.",
        _ => "The customer's bank could not process this payment.",
    }
}

fn declined(decline: &Decline, operation: &Operation) -> AttemptError {
    if operation.doc.bank_account {
        return debit_failed(decline, operation);
    }
    let own = OWN_CODES.iter().find(|code| **code == decline.code);
    let code = match (decline.code.as_str(), own) {
        ("authentication_failed", _) => "payment_intent_authentication_failure",
        (_, Some(own)) => own,
        (_, None) => "card_declined",
    };
    AttemptError {
        code: code.to_owned(),
        decline_code: Some(decline.code.clone()),
        advice_code: decline.advice_code.clone(),
        network_code: decline.network_code.clone(),
        message: message(&decline.code).to_owned(),
        kind: "card_error".to_owned(),
        charge: None,
        payment_method: operation.doc.payment_method.clone(),
    }
}

fn technical(operation: &Operation, message: &str) -> AttemptError {
    AttemptError {
        code: "processing_error".to_owned(),
        decline_code: None,
        advice_code: None,
        network_code: None,
        message: message.to_owned(),
        kind: "api_error".to_owned(),
        charge: None,
        payment_method: operation.doc.payment_method.clone(),
    }
}

/// What a customer may read. Reasons that would help a thief (lost, stolen, fraud) read like any other refusal.
fn message(decline_code: &str) -> &'static str {
    match decline_code {
        "insufficient_funds" => "Your card has insufficient funds.",
        "expired_card" => "Your card has expired.",
        "incorrect_cvc" => "Your card's security code is incorrect.",
        "incorrect_number" => "Your card number is incorrect.",
        "processing_error" => "An error occurred while processing your card. Try again in a little bit.",
        "authentication_required" => {
            "Your card was declined. This transaction requires authentication by the cardholder."
        }
        "authentication_failed" | "payment_intent_authentication_failure" => {
            "We are unable to authenticate your payment method. Please choose a different payment method and try again."
        }
        "card_velocity_exceeded" => "Your card was declined for making repeated attempts too frequently.",
        _ => "Your card was declined.",
    }
}
