//! A merchant's account, in one mode.

use onfile_core::ids::AccountId;
use serde::{Deserialize, Serialize};

/// An account. A merchant has one for tests and one for real money: their data never meet, because every table's key
/// starts with the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// `acct_…`
    pub id: AccountId,
    /// The merchant's name, as customers read it.
    pub name: String,
    /// Whether real money moves.
    pub livemode: bool,
    /// Whether the demo shop sells for it.
    pub demo: bool,
}
