//! The card-data environment: the card frame, encryption, and the only way out to processors.
//!
//! Two listeners share one [`vault::Vault`]. [`public`] takes card numbers from browsers and apps and gives a
//! single-use source for them; [`internal`] answers `onfile`, which names sources and methods and never sees a number.
//! [`forward`] is the one place where a number leaves, to the processors of the configuration and to nobody else.

pub mod accounts;
pub mod config;
pub mod cvcs;
mod form;
pub mod forward;
mod frame;
pub mod housekeeping;
pub mod internal;
pub mod public;
mod record;
mod store;
mod test_tokens;
pub mod vault;

pub use store::MIGRATIONS;
