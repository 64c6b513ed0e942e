//! Amounts in a currency that is known, and in several.

use std::collections::BTreeMap;

use onfile_core::currency::Currency;
use onfile_core::money::{AMOUNT_MAX, Amount};

use crate::wire::error::{ApiError, quoted};
use crate::wire::params::Params;

/// An amount that can be charged in this currency.
///
/// # Errors
/// Says what is wrong with it.
pub fn amount(params: &mut Params, name: &str, currency: Currency) -> Result<Option<i64>, ApiError> {
    let Some(amount) = params.integer_within(name, 1, AMOUNT_MAX)? else { return Ok(None) };
    Amount::new(amount, currency).map(|amount| Some(amount.minor())).map_err(|error| {
        ApiError::invalid(params.name(name), "parameter_invalid_integer", format!("Invalid amount: {error}."))
    })
}

/// `currency_options[eur][amount_off]=500`: an amount for each currency that is named.
///
/// # Errors
/// Names what is no currency and no amount.
pub fn amounts(params: &mut Params, field: &str) -> Result<BTreeMap<Currency, i64>, ApiError> {
    let mut amounts = BTreeMap::new();
    let Some(mut options) = params.group("currency_options")? else { return Ok(amounts) };
    for code in options.keys() {
        let currency = Currency::parse(&code).map_err(|_| {
            let message = format!("Invalid currency: {}. Use a code such as usd or eur.", quoted(&code));
            ApiError::invalid(options.name(&quoted(&code)), None, message)
        })?;
        let Some(mut option) = options.group(&code)? else { continue };
        let given = amount(&mut option, field, currency)?;
        amounts.insert(currency, given.ok_or_else(|| ApiError::missing(option.name(field)))?);
        option.finish()?;
    }
    options.finish()?;
    Ok(amounts)
}

/// A currency has an amount of its own or one among the options, not both.
///
/// # Errors
/// When it has both.
pub fn once(options: &BTreeMap<Currency, i64>, own: Option<Currency>) -> Result<(), ApiError> {
    match own.filter(|own| options.contains_key(own)) {
        None => Ok(()),
        Some(own) => {
            let message =
                format!("{own} has its amount already; `currency_options` is for other currencies.");
            Err(ApiError::invalid(format!("currency_options[{own}]"), None, message))
        }
    }
}
