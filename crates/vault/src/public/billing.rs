//! Who pays, as a form says it.

use onfile_core::vault_contract::{Address, Billing};
use onfile_service::lookalikes::holds_card_number;

use super::error::ApiError;
use crate::form::Form;

/// The most characters of one field.
const CHARS_MAX: usize = 500;

/// Reads `billing_details[…]`.
///
/// # Errors
/// As [`text`].
pub fn read_billing_details(form: &mut Form) -> Result<Billing, ApiError> {
    Ok(Billing {
        name: text(form, "billing_details[name]")?,
        email: text(form, "billing_details[email]")?,
        phone: text(form, "billing_details[phone]")?,
        address: Address {
            line1: text(form, "billing_details[address][line1]")?,
            line2: text(form, "billing_details[address][line2]")?,
            city: text(form, "billing_details[address][city]")?,
            state: text(form, "billing_details[address][state]")?,
            postal_code: text(form, "billing_details[address][postal_code]")?,
            country: text(form, "billing_details[address][country]")?,
        },
    })
}

/// Reads `card[name]` and `card[address_…]`.
///
/// # Errors
/// As [`text`].
pub fn read_card_billing(form: &mut Form) -> Result<Billing, ApiError> {
    Ok(Billing {
        name: text(form, "card[name]")?,
        email: None,
        phone: None,
        address: Address {
            line1: text(form, "card[address_line1]")?,
            line2: text(form, "card[address_line2]")?,
            city: text(form, "card[address_city]")?,
            state: text(form, "card[address_state]")?,
            postal_code: text(form, "card[address_zip]")?,
            country: text(form, "card[address_country]")?,
        },
    })
}

/// A field that leaves the vault in a descriptor: neither over-long nor a card number in the wrong place.
///
/// # Errors
/// 400.
pub fn text(form: &mut Form, key: &'static str) -> Result<Option<String>, ApiError> {
    let Some(text) = form.text(key) else { return Ok(None) };
    if holds_card_number(text) {
        let message = format!("{key} holds what looks like a card number; nothing was stored.");
        return Err(ApiError::invalid(message).with_code("parameter_invalid_string", key));
    }
    if text.chars().count() > CHARS_MAX {
        let message = format!("Invalid {key}: must be at most {CHARS_MAX} characters");
        return Err(ApiError::invalid(message).with_code("parameter_invalid_string", key));
    }
    Ok(Some(text.to_owned()))
}
