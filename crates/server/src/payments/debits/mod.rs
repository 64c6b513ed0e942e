//! Bank debits: agreed to, verified, submitted, and watched until they can no longer come back.
//!
//! "Submitted" is not paid. A debit is the open operation of its debt (M2) until the bank settles or returns it; when
//! it comes back after it had settled, the debt is open again.

mod begin;
mod mandates;
pub mod poll;
mod taken_back;
mod verify;

pub(super) use begin::begin_attempt;
pub(super) use mandates::{activate, block, mandate_for};
pub use verify::{verify_payment, verify_setup};
