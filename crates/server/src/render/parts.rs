//! What several objects have in common.

use onfile_core::vault_contract::{Address, Billing};
use serde_json::{Map, Number, Value, json};

use super::Context;
use crate::model::invoice::Invoice;
use crate::model::payment_intent::{AttemptError, Challenge, MicroDeposits};
use crate::model::{Metadata, Shipping};
use crate::pages::{invoices, verifications};

/// Metadata, keys in order.
pub fn metadata(metadata: &Metadata) -> Value {
    Value::Object(metadata.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect())
}

/// A decimal as a number of JSON, digit by digit: nothing here is a float.
pub fn number(decimal: &str) -> Option<Number> {
    decimal.parse().ok()
}

/// An address with all its parts.
pub fn address(address: &Address) -> Value {
    json!({
        "city": address.city,
        "country": address.country,
        "line1": address.line1,
        "line2": address.line2,
        "postal_code": address.postal_code,
        "state": address.state,
    })
}

/// Who pays.
pub fn billing(billing: &Billing) -> Value {
    json!({
        "address": address(&billing.address),
        "email": billing.email,
        "name": billing.name,
        "phone": billing.phone,
        "tax_id": null,
    })
}

/// Where goods go; null when nowhere.
pub fn shipping(shipping: Option<&Shipping>) -> Value {
    match shipping {
        None => Value::Null,
        Some(shipping) => json!({
            "address": address(&shipping.address),
            "carrier": shipping.carrier,
            "name": shipping.name.as_deref().unwrap_or_default(),
            "phone": shipping.phone,
            "tracking_number": shipping.tracking_number,
        }),
    }
}

/// Shipping of a customer, which has fewer parts.
pub fn customer_shipping(shipping: Option<&Shipping>) -> Value {
    match shipping {
        None => Value::Null,
        Some(shipping) => json!({
            "address": address(&shipping.address),
            "name": shipping.name.as_deref().unwrap_or_default(),
            "phone": shipping.phone,
        }),
    }
}

/// What waits for the customer; `page` is where they can tell us of micro-deposits.
pub fn next_action(
    challenge: Option<&Challenge>,
    return_url: Option<&str>,
    deposits: Option<&MicroDeposits>,
    page: &str,
) -> Value {
    if let Some(deposits) = deposits {
        return json!({
            "type": "verify_with_microdeposits",
            "verify_with_microdeposits": {
                "arrival_date": deposits.arrives,
                "hosted_verification_url": page,
                "microdeposit_type": "amounts",
            },
        });
    }
    match challenge {
        None => Value::Null,
        Some(challenge) => json!({
            "redirect_to_url": { "return_url": return_url, "url": challenge.url },
            "type": "redirect_to_url",
        }),
    }
}

/// Why the last attempt failed, with the method that was tried where it is still known.
pub fn last_error(error: Option<&AttemptError>, method: Option<Value>) -> Value {
    let Some(error) = error else { return Value::Null };
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value.into());
        }
    };
    put("advice_code", error.advice_code.as_deref());
    put("charge", error.charge.as_ref().map(onfile_core::ids::Id::as_str));
    put("code", Some(&error.code));
    put("decline_code", error.decline_code.as_deref());
    put("message", Some(&error.message));
    put("network_decline_code", error.network_code.as_deref());
    put("type", Some(&error.kind));
    if let Some(method) = method {
        fields.insert("payment_method".to_owned(), method);
    }
    Value::Object(fields)
}

/// `automatic_payment_methods`. Redirects are for 3-D Secure alone, which every card may ask for.
pub fn automatic(enabled: bool) -> Value {
    if enabled { json!({ "allow_redirects": "always", "enabled": true }) } else { Value::Null }
}

/// Where the customer can tell us of micro-deposits. The client secret lets them.
pub fn verification_url(context: &Context<'_>, client_secret: &str) -> String {
    format!("{}{}", context.public_url, verifications::path_of(&context.account.id, client_secret))
}

/// `payment_method_options[us_bank_account]`.
pub fn bank_options() -> Value {
    json!({ "mandate_options": {}, "verification_method": "automatic" })
}

/// Where a customer sees and pays an invoice.
pub fn invoice_url(context: &Context<'_>, invoice: &Invoice) -> String {
    format!("{}{}", context.public_url, invoices::path_of(&context.account.id, invoice))
}

/// Where a receipt is shown.
pub fn receipt_url(context: &Context<'_>, token: &str) -> String {
    format!("{}/receipts/{}_{token}", context.public_url, crate::wire::auth::tail(&context.account.id))
}
