//! Tax rates.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::{Context, parts};
use crate::model::invoice::LineTax;
use crate::model::tax_rate::TaxRate;

/// Tax rates as they stand on what they are on.
pub fn tax_rates(context: &Context<'_>, rates: &[TaxRate]) -> Value {
    rates.iter().map(|rate| tax_rate(context, rate)).collect()
}

/// What taxes come to; `untaxed` says why they come to nothing.
pub fn taxes(taxes: &[LineTax], untaxed: Option<&str>) -> Value {
    let reason = match untaxed {
        None => "not_available",
        Some("reverse") => "reverse_charge",
        Some(_) => "customer_exempt",
    };
    let one = |it: &LineTax| {
        json!({
            "amount": it.amount,
            "tax_behavior": if it.inclusive { "inclusive" } else { "exclusive" },
            "tax_rate_details": { "tax_rate": it.rate.as_str() },
            "taxability_reason": reason,
            "taxable_amount": it.taxable,
            "type": "tax_rate_details",
        })
    };
    taxes.iter().map(one).collect()
}

/// A tax rate.
pub fn tax_rate(context: &Context<'_>, it: &TaxRate) -> Value {
    let percentage = parts::number(&it.percentage.to_string());
    json!({
        "id": it.id.as_str(),
        "object": "tax_rate",
        "active": it.active,
        "country": it.country,
        "created": it.created,
        "description": it.description,
        "display_name": it.display_name,
        "effective_percentage": percentage,
        "flat_amount": null,
        "inclusive": it.inclusive,
        "jurisdiction": it.jurisdiction,
        "jurisdiction_level": null,
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&it.metadata),
        "percentage": percentage,
        "rate_type": "percentage",
        "state": it.state,
        "tax_type": it.tax_type,
    })
}
