//! Tax rates.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::{Context, parts};
use crate::model::tax_rate::TaxRate;

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
