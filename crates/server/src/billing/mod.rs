//! Agreements and what they owe: each public function is one story.
//!
//! What is due is billed in sets ([`issue`]): invoice, payment and operation are committed together, with the
//! agreement's step to its next occurrence (M1, M3), and only then sent. What comes back settles the invoice in the
//! transaction that settles its payment ([`outcome`]). Time is the customer's: real, or a test clock's ([`time`]).

pub mod cancel;
pub mod clocks;
pub mod collect;
pub mod discounts;
pub mod draft;
pub mod error;
pub mod finalise;
pub mod invoices;
pub mod issue;
pub mod items;
pub mod outcome;
pub mod retry;
pub mod runs;
pub mod subscribe;
pub mod taxes;
pub mod tell;
pub mod time;
pub mod world;

pub use error::Error;

/// A day of the calendar that everybody counts by.
const SECONDS_PER_DAY: i64 = 86_400;
