//! The API from outside: the real router over real HTTP, on every database at hand, with a vault of the test's own.
#![expect(clippy::panic, reason = "a test may stop at the first surprise")]
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod customers;
mod edge;
mod events;
mod idempotency;
mod intents;
mod keys;
mod lists;
mod methods;
mod parameters;
mod shapes;
mod support;
mod walls;
