//! Money given back.

use onfile_core::currency::Currency;
use onfile_core::ids::{ChargeId, PaymentIntentId, RefundId};
use serde::{Deserialize, Serialize};

use super::{Metadata, Object};

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// `re_…`
    pub id: RefundId,
    /// Unix seconds.
    pub created: i64,
    /// Of which charge.
    pub charge: ChargeId,
    /// Of which payment.
    pub payment_intent: PaymentIntentId,
    /// Minor units.
    pub amount: i64,
    /// In what.
    pub currency: Currency,
    /// Where it stands.
    pub status: RefundStatus,
    /// `duplicate`, `fraudulent`, `requested_by_customer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// Whether it goes to a bank account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub to_bank: bool,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Sent, or about to be, and not answered yet: the amount is reserved.
    Pending,
    /// Given back.
    Succeeded,
    /// Refused by the processor: the amount is free again.
    Failed,
}

impl Object for Refund {
    type Id = RefundId;
    fn id(&self) -> &RefundId {
        &self.id
    }
}
