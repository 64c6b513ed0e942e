//! What requests say of coupons.

use std::collections::BTreeMap;

use onfile_core::currency::Currency;
use onfile_core::discount::{Duration, Off};
use onfile_core::ids::{CouponId, ID_LEN_MAX, Id, ProductId};

use super::currency_params::{amount, amounts, once};
use super::intent_params::currency;
use super::percent_params::percent;
use crate::app::App;
use crate::model::coupon::{Coupon, Terms};
use crate::wire::error::ApiError;
use crate::wire::params::{Given, MetadataPatch, Params};

/// Stripe's limits.
const NAME_MAX: usize = 40;
const REDEEM_WITHIN_SECONDS: i64 = 5 * 366 * 86_400;
/// The longest discount that repeats: a hundred years.
const MONTHS_MAX: i64 = 1_200;
/// How often something can be redeemed at most.
pub const REDEMPTIONS_MAX: i64 = 2_000_000_000;
/// Digits of an id that nobody chose: 47 bits, which nobody has to guess, since a coupon is redeemed by the merchant.
const ID_DIGITS: usize = 8;

/// A new coupon.
#[derive(Debug)]
pub struct NewCoupon {
    id: Option<CouponId>,
    /// What it takes off.
    pub terms: Terms,
    name: Option<String>,
    max_redemptions: Option<u32>,
    redeem_by: Option<i64>,
    metadata: MetadataPatch,
}

/// What can be changed of a coupon.
#[derive(Debug)]
pub struct Patch {
    name: Given<String>,
    metadata: MetadataPatch,
    currency_options: BTreeMap<Currency, i64>,
}

/// A new coupon.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn new(params: &mut Params, now: i64) -> Result<NewCoupon, ApiError> {
    Ok(NewCoupon {
        id: chosen_id(params)?,
        terms: terms(params)?,
        name: params.text("name", NAME_MAX)?,
        max_redemptions: max_redemptions(params)?,
        redeem_by: redeem_by(params, now)?,
        metadata: params.metadata()?,
    })
}

/// All that can be changed.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn patch(params: &mut Params) -> Result<Patch, ApiError> {
    Ok(Patch {
        name: params.text_or_unset("name", NAME_MAX)?,
        metadata: params.metadata()?,
        currency_options: amounts(params, "amount_off")?,
    })
}

impl NewCoupon {
    /// Makes it.
    ///
    /// # Errors
    /// More metadata than there may be.
    pub fn make(self, app: &App) -> Result<Coupon, ApiError> {
        Ok(Coupon {
            id: self.id.unwrap_or_else(|| CouponId::from_trusted(app.ids.secret(ID_DIGITS))),
            place: app.ids.next(),
            created: app.now_seconds(),
            name: self.name,
            terms: self.terms,
            max_redemptions: self.max_redemptions,
            redeem_by: self.redeem_by,
            times_redeemed: 0,
            metadata: self.metadata.into_new()?,
        })
    }
}

impl Patch {
    /// Applies it.
    ///
    /// # Errors
    /// More metadata than there may be, amounts of a coupon that has none.
    pub fn apply(self, coupon: &mut Coupon) -> Result<(), ApiError> {
        if !self.currency_options.is_empty() && coupon.terms.currency.is_none() {
            return Err(not_of_percent("currency_options"));
        }
        once(&self.currency_options, coupon.terms.currency)?;
        coupon.terms.currency_options.extend(self.currency_options);
        self.name.apply(&mut coupon.name);
        self.metadata.apply(&mut coupon.metadata)
    }
}

/// `max_redemptions`, of a coupon or of a code.
///
/// # Errors
/// What is no positive number.
pub fn max_redemptions(params: &mut Params) -> Result<Option<u32>, ApiError> {
    let most = params.integer_within("max_redemptions", 1, REDEMPTIONS_MAX)?;
    Ok(most.and_then(|most| u32::try_from(most).ok()))
}

