//! Moving money: each public function is one story, from the lock on the payment to the answer of the processor.
//!
//! Every operation goes the same way (M1): `begin` commits it as *sending* together with what it changes, `carry_out`
//! sends it through the vault with no transaction open, `settle` commits what came back. When nothing came back,
//! `resolve` looks it up, or sends the same again under the same key, until it is known.

mod begin;
mod carry_out;
mod cause;
pub mod debits;
pub mod destroy;
pub mod dispatch;
pub mod error;
pub mod instruments;
pub mod intents;
pub mod network_limits;
pub mod refunds;
pub mod requests;
pub mod resolve;
mod settle;
pub mod setups;

pub use begin::begin_all;
pub use carry_out::carry_out;
pub use cause::Cause;
pub use error::Error;

use onfile_core::ids::AccountId;

use crate::app::App;

/// Where a customer comes back to from a 3-D Secure challenge: our page, which finishes the payment or set-up and
/// sends them on to the merchant.
pub fn three_d_secure_return(app: &App, account: &AccountId, intent: &str) -> String {
    format!("{}/3ds/{account}/{intent}", app.config.public.url)
}
