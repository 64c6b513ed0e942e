//! A share of what is bought that is a tax, as the merchant knows it.

use onfile_core::ids::TaxRateId;
use onfile_core::percent::Percent;
use serde::{Deserialize, Serialize};

use super::{Metadata, Object};

/// A tax rate. How much it is never changes; another percentage is another rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// `txr_…`
    pub id: TaxRateId,
    /// Unix seconds.
    pub created: i64,
    /// Whether it can be used for something new.
    pub active: bool,
    /// What customers see.
    pub display_name: String,
    /// How much.
    pub percentage: Percent<4>,
    /// Whether it is in the price already.
    pub inclusive: bool,
    /// Two letters (ISO 3166-1 alpha-2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Without its country (ISO 3166-2), for example `NY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whose tax it is, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
    /// The merchant's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// One of Stripe's words: `vat`, `sales_tax`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_type: Option<String>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

impl Object for TaxRate {
    type Id = TaxRateId;
    fn id(&self) -> &TaxRateId {
        &self.id
    }
}
