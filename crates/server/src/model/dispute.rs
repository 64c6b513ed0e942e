//! Money that the customer's bank took back after a debit had settled. It is lost the moment it is known.

use onfile_core::currency::Currency;
use onfile_core::ids::{ChargeId, CustomerId, DisputeId, PaymentIntentId};
use serde::{Deserialize, Serialize};

use super::Object;

/// A dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// `dp_…`
    pub id: DisputeId,
    /// Unix seconds.
    pub created: i64,
    /// Of which charge.
    pub charge: ChargeId,
    /// Of which payment.
    pub payment_intent: PaymentIntentId,
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Minor units.
    pub amount: i64,
    /// In what.
    pub currency: Currency,
    /// Nacha's code: `R10`.
    pub return_code: String,
}

impl Object for Dispute {
    type Id = DisputeId;
    fn id(&self) -> &DisputeId {
        &self.id
    }
}
