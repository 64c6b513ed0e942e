//! Objects as the API shows them: whole, with every field that API version 2026-10-28.endive has, null when empty.

pub mod charge;
pub mod customer;
pub mod event;
pub mod full;
pub mod parts;
pub mod payment_intent;
pub mod payment_method;
pub mod refund;
pub mod setup_intent;
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
