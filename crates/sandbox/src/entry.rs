//! What one line of the ledger file holds: one operation, whole, so that a crash keeps or loses it as one.
//!
//! A line carries the *facts* that `GET /ledger` shows and the *event* from which the state is rebuilt. Neither has a
//! field that a card number or a security code fits.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bank::BankEvent;
use crate::ids::{CaptureId, PaymentId, RefundId, VoidId};
use crate::last4::Last4;
use crate::money::Currency;
use crate::rules::{CvcCheck, Decline, Initiator};
use crate::secrets::Mark;
use crate::wire::{Refusal, Status};

/// The format of the ledger file.
pub const VERSION: u32 = 1;

/// The first line of a ledger file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`VERSION`] when the file was made.
    pub ledger_version: u32,
    /// `Secrets::key_check` when the file was made.
    pub key_check: Mark,
}

/// Every other line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The number of the first fact; that of the next line's first fact when there is none here.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// Whose.
    pub merchant: Arc<str>,
    /// The request that caused it; none when a cardholder answered a challenge, a day passed at the bank or the clock
    /// was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Stamp>,
    /// What happened.
    pub event: Event,
    /// What it means in money.
    pub facts: Vec<Fact>,
}

/// Which request it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// The idempotency key.
    pub key: Arc<str>,
    /// The caller's reference.
    pub reference: Arc<str>,
    /// The mark of path and body.
    pub body: Mark,
}

impl Stamp {
    /// The same with one text in memory where key and reference are equal, as they usually are.
    pub fn shared(&self) -> Self {
        let reference = if self.reference == self.key { &self.key } else { &self.reference };
        Self { key: self.key.clone(), reference: reference.clone(), body: self.body }
    }
}

/// What happened, with what the state needs of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A payment or verification was asked for and decided.
    Payment(Box<NewPayment>),
    /// A cardholder answered a challenge.
    Answered {
        /// Of which payment.
        payment: PaymentId,
        /// Or failed it.
        approved: bool,
    },
    /// A payment was taken up again after its challenge.
    Completed {
        /// Which.
        payment: PaymentId,
        /// How it ended.
        status: Status,
        /// Why it was declined.
        decline: Option<Box<Decline>>,
    },
    /// An authorisation was captured; the rest of it was released.
    Captured {
        /// Which.
        payment: PaymentId,
        /// The capture's id.
        id: CaptureId,
        /// Minor units.
        amount: u64,
    },
    /// Captured money was given back.
    Refunded {
        /// Of which payment.
        payment: PaymentId,
        /// The refund's id.
        id: RefundId,
        /// Minor units.
        amount: u64,
    },
    /// An authorisation or a waiting challenge was called off.
    Voided {
        /// Which.
        payment: PaymentId,
        /// The void's id.
        id: VoidId,
    },
    /// A debit was asked for, or something else of the bank.
    Bank(BankEvent),
    /// The time of a debit's next step came.
    DebitStep {
        /// Of which debit.
        debit: PaymentId,
        /// The request that made the debit, whose ledger line this is.
        of: Stamp,
    },
    /// The clock was moved forward.
    ClockMoved {
        /// By this much.
        seconds: i64,
    },
    /// The request was refused. Kept so that a late copy of it cannot do what its sender was told was not done.
    Refused {
        /// Why.
        code: Refusal,
    },
}

/// A payment or verification as it was first decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// Its id.
    pub id: PaymentId,
    /// Whether it is a zero-amount check.
    pub verification: bool,
    /// Minor units; 0 for a verification.
    pub amount: u64,
    /// Of the amount.
    pub currency: Currency,
    /// Whether approval captures at once.
    pub capture: bool,
    /// Who started it.
    pub initiator: Initiator,
    /// Last four digits of the number.
    pub last4: Last4,
    /// The mark of (merchant, number): tells whether this merchant had this card's holder authenticated.
    pub card: Mark,
    /// How it stands.
    pub status: Status,
    /// Why it was declined.
    pub decline: Option<Box<Decline>>,
    /// What became of the security code.
    pub cvc_check: CvcCheck,
    /// The card network's name for this transaction.
    pub network_transaction_id: Arc<str>,
    /// The challenge it waits for.
    pub challenge: Option<Box<Challenge>>,
}

/// A request to the cardholder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// Where the cardholder's browser goes afterwards.
    pub return_url: Arc<str>,
    /// The decline that follows also an approved challenge.
    pub then: Option<Box<Decline>>,
}

/// One line of `GET /ledger`, without what all facts of an entry have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What.
    pub kind: FactKind,
    /// Of which payment.
    pub payment: PaymentId,
    /// Minor units.
    pub amount: u64,
    /// Of the amount.
    pub currency: Currency,
    /// Who started the payment.
    pub initiator: Initiator,
    /// The card's.
    pub last4: Last4,
    /// Why, for a decline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<Cow<'static, str>>,
    /// Nacha's code, for a return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_code: Option<Arc<str>>,
}

/// The kinds of money facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// Money was reserved.
    Authorisation,
    /// Reserved money was collected.
    Capture,
    /// Collected money was given back.
    Refund,
    /// A reservation was called off.
    Void,
    /// A card was found good, without money.
    Verification,
    /// The issuer said no.
    Decline,
    /// A bank debit was submitted. No money has moved yet.
    Debit,
    /// The money of a debit arrived.
    Settlement,
    /// A debit came back; where it had settled, its money went.
    Return,
}

/// One line of `GET /ledger`.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerLine {
    /// Counts the facts from 1.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// What.
    pub kind: FactKind,
    /// Whose.
    pub merchant: Arc<str>,
    /// The idempotency key of the request.
    pub key: Arc<str>,
    /// The caller's reference.
    pub reference: Arc<str>,
    /// Of which payment.
    pub payment: PaymentId,
    /// Minor units.
    pub amount: u64,
    /// Of the amount.
    pub currency: Currency,
    /// Who started the payment.
    pub initiator: Initiator,
    /// The card's.
    pub last4: Last4,
    /// Why, for a decline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<Cow<'static, str>>,
    /// Nacha's code, for a return.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_code: Option<Arc<str>>,
}

impl Entry {
    /// The entry's facts as the public ledger shows them, under the request that they belong to.
    pub fn ledger_lines(&self) -> impl Iterator<Item = LedgerLine> {
        let stamp = match &self.event {
            Event::DebitStep { of, .. } => Some(of),
            _ => self.operation.as_ref(),
        };
        let facts = stamp.map(|stamp| self.facts.iter().map(move |fact| (stamp, fact)));
        facts.into_iter().flatten().zip(self.seq..).map(|((stamp, fact), seq)| LedgerLine {
            seq,
            time: self.time,
            kind: fact.kind,
            merchant: self.merchant.clone(),
            key: stamp.key.clone(),
            reference: stamp.reference.clone(),
            payment: fact.payment.clone(),
            amount: fact.amount,
            currency: fact.currency,
            initiator: fact.initiator,
            last4: fact.last4,
            decline_code: fact.decline_code.clone(),
            return_code: fact.return_code.clone(),
        })
    }

    /// The number of the next entry's first fact.
    pub fn next_seq(&self) -> u64 {
        self.seq.saturating_add(u64::try_from(self.facts.len()).unwrap_or(u64::MAX))
    }
}
