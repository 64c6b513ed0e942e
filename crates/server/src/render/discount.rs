//! Discounts, and what they take off.

use onfile_core::ids::{DiscountId, Id};
use serde_json::{Value, json};

use crate::model::discount::{Discount, Holder};

/// A discount.
pub fn discount(it: &Discount) -> Value {
    let mut object = without_end(it);
    object["end"] = json!(it.end);
    object
}

/// A discount that was just taken away.
pub fn deleted(it: &Discount) -> Value {
    let mut object = without_end(it);
    object["deleted"] = json!(true);
    object
}

fn without_end(it: &Discount) -> Value {
    let (subscription, item) = match &it.on {
        Holder::Subscription(id) => (Some(id.as_str()), None),
        Holder::SubscriptionItem(id, item) => (Some(id.as_str()), Some(item.as_str())),
        Holder::Customer | Holder::Invoice(_) | Holder::InvoiceItem(_) => (None, None),
    };
    let (invoice, invoice_item) = match &it.on {
        Holder::Invoice(id) => (Some(id.as_str()), None),
        Holder::InvoiceItem(id) => (None, Some(id.as_str())),
        Holder::Customer | Holder::Subscription(_) | Holder::SubscriptionItem(..) => (None, None),
    };
    json!({
        "id": it.id.as_str(),
        "object": "discount",
        "checkout_session": null,
        "customer": it.customer.as_str(),
        "customer_account": null,
        "invoice": invoice,
        "invoice_item": invoice_item,
        "promotion_code": it.promotion_code.as_ref().map(Id::as_str),
        "source": { "coupon": it.coupon.as_str(), "type": "coupon" },
        "start": it.start,
        "subscription": subscription,
        "subscription_item": item,
    })
}

/// Ids as they stand in lists of discounts.
pub fn ids(discounts: &[DiscountId]) -> Vec<&str> {
    discounts.iter().map(Id::as_str).collect()
}

/// What each discount takes off.
pub fn amounts(amounts: &[(DiscountId, i64)]) -> Value {
    let one = |(id, amount): &(DiscountId, i64)| json!({ "amount": amount, "discount": id.as_str() });
    amounts.iter().map(one).collect()
}

/// The same, as what reduces an amount before tax.
pub fn pretax(amounts: &[(DiscountId, i64)]) -> Value {
    let one = |(id, amount): &(DiscountId, i64)| json!({ "amount": amount, "discount": id.as_str(), "type": "discount" });
    amounts.iter().map(one).collect()
}
