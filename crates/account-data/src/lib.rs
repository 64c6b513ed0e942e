//! Card numbers, security codes and bank account numbers: the walled types.
//!
//! Only the vault and the stand-in processor depend on this crate; the build checks that. A value gets in through one
//! fallible `parse`, is wiped on drop, and gets out only through a method whose name says what for: search for
//! `expose_` to see every place. There is no `Clone`, `Serialize`, `Display`, `Deref` or `From`, and `Debug` shows
//! nothing; `tests/compile_fail` keeps it so.

mod bank_account;
mod cvc;
mod pan;
pub mod test_cards;

pub use bank_account::{BankAccountNumber, BankAccountNumberError};
pub use cvc::{Cvc, CvcError};
pub use pan::{Pan, PanError};
