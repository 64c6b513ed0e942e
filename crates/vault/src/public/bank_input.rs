//! A US bank account as a form says it.

use onfile_account_data::{BankAccountNumber, BankAccountNumberError};
use onfile_core::bank::RoutingNumber;

use super::error::ApiError;
use crate::form::Form;
use crate::record::{AccountKind, Holder, Number};

/// Reads `routing_number`, `account_number`, `account_holder_type` and `account_type` under `prefix`. The last two
/// default to a person's account for daily use, as on Stripe.
///
/// # Errors
/// What Stripe answers to the same mistake.
pub fn read_bank(form: &mut Form, prefix: &'static str) -> Result<Number, ApiError> {
    let key = |name: &str| format!("{prefix}[{name}]");
    let number_key = key("account_number");
    let number = form.secret(&number_key).ok_or_else(|| ApiError::missing(number_key.clone()))?;
    let number = BankAccountNumber::parse(number).map_err(|error| {
        let message = match error {
            BankAccountNumberError::NotDigits => "The bank account number must hold digits only.",
            BankAccountNumberError::WrongLength => "The bank account number must have 4 to 17 digits.",
        };
        ApiError::invalid(message).with_code("account_number_invalid", number_key.clone())
    })?;
    let routing_key = key("routing_number");
    let routing = form.text(&routing_key).ok_or_else(|| ApiError::missing(routing_key.clone()))?;
    let routing = RoutingNumber::parse(routing).map_err(|error| {
        ApiError::invalid(format!("Invalid routing number: {error}."))
            .with_code("routing_number_invalid", routing_key)
    })?;
    let holder = word(form, key("account_holder_type"), Holder::parse, "individual, company")?;
    let kind = word(form, key("account_type"), AccountKind::parse, "checking, savings")?;
    Ok(Number::Bank {
        number,
        routing,
        holder: holder.unwrap_or(Holder::Individual),
        kind: kind.unwrap_or(AccountKind::Checking),
    })
}

fn word<T>(
    form: &mut Form,
    key: String,
    parse: fn(&str) -> Option<T>,
    words: &str,
) -> Result<Option<T>, ApiError> {
    match form.text(&key).map(parse) {
        None => Ok(None),
        Some(Some(value)) => Ok(Some(value)),
        Some(None) => {
            let message = format!("Invalid {key}: must be one of {words}");
            Err(ApiError::invalid(message).with_code("parameter_invalid_string", key))
        }
    }
}
