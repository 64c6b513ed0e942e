//! What a product costs, and how often.

use onfile_core::currency::Currency;
use onfile_core::ids::{PriceId, ProductId};
use onfile_core::interval::Interval;
use onfile_core::money::{Money, MoneyError};
use onfile_core::unit_amount::UnitAmount;
use serde::{Deserialize, Serialize};

use super::{Metadata, Object};

/// A price. What is charged by it never changes; another amount is another price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// `price_…`
    pub id: PriceId,
    /// Unix seconds.
    pub created: i64,
    /// Of what.
    pub product: ProductId,
    /// Whether it can be used for new purchases.
    pub active: bool,
    /// In what.
    pub currency: Currency,
    /// For one unit.
    pub unit_amount: UnitAmount,
    /// How often; none for what is paid once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring: Option<Recurring>,
    /// Whether tax is in it.
    pub tax_behavior: TaxBehavior,
    /// The merchant's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// By which programs find it; of active prices, one at most has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_key: Option<String>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// How often a price is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    /// The calendar unit.
    pub interval: Interval,
    /// How many of them lie between two payments: from 1 to [`Interval::count_max`].
    pub interval_count: u32,
}

/// Whether a price contains tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxBehavior {
    /// It was not said; it can still be.
    Unspecified,
    /// Tax comes on top.
    Exclusive,
    /// Tax is in it.
    Inclusive,
}

impl TaxBehavior {
    /// Every word on the wire.
    pub const WORDS: [&str; 3] = ["unspecified", "exclusive", "inclusive"];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Exclusive => "exclusive",
            Self::Inclusive => "inclusive",
        }
    }

    /// The behaviour with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Unspecified, Self::Exclusive, Self::Inclusive].into_iter().find(|b| b.as_str() == word)
    }
}

impl Object for Price {
    type Id = PriceId;
    fn id(&self) -> &PriceId {
        &self.id
    }
}

impl Price {
    /// `recurring` or `one_time`.
    pub fn kind(&self) -> &'static str {
        if self.recurring.is_some() { "recurring" } else { "one_time" }
    }

    /// What a line of `quantity` units comes to, rounded once: see [`UnitAmount::line`].
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when it does not fit 64 bits.
    pub fn amount_for(&self, quantity: u64) -> Result<Money, MoneyError> {
        self.unit_amount.line(quantity, self.currency)
    }
}
