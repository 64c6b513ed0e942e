//! What requests say of prices.

use onfile_core::currency::Currency;
use onfile_core::ids::{PriceId, ProductId};
use onfile_core::interval::Interval;
use onfile_core::money::AMOUNT_MAX;
use onfile_core::unit_amount::UnitAmount;

use super::intent_params::currency;
use crate::model::price::{Price, Recurring, TaxBehavior};
use crate::wire::error::{ApiError, quoted};
use crate::wire::params::{Given, MetadataPatch, Params, TEXT_MAX};

/// Stripe's limit.
pub const LOOKUP_KEY_MAX: usize = 200;
/// Ways to price that this server does not have. Whoever asks for one must not get another price instead.
const UNBUILT: [&str; 5] =
    ["currency_options", "custom_unit_amount", "tiers", "tiers_mode", "transform_quantity"];

/// What is charged, and how often: what never changes of a price.
#[derive(Debug)]
pub struct Terms {
    currency: Currency,
    unit_amount: UnitAmount,
    recurring: Option<Recurring>,
    tax_behavior: TaxBehavior,
    metadata: MetadataPatch,
}

/// What can be changed of a price.
#[derive(Debug)]
pub struct Patch {
    /// Whether it can be used for new purchases.
    pub active: Option<bool>,
    /// Whether its lookup key is taken from the price that has it.
    pub transfer_lookup_key: bool,
    nickname: Given<String>,
    lookup_key: Given<String>,
}

/// The terms of a new price: the parameters of `POST /v1/prices`, or those of `default_price_data`.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn terms(params: &mut Params) -> Result<Terms, ApiError> {
    unbuilt(params)?;
    let currency = currency(params)?.ok_or_else(|| ApiError::missing(params.name("currency")))?;
    Ok(Terms {
        currency,
        unit_amount: unit_amount(params, currency)?,
        recurring: recurring(params)?,
        tax_behavior: tax_behavior(params)?.unwrap_or(TaxBehavior::Unspecified),
        metadata: params.metadata()?,
    })
}

/// What can be said of a price besides its terms, now and later.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn patch(params: &mut Params) -> Result<Patch, ApiError> {
    unbuilt(params)?;
    Ok(Patch {
        active: params.boolean("active")?,
        transfer_lookup_key: params.boolean("transfer_lookup_key")?.unwrap_or(false),
        nickname: params.text_or_unset("nickname", TEXT_MAX)?,
        lookup_key: params.text_or_unset("lookup_key", LOOKUP_KEY_MAX)?,
    })
}

/// `tax_behavior`.
///
/// # Errors
/// Another word.
pub fn tax_behavior(params: &mut Params) -> Result<Option<TaxBehavior>, ApiError> {
    Ok(params.word("tax_behavior", &TaxBehavior::WORDS)?.and_then(TaxBehavior::parse))
}

impl Terms {
    /// An active price on these terms.
    ///
    /// # Errors
    /// More metadata than there may be.
    pub fn price(self, id: PriceId, created: i64, product: ProductId) -> Result<Price, ApiError> {
        Ok(Price {
            id,
            created,
            product,
            active: true,
            currency: self.currency,
            unit_amount: self.unit_amount,
            recurring: self.recurring,
            tax_behavior: self.tax_behavior,
            nickname: None,
            lookup_key: None,
            metadata: self.metadata.into_new()?,
        })
    }
}

impl Patch {
    /// Applies it.
    pub fn apply(self, price: &mut Price) {
        price.active = self.active.unwrap_or(price.active);
        self.nickname.apply(&mut price.nickname);
        self.lookup_key.apply(&mut price.lookup_key);
    }
}

fn unsupported(param: String, instead: &str) -> ApiError {
    let message = format!("{param} is not supported by this server. {instead}");
    ApiError::invalid(param, None, message)
}

fn unbuilt(params: &Params) -> Result<(), ApiError> {
    match UNBUILT.into_iter().find(|name| params.has(name)) {
        Some(name) => Err(unsupported(params.name(name), "Use unit_amount or unit_amount_decimal.")),
        None => Ok(()),
    }
}

/// `billing_scheme`, which must be `per_unit`.
///
/// # Errors
/// Another word.
pub fn billing_scheme(params: &mut Params) -> Result<(), ApiError> {
    match params.word("billing_scheme", &["per_unit", "tiered"])? {
        Some("tiered") => {
            let message =
                "billing_scheme=tiered is not supported by this server. Use billing_scheme=per_unit.";
            Err(ApiError::invalid("billing_scheme", None, message))
        }
        _ => Ok(()),
    }
}

fn unit_amount(params: &mut Params, currency: Currency) -> Result<UnitAmount, ApiError> {
    let whole = params.integer_within("unit_amount", 0, AMOUNT_MAX)?;
    let decimal = params.text("unit_amount_decimal", TEXT_MAX)?;
    match (whole, decimal) {
        (Some(whole), None) => UnitAmount::whole(whole, currency).map_err(|error| {
            let message = format!("Invalid amount: {error}.");
            ApiError::invalid(params.name("unit_amount"), "parameter_invalid_integer", message)
        }),
        (None, Some(decimal)) => UnitAmount::parse(&decimal).map_err(|error| {
            let message = format!("Invalid decimal: {}; {error}.", quoted(&decimal));
            ApiError::invalid(params.name("unit_amount_decimal"), None, message)
        }),
        (None, None) => {
            let message = "Prices require a `unit_amount` or `unit_amount_decimal` parameter to be set.";
            Err(ApiError::invalid(params.name("unit_amount"), "parameter_missing", message))
        }
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: unit_amount, unit_amount_decimal.";
            Err(ApiError::invalid(params.name("unit_amount_decimal"), "parameters_exclusive", message))
        }
    }
}

fn recurring(params: &mut Params) -> Result<Option<Recurring>, ApiError> {
    let Some(mut group) = params.group("recurring")? else { return Ok(None) };
    let interval = interval(&mut group)?.ok_or_else(|| ApiError::missing(group.name("interval")))?;
    let count = group.integer_within("interval_count", 1, interval.count_max().into())?.unwrap_or(1);
    usage_type(&mut group)?;
    for (name, instead) in [
        ("meter", "What is used is not metered: charge a quantity."),
        ("trial_period_days", "A trial belongs to the subscription."),
    ] {
        if group.has(name) {
            return Err(unsupported(group.name(name), instead));
        }
    }
    group.finish()?;
    Ok(Some(Recurring { interval, interval_count: u32::try_from(count).unwrap_or(1) }))
}

/// `interval`.
///
/// # Errors
/// Another word.
pub fn interval(params: &mut Params) -> Result<Option<Interval>, ApiError> {
    Ok(params.word("interval", &Interval::ALL.map(Interval::as_str))?.and_then(Interval::parse))
}

/// `usage_type`, which must be `licensed`; whether it was sent.
///
/// # Errors
/// Another word.
pub fn usage_type(params: &mut Params) -> Result<bool, ApiError> {
    match params.word("usage_type", &["licensed", "metered"])? {
        Some("metered") => {
            let message = "usage_type=metered is not supported by this server. Use usage_type=licensed.";
            Err(ApiError::invalid(params.name("usage_type"), None, message))
        }
        given => Ok(given.is_some()),
    }
}
