//! Saving a payment method: verified before it is kept.

use onfile_core::ids::{CustomerId, MandateId, PaymentMethodId, SetupAttemptId, SetupIntentId};
use serde::{Deserialize, Serialize};

use super::payment_intent::{AttemptError, Challenge, MicroDeposits};
use super::payment_method::ConsentGiven;
use super::{Metadata, Object};

/// A setup intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupIntent {
    /// `seti_…`
    pub id: SetupIntentId,
    /// Unix seconds.
    pub created: i64,
    /// `requires_payment_method`, `requires_confirmation`, `requires_action`, `processing`, `succeeded`, `canceled`.
    pub status: SetupStatus,
    /// Whose method it will be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<PaymentMethodId>,
    /// `card`, `us_bank_account`.
    pub payment_method_types: Vec<String>,
    /// Whether they were named as `allowed_payment_method_types`, and are shown there too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allowed_types: bool,
    /// Whether `automatic_payment_methods` was asked for.
    #[serde(default)]
    pub automatic_payment_methods: bool,
    /// `off_session` or `on_session`.
    pub usage: String,
    /// The merchant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// Lets a browser retrieve and confirm this intent.
    pub client_secret: String,
    /// Where the customer comes back to after 3-D Secure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// What the customer agreed to on our page; none when the merchant's server asked and thereby attests it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentGiven>,
    /// The challenge that waits for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// The micro-deposits that wait to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_deposits: Option<MicroDeposits>,
    /// The agreement to debit the bank account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<MandateId>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<AttemptError>,
    /// The newest attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_attempt: Option<SetupAttemptId>,
    /// `abandoned`, `requested_by_customer`, `duplicate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation_reason: Option<String>,
}

/// Where a setup intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupStatus {
    /// Nothing to verify yet, or the last method failed.
    RequiresPaymentMethod,
    /// A method is named, nobody asked to verify it yet.
    RequiresConfirmation,
    /// The customer must answer a challenge.
    RequiresAction,
    /// The answer is not known yet.
    Processing,
    /// Verified and kept.
    Succeeded,
    /// Given up.
    Canceled,
}

impl Object for SetupIntent {
    type Id = SetupIntentId;
    fn id(&self) -> &SetupIntentId {
        &self.id
    }
}
