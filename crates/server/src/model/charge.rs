//! The record of one attempt to pay, as merchants read it.

use onfile_core::currency::Currency;
use onfile_core::ids::{ChargeId, CustomerId, MandateId, PaymentIntentId, PaymentMethodId};
use onfile_core::vault_contract::{Billing, Details};
use serde::{Deserialize, Serialize};

use super::payment_intent::AttemptError;
use super::{Metadata, Object, Shipping};

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are facts that merchants read one by one")]
pub struct Charge {
    /// `ch_…`
    pub id: ChargeId,
    /// Unix seconds.
    pub created: i64,
    /// Of which payment.
    pub payment_intent: PaymentIntentId,
    /// Who paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// With what.
    pub payment_method: PaymentMethodId,
    /// What the method was at that moment.
    pub details: Details,
    /// Who paid, at that moment.
    #[serde(default)]
    pub billing: Billing,
    /// Minor units authorised.
    pub amount: i64,
    /// Minor units captured.
    pub amount_captured: i64,
    /// Minor units given back.
    pub amount_refunded: i64,
    /// In what.
    pub currency: Currency,
    /// Whether it was authorised.
    pub paid: bool,
    /// Whether it was captured.
    pub captured: bool,
    /// Whether it was authorised first, to be captured later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub captured_later: bool,
    /// Whether the authorisation was released uncaptured.
    #[serde(default)]
    pub voided: bool,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<AttemptError>,
    /// What the issuer said of the security code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvc_check: Option<String>,
    /// The network's id of this transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_id: Option<String>,
    /// Whether 3-D Secure was passed.
    #[serde(default)]
    pub authenticated: bool,
    /// Copied from the payment intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Copied from the payment intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// Copied from the payment intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor_suffix: Option<String>,
    /// Copied from the payment intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_group: Option<String>,
    /// Copied from the payment intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_email: Option<String>,
    /// Copied from the payment intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// Copied from the payment intent.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// Whether its money was taken back after it had settled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disputed: bool,
    /// For a bank debit that came back: Nacha's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_code: Option<String>,
    /// For a bank debit: the agreement under which it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<MandateId>,
    /// For a bank debit: which presentment of the debt it is, counted from 1; 0 for cards.
    #[serde(default)]
    pub presentment: u32,
    /// The unguessable part of the receipt's address.
    pub receipt_token: String,
}

impl Object for Charge {
    type Id = ChargeId;
    fn id(&self) -> &ChargeId {
        &self.id
    }
}
