//! Objects as the API shows them: whole, with every field that API version 2026-10-28.endive has, null when empty.

pub mod balance_transaction;
pub mod charge;
pub mod coupon;
pub mod customer;
pub mod derived;
pub mod discount;
pub mod dispute;
pub mod event;
pub mod full;
pub mod import;
pub mod invoice;
pub mod mandate;
pub mod notice;
pub mod parts;
pub mod payment_intent;
pub mod payment_method;
pub mod price;
pub mod product;
pub mod refund;
pub mod run;
pub mod run_csv;
pub mod schedule_preview;
pub mod setup_intent;
pub mod subscription;
pub mod tax_rate;
pub mod test_clock;
pub mod webhook_delivery;
pub mod webhook_endpoint;

use jiff::Timestamp;

use crate::model::account::Account;

/// What renderers need to know besides the object.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Whose.
    pub account: &'a Account,
    /// Where customers reach us.
    pub public_url: &'a str,
    /// The present moment, for what depends on it (an expired card).
    pub now: Timestamp,
}
