//! What customers type in to have a coupon's discount.

use std::collections::BTreeMap;

use onfile_core::currency::Currency;
use onfile_core::ids::{CouponId, CustomerId, PromotionCodeId};
use serde::{Deserialize, Serialize};

use super::{Metadata, Object};

/// A promotion code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionCode {
    /// `promo_…`
    pub id: PromotionCodeId,
    /// Unix seconds.
    pub created: i64,
    /// What is typed in, in either case.
    pub code: String,
    /// The code in capital letters, by which it is found.
    pub key: String,
    /// Whose discount it is for.
    pub coupon: CouponId,
    /// Which of those that ever had this id: the coupon's place. One that was deleted takes its codes along.
    pub coupon_place: CouponId,
    /// Whether the merchant lets it be used.
    pub active: bool,
    /// Who alone can use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// The Unix second at which it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// How often it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_redemptions: Option<u32>,
    /// How often it was used.
    pub times_redeemed: u32,
    /// For what.
    #[serde(default)]
    pub restrictions: Restrictions,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// What a purchase must be for a code to be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restrictions {
    /// Whether it is only for those who have never paid anything.
    #[serde(default)]
    pub first_time: bool,
    /// The least that must be bought, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<(i64, Currency)>,
    /// The same in other currencies.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub currency_options: BTreeMap<Currency, i64>,
}

impl Restrictions {
    /// The least that must be bought in a currency: none where any purchase is good, an error where none is, because the
    /// least is only known in other currencies.
    ///
    /// # Errors
    /// Nothing can be bought with it in this currency.
    pub fn minimum_in(&self, currency: Currency) -> Result<Option<i64>, NotInThisCurrency> {
        match self.minimum {
            Some((least, of)) if of == currency => Ok(Some(least)),
            _ => match self.currency_options.get(&currency) {
                Some(least) => Ok(Some(*least)),
                None if self.minimum.is_some() => Err(NotInThisCurrency),
                None => Ok(None),
            },
        }
    }

    /// Whether a purchase must have a least amount.
    pub fn has_minimum(&self) -> bool {
        self.minimum.is_some() || !self.currency_options.is_empty()
    }
}

/// The least amount of a purchase is not known in its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotInThisCurrency;

impl PromotionCode {
    /// Whether it was used as often as it can be.
    pub fn is_exhausted(&self) -> bool {
        self.max_redemptions.is_some_and(|most| self.times_redeemed >= most)
    }

    /// Whether it can be used at this Unix second, as far as it is not its coupon's matter.
    pub fn is_usable(&self, now: i64) -> bool {
        self.active && !self.is_exhausted() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// By what a code is found: case does not count.
pub fn key(code: &str) -> String {
    code.to_ascii_uppercase()
}

impl Object for PromotionCode {
    type Id = PromotionCodeId;
    fn id(&self) -> &PromotionCodeId {
        &self.id
    }
}
