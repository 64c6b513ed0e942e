//! Prices.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::{Context, parts};
use crate::model::price::{Price, Recurring};

/// A price.
pub fn price(context: &Context<'_>, price: &Price) -> Value {
    json!({
        "id": price.id.as_str(),
        "object": "price",
        "active": price.active,
        "billing_scheme": "per_unit",
        "created": price.created,
        "currency": price.currency.as_str(),
        "custom_unit_amount": null,
        "livemode": context.account.livemode,
        "lookup_key": price.lookup_key,
        "metadata": parts::metadata(&price.metadata),
        "nickname": price.nickname,
        "product": price.product.as_str(),
        "recurring": price.recurring.map(recurring),
        "tax_behavior": price.tax_behavior.as_str(),
        "tiers_mode": null,
        "transform_quantity": null,
        "type": price.kind(),
        "unit_amount": price.unit_amount.minor(),
        "unit_amount_decimal": price.unit_amount.to_string(),
    })
}

fn recurring(recurring: Recurring) -> Value {
    json!({
        "interval": recurring.interval.as_str(),
        "interval_count": recurring.interval_count,
        "meter": null,
        "trial_period_days": null,
        "usage_type": "licensed",
    })
}
