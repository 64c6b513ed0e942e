//! Coupons and the codes that stand for them.

use std::collections::BTreeMap;

use onfile_core::currency::Currency;
use onfile_core::discount::Off;
use onfile_core::ids::{CouponId, Id};
use serde_json::{Map, Value, json};

use super::{Context, parts};
use crate::model::coupon::Coupon;
use crate::model::promotion_code::PromotionCode;

/// A coupon.
pub fn coupon(context: &Context<'_>, it: &Coupon) -> Value {
    let (amount, percent) = match it.terms.off {
        Off::Amount(amount) => (Some(amount), None),
        Off::Percent(percent) => (None, parts::number(&percent.to_string())),
    };
    let mut object = json!({
        "id": it.id.as_str(),
        "object": "coupon",
        "amount_off": amount,
        "created": it.created,
        "currency": it.terms.currency.map(Currency::as_str),
        "duration": it.terms.duration.as_str(),
        "duration_in_months": it.terms.duration.months(),
        "livemode": context.account.livemode,
        "max_redemptions": it.max_redemptions,
        "metadata": parts::metadata(&it.metadata),
        "name": it.name,
        "percent_off": percent,
        "redeem_by": it.redeem_by,
        "times_redeemed": it.times_redeemed,
        "valid": it.is_valid(context.now.as_second()),
    });
    if !it.terms.products.is_empty() {
        let products: Vec<&str> = it.terms.products.iter().map(Id::as_str).collect();
        object["applies_to"] = json!({ "products": products });
    }
    if !it.terms.currency_options.is_empty() {
        object["currency_options"] = options(&it.terms.currency_options, "amount_off");
    }
    object
}

/// What is left to say of a deleted coupon.
pub fn deleted(id: &CouponId) -> Value {
    json!({ "id": id.as_str(), "object": "coupon", "deleted": true })
}

/// A promotion code; `coupon` is its own, while there is one: without it the code cannot be used.
pub fn promotion_code(context: &Context<'_>, it: &PromotionCode, coupon: Option<&Coupon>) -> Value {
    let now = context.now.as_second();
    let least = it.restrictions.minimum;
    let mut restrictions = json!({
        "first_time_transaction": it.restrictions.first_time,
        "minimum_amount": least.map(|(amount, _)| amount),
        "minimum_amount_currency": least.map(|(_, currency)| currency.as_str()),
    });
    if !it.restrictions.currency_options.is_empty() {
        restrictions["currency_options"] = options(&it.restrictions.currency_options, "minimum_amount");
    }
    json!({
        "id": it.id.as_str(),
        "object": "promotion_code",
        "active": it.is_usable(now) && coupon.is_some_and(|coupon| coupon.is_valid(now)),
        "code": it.code,
        "created": it.created,
        "customer": it.customer.as_ref().map(Id::as_str),
        "customer_account": null,
        "expires_at": it.expires_at,
        "livemode": context.account.livemode,
        "max_redemptions": it.max_redemptions,
        "metadata": parts::metadata(&it.metadata),
        "promotion": { "coupon": it.coupon.as_str(), "type": "coupon" },
        "restrictions": restrictions,
        "times_redeemed": it.times_redeemed,
    })
}

fn options(amounts: &BTreeMap<Currency, i64>, field: &str) -> Value {
    let option = |(currency, amount): (&Currency, &i64)| {
        let amount = Map::from_iter([(field.to_owned(), Value::from(*amount))]);
        (currency.as_str().to_owned(), Value::Object(amount))
    };
    Value::Object(amounts.iter().map(option).collect())
}
