//! The language of Onfile: pure rules, no I/O, no async. Readable in one sitting.

pub mod attempts;
pub mod bank;
pub mod card;
pub mod card_shaped;
pub mod clock;
pub mod currency;
pub mod decline;
pub mod ids;
pub mod money;
pub mod operation;
pub mod payment;
pub mod random;
pub mod recurrence;
pub mod retries;
pub mod vault_contract;
