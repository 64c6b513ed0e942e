//! What requests say of discounts.

use onfile_core::ids::{CouponId, DiscountId, PromotionCodeId};

use crate::billing::discounts::redeem::{Source, Wanted};
use crate::wire::error::ApiError;
use crate::wire::params::{Given, Params};

/// Stripe's limit on the discounts of one object.
const DISCOUNTS_MAX: usize = 20;

/// `discounts[][coupon|promotion_code|discount]`
///
/// # Errors
/// Names the parameter that is wrong.
pub fn discounts(params: &mut Params) -> Result<Given<Vec<Wanted>>, ApiError> {
    params.groups("discounts", DISCOUNTS_MAX, |group| {
        let existing: Option<DiscountId> = group.id("discount", "discount")?;
        match (one(group)?, existing) {
            (Given::Set(wanted), None) => Ok(wanted),
            (Given::Absent, Some(id)) => {
                Ok(Wanted { source: Source::Existing(id), param: group.name("discount") })
            }
            (Given::Absent, None) => {
                let message =
                    "Each discount needs one of these parameters: coupon, promotion_code, discount.";
                Err(ApiError::invalid(group.name("coupon"), "parameter_missing", message))
            }
            (Given::Unset, _) => Err(ApiError::invalid(
                group.name("coupon"),
                "parameter_invalid_empty",
                "A discount cannot be unset by an empty coupon; leave it out of the list.",
            )),
            (Given::Set(_), Some(_)) => Err(exclusive(group, "discount")),
        }
    })
}

/// `discounts`, or `coupon` or `promotion_code`, as it was called before there could be several.
///
/// # Errors
/// As [`discounts`]; and when several are sent.
pub fn discounts_or_one(params: &mut Params) -> Result<Given<Vec<Wanted>>, ApiError> {
    let several = discounts(params)?;
    let one = one(params)?;
    match (one, several) {
        (Given::Absent, several) => Ok(several),
        (_, several) if several.is_given() => Err(exclusive(params, "discounts")),
        (Given::Unset, _) => Ok(Given::Unset),
        (Given::Set(wanted), _) => Ok(Given::Set(vec![wanted])),
    }
}

/// `coupon` or `promotion_code`; empty, it unsets.
///
/// # Errors
/// When both are sent.
pub fn one(params: &mut Params) -> Result<Given<Wanted>, ApiError> {
    let coupon: Given<CouponId> = params.id_or_unset("coupon", "coupon")?;
    let code: Given<PromotionCodeId> = params.id_or_unset("promotion_code", "promotion code")?;
    match (coupon, code) {
        (Given::Set(_), Given::Set(_)) => Err(exclusive(params, "promotion_code")),
        (Given::Set(id), _) => {
            Ok(Given::Set(Wanted { source: Source::Coupon(id), param: params.name("coupon") }))
        }
        (_, Given::Set(id)) => {
            Ok(Given::Set(Wanted { source: Source::Code(id), param: params.name("promotion_code") }))
        }
        (Given::Absent, Given::Absent) => Ok(Given::Absent),
        (Given::Unset, _) | (_, Given::Unset) => Ok(Given::Unset),
    }
}

fn exclusive(params: &Params, name: &str) -> ApiError {
    let message =
        "You may only specify one of these parameters: coupon, promotion_code, discount, discounts.";
    ApiError::invalid(params.name(name), "parameters_exclusive", message)
}
