//! A card as a form says it.

use jiff::Timestamp;
use onfile_account_data::{Cvc, Pan, PanError};
use onfile_core::card::{Expiry, ExpiryError};

use super::error::ApiError;
use crate::form::Form;
use crate::record::Number;

/// The most characters that an expiry field can hold.
const EXPIRY_CHARS_MAX: usize = 20;

/// A card that can be stored, and its security code, which cannot.
#[derive(Debug)]
pub struct CardInput {
    /// The card.
    pub number: Number,
    /// The code for the first authorisation.
    pub cvc: Option<Cvc>,
}

/// Reads `card[number]`, `card[exp_month]`, `card[exp_year]` and `card[cvc]`.
///
/// # Errors
/// What Stripe answers to the same mistake.
pub fn read_card(form: &mut Form, now: Timestamp) -> Result<CardInput, ApiError> {
    let number = form.secret("card[number]").ok_or_else(|| ApiError::missing("card[number]"))?;
    let pan = Pan::parse(number).map_err(number_error)?;
    let month = integer(form, "card[exp_month]")?;
    let year = integer(form, "card[exp_year]")?;
    let expiry = Expiry::parse(&month, &year, now).map_err(|error| expiry_error(error, &year, now))?;
    let cvc = form.secret("card[cvc]").map(|code| Cvc::parse(code, pan.brand())).transpose();
    let cvc =
        cvc.map_err(|_| ApiError::card("invalid_cvc", "cvc", "Your card's security code is invalid."))?;
    Ok(CardInput { number: Number::Card { pan, expiry }, cvc })
}

fn number_error(error: PanError) -> ApiError {
    match error {
        PanError::Checksum => ApiError::card("incorrect_number", "number", "Your card number is incorrect."),
        PanError::NotDigits | PanError::Incomplete | PanError::WrongLength | PanError::UnknownBrand => {
            ApiError::card("invalid_number", "number", "The card number is not a valid credit card number.")
        }
    }
}

/// A past month of this year is the month's mistake, a past year the year's.
fn expiry_error(error: ExpiryError, year: &str, now: Timestamp) -> ApiError {
    match error {
        ExpiryError::Month => {
            ApiError::card("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
        }
        ExpiryError::Year => {
            ApiError::card("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
        }
        ExpiryError::Past => {
            let this_year = now.to_zoned(jiff::tz::TimeZone::UTC).year().to_string();
            let param = if this_year.ends_with(year) { "exp_month" } else { "exp_year" };
            ApiError::card("expired_card", param, "Your card has expired.")
        }
    }
}

/// The digits of an integer parameter.
fn integer(form: &mut Form, key: &'static str) -> Result<String, ApiError> {
    let text = form.text(key).ok_or_else(|| ApiError::missing(key))?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if text.len() <= EXPIRY_CHARS_MAX && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    // What was typed is not repeated: it may be a card number in the wrong field.
    Err(ApiError::invalid(format!("Invalid integer: {key}")).with_code("parameter_invalid_integer", key))
}
