//! Charges.

use onfile_core::ach::ReturnCode;
use onfile_core::ids::Id;
use onfile_core::vault_contract::{BankDetails, CardDetails, Details};
use serde_json::{Value, json};

use super::{Context, balance_transaction, parts, payment_method};
use crate::model::charge::Charge;

/// How long issuers hold an authorised amount: seven days (Stripe, "Place a hold on a payment method").
const AUTHORISATION_SECONDS: i64 = 7 * 86_400;

/// `succeeded`, `pending` or `failed`.
pub fn status(charge: &Charge) -> &'static str {
    match (&charge.error, charge.paid) {
        (Some(_), _) => "failed",
        (None, true) => "succeeded",
        (None, false) => "pending",
    }
}

/// Whether all of it was given back.
pub fn is_refunded(charge: &Charge) -> bool {
    charge.voided || (charge.amount_captured > 0 && given_back(charge) >= charge.amount_captured)
}

/// What is released uncaptured counts as given back, as Stripe has it.
fn given_back(charge: &Charge) -> i64 {
    if charge.voided { charge.amount } else { charge.amount_refunded }
}

/// A charge.
pub fn charge(context: &Context<'_>, charge: &Charge) -> Value {
    let refunded = given_back(charge);
    json!({
        "id": charge.id.as_str(),
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount_captured,
        "amount_refunded": refunded,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": balance_transaction::id_of_charge(charge).map(|id| id.to_string()),
        "billing_details": parts::billing(&charge.billing),
        "calculated_statement_descriptor": charge.statement_descriptor,
        "captured": charge.captured,
        "created": charge.created,
        "currency": charge.currency.as_str(),
        "customer": charge.customer.as_ref().map(Id::as_str),
        "description": charge.description,
        "disputed": charge.disputed,
        "failure_balance_transaction": null,
        "failure_code": charge.error.as_ref().map(|e| e.code.as_str()),
        "failure_message": charge.error.as_ref().map(|e| e.message.as_str()),
        "fraud_details": {},
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&charge.metadata),
        "on_behalf_of": null,
        "onfile": onfile(charge),
        "outcome": outcome(charge),
        "paid": charge.paid,
        "payment_intent": charge.payment_intent.as_str(),
        "payment_method": charge.payment_method.as_str(),
        "payment_method_details": details(charge),
        "radar_options": {},
        "receipt_email": charge.receipt_email,
        "receipt_number": null,
        "receipt_url": charge.paid.then(|| parts::receipt_url(context, &charge.receipt_token)),
        "refunded": is_refunded(charge),
        "review": null,
        "shipping": parts::shipping(charge.shipping.as_ref()),
        "source": null,
        "source_transfer": null,
        "statement_descriptor": charge.statement_descriptor,
        "statement_descriptor_suffix": charge.statement_descriptor_suffix,
        "status": status(charge),
        "transfer_data": null,
        "transfer_group": charge.transfer_group,
    })
}

/// What Stripe has no field for: whether a debit that came back may be presented again, and which presentment it was.
fn onfile(charge: &Charge) -> Value {
    let class = charge.return_code.as_deref().map(|code| ReturnCode::of(code).class.as_str());
    json!({ "presentment": charge.presentment, "return_class": class, "return_code": charge.return_code })
}

/// What the issuer said; null while nobody knows.
fn outcome(charge: &Charge) -> Value {
    let (kind, network_status, message, error) = match (&charge.error, charge.paid) {
        (None, false) => return Value::Null,
        (None, true) => ("authorized", "approved_by_network", "Payment complete.".to_owned(), None),
        (Some(error), _) if charge.return_code.is_some() => {
            ("issuer_declined", "declined_by_network", error.message.clone(), Some(error))
        }
        (Some(error), _) if error.kind == "card_error" => {
            let code = error.decline_code.as_deref().unwrap_or(&error.code);
            let message = format!("The bank returned the decline code `{code}`.");
            ("issuer_declined", "declined_by_network", message, Some(error))
        }
        (Some(error), _) => ("invalid", "not_sent_to_network", error.message.clone(), Some(error)),
    };
    json!({
        "advice_code": error.and_then(|e| e.advice_code.as_deref()),
        "network_advice_code": null,
        "network_decline_code": error.and_then(|e| e.network_code.as_deref()),
        "network_status": network_status,
        "reason": error.map(|e| e.decline_code.as_deref().unwrap_or(&e.code)),
        "risk_level": "not_assessed",
        "seller_message": message,
        "type": kind,
    })
}

fn details(charge: &Charge) -> Value {
    match &charge.details {
        Details::Card(card) => json!({ "card": card_details(charge, card), "type": "card" }),
        Details::UsBankAccount(bank) => {
            json!({ "type": "us_bank_account", "us_bank_account": bank_details(charge, bank) })
        }
    }
}

fn card_details(charge: &Charge, card: &CardDetails) -> Value {
    let mut details = json!({
        "amount_authorized": charge.paid.then_some(charge.amount),
        "authorization_code": null,
        "brand": card.brand,
        "checks": payment_method::checks(charge.cvc_check.as_deref()),
        "country": card.country,
        "electronic_commerce_indicator": null,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "extended_authorization": { "status": "disabled" },
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "incremental_authorization": { "status": "unavailable" },
        "installments": null,
        "last4": card.last4,
        "mandate": null,
        "multicapture": { "status": "unavailable" },
        "network": card.brand,
        "network_token": { "used": false },
        "network_transaction_id": charge.network_id,
        "overcapture": { "maximum_amount_capturable": charge.amount, "status": "unavailable" },
        "regulated_status": null,
        "three_d_secure": three_d_secure(charge),
        "transaction_link_id": null,
        "wallet": null,
    });
    if let (true, Some(fields)) = (charge.captured_later, details.as_object_mut()) {
        fields.insert("capture_before".to_owned(), (charge.created + AUTHORISATION_SECONDS).into());
    }
    details
}

fn three_d_secure(charge: &Charge) -> Value {
    if !charge.authenticated {
        return Value::Null;
    }
    json!({
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": null,
        "exemption_indicator": null,
        "result": "authenticated",
        "result_reason": null,
        "transaction_id": null,
        "version": null,
    })
}

fn bank_details(charge: &Charge, bank: &BankDetails) -> Value {
    let mut details = json!({
        "account_holder_type": bank.account_holder_type,
        "account_type": bank.account_type,
        "bank_name": bank.bank_name,
        "fingerprint": bank.fingerprint,
        "last4": bank.last4,
        "payment_reference": null,
        "routing_number": bank.routing_number,
    });
    if let (Some(mandate), Some(fields)) = (&charge.mandate, details.as_object_mut()) {
        fields.insert("mandate".to_owned(), mandate.as_str().into());
    }
    details
}
