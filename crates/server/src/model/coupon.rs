//! A discount that can be had.

use std::collections::BTreeMap;

use onfile_core::currency::Currency;
use onfile_core::discount::{Duration, Off};
use onfile_core::ids::{CouponId, ProductId};
use serde::{Deserialize, Serialize};

use super::{Metadata, Object};

/// A coupon. What it takes off never changes; another discount is another coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// What the merchant chose, or eight digits.
    pub id: CouponId,
    /// Its place in lists: an id of our own, which begins with the time.
    pub place: CouponId,
    /// Unix seconds.
    pub created: i64,
    /// What customers see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it takes off.
    pub terms: Terms,
    /// How often it can be redeemed, by all customers together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_redemptions: Option<u32>,
    /// The last Unix second at which it can be redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeem_by: Option<i64>,
    /// How often it was redeemed.
    pub times_redeemed: u32,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// What a coupon takes off, of what, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How much; an amount is in [`Self::currency`].
    pub off: Off,
    /// In what an amount is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The amount in other currencies, minor units.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub currency_options: BTreeMap<Currency, i64>,
    /// Of which products; of all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductId>,
    /// How long.
    pub duration: Duration,
}

impl Terms {
    /// What it takes off in a currency; none where it has no amount in it.
    pub fn off_in(&self, currency: Currency) -> Option<Off> {
        match self.off {
            Off::Percent(_) => Some(self.off),
            Off::Amount(_) if self.currency == Some(currency) => Some(self.off),
            Off::Amount(_) => self.currency_options.get(&currency).copied().map(Off::Amount),
        }
    }

    /// Whether it takes something off this product; what is no product's is touched only by what is for all.
    pub fn is_for(&self, product: Option<&ProductId>) -> bool {
        self.products.is_empty() || product.is_some_and(|product| self.products.contains(product))
    }
}

impl Coupon {
    /// Whether it was redeemed as often as it can be.
    pub fn is_exhausted(&self) -> bool {
        self.max_redemptions.is_some_and(|most| self.times_redeemed >= most)
    }

    /// Whether it can be redeemed at this Unix second.
    pub fn is_valid(&self, now: i64) -> bool {
        !self.is_exhausted() && self.redeem_by.is_none_or(|last| now <= last)
    }
}

impl Object for Coupon {
    type Id = CouponId;
    fn id(&self) -> &CouponId {
        &self.id
    }
}
