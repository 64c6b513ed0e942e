//! One operation at a processor (M1): committed before it is sent, settled by an answer, a look-up or a replay.

use onfile_core::attempts::Initiator;
use onfile_core::ids::{ChargeId, OperationId, PaymentMethodId, RefundId};
use onfile_core::operation::OperationState;
use onfile_core::vault_contract::ForwardOrder;
use serde::{Deserialize, Serialize};

/// An operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `op_…`: also the processor's key and our reference there.
    pub id: OperationId,
    /// The payment intent or setup intent that it is for (M2 allows one open operation for each).
    pub debt: String,
    /// What it asks for.
    pub kind: Kind,
    /// Where it stands.
    pub state: OperationState,
    /// Who started it.
    pub initiator: Initiator,
    /// Which number is charged or verified, whatever method holds it: what networks count by.
    pub fingerprint: Option<String>,
    /// The rest, kept as JSON.
    pub doc: OperationDoc,
    /// Unix milliseconds.
    pub created: i64,
    /// How often its outcome has been looked up.
    pub checks: i64,
}

/// What an operation keeps besides its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationDoc {
    /// What is, or was, sent: kept for a replay with the same key.
    pub order: ForwardOrder,
    /// Minor units.
    pub amount: i64,
    /// The method that is charged or verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<PaymentMethodId>,
    /// The charge that this attempt is recorded as, or that is captured, voided or refunded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<ChargeId>,
    /// The refund that this operation carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundId>,
    /// Whether it is about a bank account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bank_account: bool,
    /// A security code or 3-D Secure proof went along, or may have; or the vault will not send it again. It is looked
    /// up, never sent again (M1).
    #[serde(default)]
    pub never_resend: bool,
    /// The last moment at which it may have left us, Unix milliseconds; none when nobody came back from sending it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<i64>,
    /// What became of it, for staff: the processor's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Value>,
    /// The API request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Its idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// What an operation asks a processor for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Authorise a payment, and capture it where the intent says so.
    Authorise,
    /// Finish a payment after 3-D Secure.
    Complete,
    /// Capture what is authorised.
    Capture,
    /// Release what is authorised, or withdraw a waiting challenge.
    Void,
    /// Give back.
    Refund,
    /// Send micro-deposits to a bank account.
    MicroDeposits,
    /// Say what the micro-deposits were.
    VerifyMicroDeposits,
    /// Check a card for zero.
    Verify,
    /// Finish a verification after 3-D Secure.
    CompleteVerify,
}

impl Kind {
    const WORDS: [(Self, &'static str); 9] = [
        (Self::Authorise, "authorise"),
        (Self::Complete, "complete"),
        (Self::Capture, "capture"),
        (Self::Void, "void"),
        (Self::Refund, "refund"),
        (Self::MicroDeposits, "micro_deposits"),
        (Self::VerifyMicroDeposits, "verify_micro_deposits"),
        (Self::Verify, "verify"),
        (Self::CompleteVerify, "complete_verify"),
    ];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    /// Whether it asks a bank to decide, and so counts as an attempt (M4).
    pub fn is_attempt(self) -> bool {
        matches!(self, Self::Authorise | Self::Verify | Self::MicroDeposits)
    }

    /// Reads the word in the database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(kind, _)| *kind)
    }
}
