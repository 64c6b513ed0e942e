//! The language of Onfile: pure rules, no I/O, no async. Readable in one sitting.

pub mod ach;
pub mod attempts;
pub mod bank;
pub mod card;
pub mod card_shaped;
pub mod clock;
pub mod currency;
pub mod decline;
pub mod discount;
pub mod ids;
pub mod interval;
pub mod invoice;
pub mod money;
pub mod operation;
pub mod payment;
pub mod percent;
pub mod random;
pub mod recurrence;
pub mod retries;
pub mod subscription;
pub mod tax;
pub mod unit_amount;
pub mod vault_contract;
