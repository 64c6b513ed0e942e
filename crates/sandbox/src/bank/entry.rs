//! What the ledger file holds of debits and micro-deposits. No field takes an account number.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{MicroDepositsId, PaymentId, RefundId};
use crate::last4::Last4;
use crate::money::Currency;
use crate::rules::Initiator;

/// What a request to the bank did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankEvent {
    /// A debit was submitted, or refused at once.
    Debit(Box<NewDebit>),
    /// Settled money was given back.
    Refunded {
        /// Of which debit.
        debit: PaymentId,
        /// The refund's id.
        id: RefundId,
        /// Minor units.
        amount: u64,
    },
    /// Two small amounts were sent to an account, or could not be.
    MicroDeposits(Box<NewMicroDeposits>),
    /// Somebody said what the amounts were.
    Guessed {
        /// Which deposits.
        deposits: MicroDepositsId,
        /// What came of it.
        guess: Guess,
    },
}

/// A debit as it was submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDebit {
    /// Its id.
    pub id: PaymentId,
    /// Minor units.
    pub amount: u64,
    /// Of the amount.
    pub currency: Currency,
    /// Who started it.
    pub initiator: Initiator,
    /// Of the account number.
    pub last4: Last4,
    /// Why it was refused at once.
    pub refused: Option<Cow<'static, str>>,
    /// What will become of it, in the order of time.
    pub plan: Vec<DebitStep>,
}

/// One step of a debit's plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebitStep {
    /// When.
    pub at: Timestamp,
    /// How it stands from then on.
    pub to: DebitStatus,
    /// The Nacha code, for a return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_code: Option<Arc<str>>,
}

/// How a debit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DebitStatus {
    /// Taken from the merchant.
    Submitted,
    /// Sent to the customer's bank.
    Pending,
    /// The money is here; it may still be returned.
    Settled,
    /// The customer's bank sent it back.
    Returned,
    /// Refused at once; final.
    Declined,
}

/// Micro-deposits as they were sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMicroDeposits {
    /// Their id.
    pub id: MicroDepositsId,
    /// Of the account number.
    pub last4: Last4,
    /// Whether they could not be sent there.
    pub failed: bool,
    /// When they arrive.
    pub arrives: Timestamp,
    /// After this moment nobody can be verified by them.
    pub expires: Timestamp,
}

/// What came of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guess {
    /// It is verified.
    Right,
    /// Wrong, and others may follow.
    Wrong,
    /// No more guesses are allowed.
    TooMany,
    /// The deposits have expired.
    TooLate,
}
