//! What requests say of promotion codes.

use std::collections::BTreeMap;

use onfile_core::currency::Currency;
use onfile_core::ids::{CouponId, CustomerId};

use super::coupon_params::max_redemptions;
use super::currency_params::{amount, amounts, once};
use crate::app::App;
use crate::model::coupon::Coupon;
use crate::model::promotion_code::{PromotionCode, Restrictions, key};
use crate::wire::error::{ApiError, quoted};
use crate::wire::params::{MetadataPatch, Params};

/// The longest code: Stripe's limit.
pub const CODE_MAX: usize = 500;
/// Digits of a code that nobody chose: 41 bits.
const CODE_DIGITS: usize = 8;

/// A new promotion code.
#[derive(Debug)]
pub struct NewCode {
    /// Its coupon.
    pub coupon: CouponId,
    /// The parameter that named it.
    pub coupon_param: &'static str,
    /// Who alone can use it.
    pub customer: Option<CustomerId>,
    /// When it ends.
    pub expires_at: Option<i64>,
    /// How often it can be used.
    pub max_redemptions: Option<u32>,
    /// Whether it can be used at once.
    pub active: bool,
    code: Option<String>,
    restrictions: Restrictions,
    metadata: MetadataPatch,
}

/// What can be changed of a promotion code.
#[derive(Debug)]
pub struct Patch {
    /// Whether it can be used.
    pub active: Option<bool>,
    metadata: MetadataPatch,
    currency_options: BTreeMap<Currency, i64>,
}

/// A new promotion code.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn new(params: &mut Params, now: i64) -> Result<NewCode, ApiError> {
    let (coupon, coupon_param) = coupon(params)?;
    Ok(NewCode {
        coupon,
        coupon_param,
        customer: params.id("customer", "customer")?,
        expires_at: expires_at(params, now)?,
        max_redemptions: max_redemptions(params)?,
        active: params.boolean("active")?.unwrap_or(true),
        code: code(params)?,
        restrictions: restrictions(params)?,
        metadata: params.metadata()?,
    })
}

/// All that can be changed.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn patch(params: &mut Params) -> Result<Patch, ApiError> {
    let currency_options = match params.group("restrictions")? {
        Some(mut group) => {
            let options = amounts(&mut group, "minimum_amount")?;
            group.finish()?;
            options
        }
        None => BTreeMap::new(),
    };
    Ok(Patch { active: params.boolean("active")?, metadata: params.metadata()?, currency_options })
}

impl NewCode {
    /// Makes it.
    ///
    /// # Errors
    /// More metadata than there may be.
    pub fn make(self, app: &App, coupon: &Coupon) -> Result<PromotionCode, ApiError> {
        let code = self.code.unwrap_or_else(|| app.ids.secret(CODE_DIGITS).to_ascii_uppercase());
        Ok(PromotionCode {
            id: app.ids.next(),
            created: app.now_seconds(),
            key: key(&code),
            code,
            coupon: self.coupon,
            coupon_place: coupon.place.clone(),
            active: self.active,
            customer: self.customer,
            expires_at: self.expires_at,
            max_redemptions: self.max_redemptions,
            times_redeemed: 0,
            restrictions: self.restrictions,
            metadata: self.metadata.into_new()?,
        })
    }
}

impl Patch {
    /// Applies it.
    ///
    /// # Errors
    /// More metadata than there may be.
    pub fn apply(self, it: &mut PromotionCode) -> Result<(), ApiError> {
        once(&self.currency_options, it.restrictions.minimum.map(|(_, currency)| currency))?;
        it.restrictions.currency_options.extend(self.currency_options);
        it.active = self.active.unwrap_or(it.active);
        self.metadata.apply(&mut it.metadata)
    }
}

/// `promotion[type]=coupon&promotion[coupon]=…`, or `coupon`, as it was called before.
fn coupon(params: &mut Params) -> Result<(CouponId, &'static str), ApiError> {
    let older: Option<CouponId> = params.id("coupon", "coupon")?;
    let Some(mut group) = params.group("promotion")? else {
        let coupon = older.ok_or_else(|| ApiError::missing("promotion"))?;
        return Ok((coupon, "coupon"));
    };
    if older.is_some() {
        let message = "You may only specify one of these parameters: coupon, promotion.";
        return Err(ApiError::invalid("coupon", "parameters_exclusive", message));
    }
    group.word("type", &["coupon"])?.ok_or_else(|| ApiError::missing("promotion[type]"))?;
    let coupon = group.id("coupon", "coupon")?.ok_or_else(|| ApiError::missing("promotion[coupon]"))?;
    group.finish()?;
    Ok((coupon, "promotion[coupon]"))
}

fn code(params: &mut Params) -> Result<Option<String>, ApiError> {
    let Some(code) = params.text("code", CODE_MAX)? else { return Ok(None) };
    if code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Ok(Some(code));
    }
    let message = format!("Invalid code: {}; use letters, digits and hyphens.", quoted(&code));
    Err(ApiError::invalid("code", None, message))
}

fn expires_at(params: &mut Params, now: i64) -> Result<Option<i64>, ApiError> {
    match params.time("expires_at")? {
        Some(end) if end <= now => {
            let message = "Invalid timestamp: it must lie in the future.";
            Err(ApiError::invalid("expires_at", None, message))
        }
        end => Ok(end),
    }
}

fn restrictions(params: &mut Params) -> Result<Restrictions, ApiError> {
    let Some(mut group) = params.group("restrictions")? else { return Ok(Restrictions::default()) };
    let first_time = group.boolean("first_time_transaction")?.unwrap_or_default();
    let minimum = minimum(&mut group)?;
    let currency_options = amounts(&mut group, "minimum_amount")?;
    once(&currency_options, minimum.map(|(_, currency)| currency))?;
    group.finish()?;
    Ok(Restrictions { first_time, minimum, currency_options })
}

/// The least amount and its currency come together.
fn minimum(group: &mut Params) -> Result<Option<(i64, Currency)>, ApiError> {
    const CURRENCY: &str = "minimum_amount_currency";
    let Some(code) = group.text(CURRENCY, CODE_MAX)? else {
        return if group.has("minimum_amount") {
            Err(ApiError::missing(group.name(CURRENCY)))
        } else {
            Ok(None)
        };
    };
    let currency = Currency::parse(&code).map_err(|_| {
        let message = format!("Invalid currency: {}. Use a code such as usd or eur.", quoted(&code));
        ApiError::invalid(group.name(CURRENCY), None, message)
    })?;
    let least = amount(group, "minimum_amount", currency)?;
    let least = least.ok_or_else(|| ApiError::missing(group.name("minimum_amount")))?;
    Ok(Some((least, currency)))
}