fn chosen_id(params: &mut Params) -> Result<Option<CouponId>, ApiError> {
    let Some(text) = params.text("id", ID_LEN_MAX)? else { return Ok(None) };
    let message = "Invalid coupon id: use letters, digits, underscores, hyphens and dots.";
    CouponId::parse(&text).map(Some).ok_or_else(|| ApiError::invalid("id", None, message))
}

fn terms(params: &mut Params) -> Result<Terms, ApiError> {
    let share = percent(params, "percent_off")?;
    let currency = currency(params)?;
    let (off, currency) = match (share, params.has("amount_off")) {
        (Some(_), true) => {
            let message = "You may only specify one of these parameters: amount_off, percent_off.";
            return Err(ApiError::invalid("amount_off", "parameters_exclusive", message));
        }
        (Some(share), false) if share.is_zero() => {
            let message = "Invalid percent_off: it must be greater than 0 and at most 100.";
            return Err(ApiError::invalid("percent_off", None, message));
        }
        // A share is one of every currency.
        (Some(share), false) => (Off::Percent(share), None),
        (None, _) => {
            let currency = match currency {
                Some(currency) => currency,
                None if params.has("amount_off") => return Err(ApiError::missing("currency")),
                None => return Err(neither()),
            };
            let amount = amount(params, "amount_off", currency)?.ok_or_else(neither)?;
            (Off::Amount(amount), Some(currency))
        }
    };
    let currency_options = amounts(params, "amount_off")?;
    if !currency_options.is_empty() && currency.is_none() {
        return Err(not_of_percent("currency_options"));
    }
    once(&currency_options, currency)?;
    let duration = duration(params)?;
    Ok(Terms { off, currency, currency_options, products: products(params)?, duration })
}

fn neither() -> ApiError {
    let message = "You must pass either `percent_off` or `amount_off` with its `currency`.";
    ApiError::invalid("percent_off", "parameter_missing", message)
}

fn not_of_percent(param: &str) -> ApiError {
    let message =
        format!("`{param}` is for coupons with `amount_off`: a percentage is one of every currency.");
    ApiError::invalid(param, "parameters_exclusive", message)
}

fn duration(params: &mut Params) -> Result<Duration, ApiError> {
    let months = params.integer_within("duration_in_months", 1, MONTHS_MAX)?;
    let months = months.and_then(|months| u32::try_from(months).ok());
    match (params.word("duration", &["once", "repeating", "forever"])?, months) {
        (Some("repeating"), Some(months)) => Ok(Duration::Repeating { months }),
        (Some("repeating"), None) => Err(ApiError::missing("duration_in_months")),
        (_, Some(_)) => {
            let message = "`duration_in_months` is for `duration=repeating`.";
            Err(ApiError::invalid("duration_in_months", None, message))
        }
        (Some("forever"), None) => Ok(Duration::Forever),
        (_, None) => Ok(Duration::Once),
    }
}

/// `applies_to[products]`; whether they exist is asked later.
fn products(params: &mut Params) -> Result<Vec<ProductId>, ApiError> {
    let Some(mut group) = params.group("applies_to")? else { return Ok(Vec::new()) };
    let mut products = Vec::new();
    for id in group.texts("products", ID_LEN_MAX)?.value().unwrap_or_default() {
        let product = ProductId::parse(&id);
        let product = product.ok_or_else(|| ApiError::no_such("product", &id, PRODUCTS))?;
        if !products.contains(&product) {
            products.push(product);
        }
    }
    group.finish()?;
    Ok(products)
}

/// The parameter that names products.
pub const PRODUCTS: &str = "applies_to[products]";

fn redeem_by(params: &mut Params, now: i64) -> Result<Option<i64>, ApiError> {
    let Some(last) = params.time("redeem_by")? else { return Ok(None) };
    let message = if last <= now {
        "Invalid timestamp: it must lie in the future."
    } else if last > now.saturating_add(REDEEM_WITHIN_SECONDS) {
        "Invalid timestamp: it can be no more than five years in the future."
    } else {
        return Ok(Some(last));
    };
    Err(ApiError::invalid("redeem_by", None, message))
}
