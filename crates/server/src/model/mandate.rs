//! A customer's agreement that their bank account may be debited.

use onfile_core::ids::{CustomerId, MandateId, PaymentMethodId};
use serde::{Deserialize, Serialize};

use super::Object;

/// A mandate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// `mandate_…`
    pub id: MandateId,
    /// Unix seconds.
    pub created: i64,
    /// What may be debited.
    pub payment_method: PaymentMethodId,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Whether it holds.
    pub status: MandateStatus,
    /// How it was given.
    pub acceptance: Acceptance,
    /// The return by which it ended: `R07`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
}

/// Whether a mandate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MandateStatus {
    /// Given, and the account is not verified yet.
    Pending,
    /// It holds.
    Active,
    /// The account's holder took it back.
    Inactive,
}

/// How a customer agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// When, Unix seconds; none when nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<i64>,
    /// Where from, if over the internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<Online>,
}

/// Where from a customer agreed over the internet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Online {
    /// Their internet address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Their browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl Object for Mandate {
    type Id = MandateId;
    fn id(&self) -> &MandateId {
        &self.id
    }
}
