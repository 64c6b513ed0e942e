//! The sandbox as a bank: debits that take days, micro-deposits, and a clock that tests can move.
//!
//! What becomes of a debit is decided when it is submitted, as a plan of dated steps ([`plan`]); each step is written
//! to the ledger when its time has come ([`crate::engine::Engine::bank_day`]).

mod clock;
mod decide;
mod entry;
pub mod plan;
mod request;
mod state;
mod views;

pub use clock::MovableClock;
pub use decide::{debit, guess, micro_deposits, refund, step_fact};
pub use entry::BankEvent;
pub use request::{DebitRequest, GuessRequest, MicroDepositsRequest};
pub use state::{Bank, BankOutcome, Due};
pub use views::{DebitView, MicroDepositsView, current, then};
