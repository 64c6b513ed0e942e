//! A coupon that somebody has redeemed: what it takes off for them, and until when.

use onfile_core::ids::{
    CouponId, CustomerId, DiscountId, InvoiceId, InvoiceItemId, PromotionCodeId, SubscriptionId,
    SubscriptionItemId,
};
use serde::{Deserialize, Serialize};

use super::Object;
use super::coupon::Terms;

/// A discount. It keeps the coupon's terms, so that it goes on when the coupon is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// `di_…`
    pub id: DiscountId,
    /// Whose.
    pub customer: CustomerId,
    /// On what.
    pub on: Holder,
    /// The coupon that was redeemed.
    pub coupon: CouponId,
    /// The code that was typed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_code: Option<PromotionCodeId>,
    /// What it takes off.
    pub terms: Terms,
    /// When it was redeemed, Unix seconds in the customer's time.
    pub start: i64,
    /// The first Unix second at which it does not apply any more, where its coupon says how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// The invoice that has used up what applies once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<InvoiceId>,
}

/// On what a discount is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// On all that a customer buys.
    Customer,
    /// On an agreement.
    Subscription(SubscriptionId),
    /// On one part of an agreement.
    SubscriptionItem(SubscriptionId, SubscriptionItemId),
    /// On one invoice.
    Invoice(InvoiceId),
    /// On one amount of an invoice.
    InvoiceItem(InvoiceItemId),
}

impl Discount {
    /// Whether it applies to what is due at this Unix second and stands on this invoice.
    pub fn applies(&self, at: i64, invoice: &InvoiceId) -> bool {
        self.end.is_none_or(|end| at < end) && self.spent.as_ref().is_none_or(|by| by == invoice)
    }

    /// Whether nothing that becomes due at this Unix second or later has it.
    pub fn is_over(&self, at: i64) -> bool {
        self.spent.is_some() || self.end.is_some_and(|end| end <= at)
    }
}

impl Object for Discount {
    type Id = DiscountId;
    fn id(&self) -> &DiscountId {
        &self.id
    }
}
