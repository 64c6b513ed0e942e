//! Payment methods.

use onfile_core::ach::ReturnCode;
use onfile_core::card::{CardLabel, Expiry};
use onfile_core::ids::Id;
use onfile_core::vault_contract::{BankDetails, CardDetails, Details};
use serde_json::{Map, Value, json};

use super::{Context, parts};
use crate::model::payment_method::PaymentMethod;

/// A payment method; `customer_number` gives it its label for the phone.
pub fn payment_method(context: &Context<'_>, method: &PaymentMethod, customer_number: Option<u64>) -> Value {
    let (kind, details) = match &method.details {
        Details::Card(card) => ("card", card_details(card, method.cvc_check.as_deref())),
        Details::UsBankAccount(bank) => ("us_bank_account", bank_details(bank, method)),
    };
    let mut object = json!({
        "id": method.id.as_str(),
        "object": "payment_method",
        "allow_redisplay": method.allow_redisplay,
        "billing_details": parts::billing(&method.billing),
        "created": method.created,
        "customer": method.customer.as_ref().map(Id::as_str),
        "customer_account": null,
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&method.metadata),
        "onfile": onfile(context, method, customer_number),
        "type": kind,
    });
    if let Some(fields) = object.as_object_mut() {
        fields.insert(kind.to_owned(), details);
    }
    object
}

/// The return codes that the wire has a word for.
const BLOCKING_CODES: [&str; 12] =
    ["R02", "R03", "R04", "R05", "R07", "R08", "R10", "R11", "R16", "R20", "R29", "R31"];

/// What Stripe has no field for.
fn onfile(context: &Context<'_>, method: &PaymentMethod, customer_number: Option<u64>) -> Value {
    let mut fields = Map::new();
    fields.insert("consent".into(), method.consent.as_ref().map(Id::as_str).into());
    if method.is_bank_account() {
        fields.insert("mandate".into(), method.mandate.as_ref().map(Id::as_str).into());
        fields.insert("verified".into(), method.verified.into());
    }
    if let Details::Card(card) = &method.details {
        let label = customer_number.and_then(|n| CardLabel::new(n, &card.first6, &card.last4));
        fields.insert("label".into(), label.map(|label| label.to_string()).into());
        fields.insert("expired".into(), is_expired(context, card).into());
    }
    Value::Object(fields)
}

/// Whether the card's last month has ended everywhere on earth.
pub fn is_expired(context: &Context<'_>, card: &CardDetails) -> bool {
    Expiry::new(card.exp_month, card.exp_year).is_ok_and(|expiry| expiry.is_expired(context.now))
}

/// A check that nobody made is null.
pub fn checks(cvc_check: Option<&str>) -> Value {
    json!({ "address_line1_check": null, "address_postal_code_check": null, "cvc_check": cvc_check })
}

fn card_details(card: &CardDetails, cvc_check: Option<&str>) -> Value {
    json!({
        "brand": card.brand,
        "checks": checks(cvc_check),
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_from": null,
        "last4": card.last4,
        "networks": { "available": [card.brand], "preferred": null },
        "regulated_status": null,
        "three_d_secure_usage": { "supported": true },
        "wallet": null,
    })
}

fn bank_details(bank: &BankDetails, method: &PaymentMethod) -> Value {
    let blocked = method.blocked.as_deref().and_then(|code| {
        let reason = ReturnCode::of(code).blocks()?;
        let known = BLOCKING_CODES.contains(&code).then_some(code);
        Some(json!({ "blocked": { "network_code": known, "reason": reason } }))
    });
    json!({
        "account_holder_type": bank.account_holder_type,
        "account_type": bank.account_type,
        "bank_name": bank.bank_name,
        "financial_connections_account": null,
        "fingerprint": bank.fingerprint,
        "last4": bank.last4,
        "networks": { "preferred": "ach", "supported": ["ach"] },
        "routing_number": bank.routing_number,
        "status_details": blocked.unwrap_or_else(|| json!({})),
    })
}
