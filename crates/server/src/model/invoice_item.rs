//! An amount that waits for its customer's next invoice, or stands on one.

use onfile_core::currency::Currency;
use onfile_core::ids::{CustomerId, DiscountId, InvoiceId, InvoiceItemId, PriceId, ProductId, TestClockId};
use serde::{Deserialize, Serialize};

use super::invoice::Period;
use super::tax_rate::TaxRate;
use super::{Metadata, Object};

/// An invoice item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceItem {
    /// `ii_…`
    pub id: InvoiceItemId,
    /// Unix seconds, in the customer's time.
    pub date: i64,
    /// Whose.
    pub customer: CustomerId,
    /// The invoice that it stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// Whether it was made for that invoice: it never waited, and goes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made_for_invoice: bool,
    /// Minor units; negative for a credit.
    pub amount: i64,
    /// In what.
    pub currency: Currency,
    /// How many.
    pub quantity: u64,
    /// What each costs, as a decimal number of minor units.
    pub unit_amount_decimal: String,
    /// At which price, of which product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<(PriceId, ProductId)>,
    /// For when.
    pub period: Period,
    /// Whether discounts may take something off it.
    #[serde(default = "super::invoice::yes")]
    pub discountable: bool,
    /// The taxes on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tax_rates: Vec<TaxRate>,
    /// Its own discounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<DiscountId>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// Whose time it lives in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<TestClockId>,
}

impl Object for InvoiceItem {
    type Id = InvoiceItemId;
    fn id(&self) -> &InvoiceItemId {
        &self.id
    }
}
