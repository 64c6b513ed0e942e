//! Something that happened (M7): stored with the change, rendered when it is read.

use onfile_core::ids::{CustomerId, EventId, Id};
use serde::{Deserialize, Serialize};

use super::charge::Charge;
use super::coupon::Coupon;
use super::customer::Customer;
use super::discount::Discount;
use super::dispute::Dispute;
use super::invoice::Invoice;
use super::invoice_item::InvoiceItem;
use super::mandate::Mandate;
use super::payment_intent::PaymentIntent;
use super::payment_method::PaymentMethod;
use super::price::Price;
use super::product::Product;
use super::promotion_code::PromotionCode;
use super::refund::Refund;
use super::setup_intent::SetupIntent;
use super::subscription::Subscription;
use super::tax_rate::TaxRate;
use super::test_clock::TestClock;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `evt_…`
    pub id: EventId,
    /// Its number in the account's order; none for a moment after it was committed.
    pub sequence: Option<i64>,
    /// Stripe's word, for example `payment_intent.succeeded`.
    pub kind: String,
    /// Which version of the object this is: a consumer applies it when it is newer than what it has.
    pub object_version: i64,
    /// Which object it is about.
    pub object_id: String,
    /// The object as it was; none when its customer was erased.
    pub snapshot: Option<Snapshot>,
    /// The object before the change; only of events that tell what was changed.
    pub previous: Option<Snapshot>,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// That request's idempotency key.
    pub idempotency_key: Option<String>,
}

/// A whole object as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "object", rename_all = "snake_case")]
pub enum Snapshot {
    /// A customer.
    Customer(Customer),
    /// A payment method.
    PaymentMethod(PaymentMethod),
    /// A payment intent.
    PaymentIntent(PaymentIntent),
    /// A setup intent.
    SetupIntent(SetupIntent),
    /// A charge.
    Charge(Charge),
    /// A refund.
    Refund(Refund),
    /// A subscription.
    Subscription(Box<Subscription>),
    /// An invoice.
    Invoice(Box<Invoice>),
    /// An amount that waits for an invoice.
    InvoiceItem(Box<InvoiceItem>),
    /// A test clock.
    TestClock(TestClock),
    /// A product.
    Product(Product),
    /// A price.
    Price(Price),
    /// A mandate.
    Mandate(Mandate),
    /// A dispute.
    Dispute(Dispute),
    /// A coupon.
    Coupon(Coupon),
    /// A promotion code.
    PromotionCode(PromotionCode),
    /// A discount.
    Discount(Box<Discount>),
    /// A tax rate.
    TaxRate(TaxRate),
}

impl Snapshot {
    /// The object's id.
    pub fn object_id(&self) -> &str {
        match self {
            Self::Customer(object) => object.id.as_str(),
            Self::PaymentMethod(object) => object.id.as_str(),
            Self::PaymentIntent(object) => object.id.as_str(),
            Self::SetupIntent(object) => object.id.as_str(),
            Self::Charge(object) => object.id.as_str(),
            Self::Refund(object) => object.id.as_str(),
            Self::Subscription(object) => object.id.as_str(),
            Self::Invoice(object) => object.id.as_str(),
            Self::InvoiceItem(object) => object.id.as_str(),
            Self::TestClock(object) => object.id.as_str(),
            Self::Product(object) => object.id.as_str(),
            Self::Price(object) => object.id.as_str(),
            Self::Mandate(object) => object.id.as_str(),
            Self::Dispute(object) => object.id.as_str(),
            Self::Coupon(object) => object.id.as_str(),
            Self::PromotionCode(object) => object.id.as_str(),
            Self::Discount(object) => object.id.as_str(),
            Self::TaxRate(object) => object.id.as_str(),
        }
    }

    /// Whose personal fields it may hold.
    pub fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Customer(object) => Some(&object.id),
            Self::PaymentMethod(object) => object.customer.as_ref(),
            Self::PaymentIntent(object) => object.customer.as_ref(),
            Self::SetupIntent(object) => object.customer.as_ref(),
            Self::Charge(object) => object.customer.as_ref(),
            Self::Subscription(object) => Some(&object.customer),
            Self::Invoice(object) => Some(&object.customer),
            Self::InvoiceItem(object) => Some(&object.customer),
            Self::Refund(_)
            | Self::Product(_)
            | Self::Price(_)
            | Self::TestClock(_)
            | Self::Coupon(_)
            | Self::TaxRate(_) => None,
            Self::Mandate(object) => object.customer.as_ref(),
            Self::Dispute(object) => object.customer.as_ref(),
            Self::PromotionCode(object) => object.customer.as_ref(),
            Self::Discount(object) => Some(&object.customer),
        }
    }
}
