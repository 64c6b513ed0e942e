//! The Stripe wire protocol: what comes in, what goes out, and the walls between.

pub mod auth;
pub mod call;
pub mod document;
pub mod edge;
pub mod envelope;
pub mod error;
pub mod expand;
pub mod form;
pub mod idempotency;
pub mod list;
pub mod params;
pub mod search;
mod values;
