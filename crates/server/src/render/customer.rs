//! Customers.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::{Context, discount, parts};
use crate::model::customer::Customer;
use crate::model::discount::Discount;

/// A customer; a deleted one as a stub. `discount` is theirs, while it lasts.
pub fn customer(context: &Context<'_>, customer: &Customer, discount: Option<&Discount>) -> Value {
    if customer.deleted {
        return json!({ "id": customer.id.as_str(), "object": "customer", "deleted": true });
    }
    json!({
        "id": customer.id.as_str(),
        "object": "customer",
        "address": customer.address.as_ref().map(parts::address),
        "balance": 0,
        "created": customer.created,
        "currency": null,
        "customer_account": null,
        "default_source": null,
        "delinquent": false,
        "description": customer.description,
        "discount": discount.map(discount::discount),
        "email": customer.email,
        "invoice_prefix": customer.invoice_prefix,
        "invoice_settings": {
            "custom_fields": null,
            "default_payment_method": customer.default_payment_method.as_ref().map(Id::as_str),
            "footer": customer.invoice_footer,
            "rendering_options": null,
        },
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&customer.metadata),
        "name": customer.name,
        "next_invoice_sequence": 1,
        "phone": customer.phone,
        "preferred_locales": customer.preferred_locales,
        "shipping": parts::customer_shipping(customer.shipping.as_ref()),
        "tax_exempt": customer.tax_exempt,
        "test_clock": customer.test_clock.as_ref().map(Id::as_str),
    })
}

/// The number by which the merchant's staff and the customer name a customer, as in `C1042`.
pub fn number(customer: &Customer) -> Option<u64> {
    customer.invoice_prefix.strip_prefix('C')?.parse().ok()
}

/// How [`number`] is kept.
pub fn prefix(number: u64) -> String {
    format!("C{number}")
}
