//! A way to pay that is on file.

use onfile_core::ids::{ConsentId, CustomerId, MandateId, PaymentMethodId};
use onfile_core::vault_contract::{Billing, Descriptor, Details};
use serde::{Deserialize, Serialize};

use super::{Metadata, Object};

/// A payment method whose number the vault holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// `pm_…`: what the vault knows it by, too.
    pub id: PaymentMethodId,
    /// Unix seconds.
    pub created: i64,
    /// Whose it is; none before it is attached and after it is detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Card or bank account.
    pub details: Details,
    /// Who pays.
    #[serde(default)]
    pub billing: Billing,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// `always`, `limited` or `unspecified`.
    pub allow_redisplay: String,
    /// What the last verification or payment said of the security code: `pass`, `fail`, `unavailable`, `unchecked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvc_check: Option<String>,
    /// The network's id of the first customer-present transaction; merchant-initiated ones must quote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_id_initial: Option<String>,
    /// The network's id of the newest transaction: some acquirers want this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_id_latest: Option<String>,
    /// The newest consent to keep and charge it (M9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentId>,
    /// Removed for good: the vault has destroyed the number.
    #[serde(default)]
    pub detached: bool,
    /// Nothing that it was used for has left us: the token that it was made from may be used once more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsent: bool,
    /// For a bank account: whether it was proved to be its holder's, by micro-deposits. Named test accounts are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
    /// For a bank account: the newest agreement to debit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<MandateId>,
    /// For a bank account that must not be debited any more: the return code that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
}

impl Object for PaymentMethod {
    type Id = PaymentMethodId;
    fn id(&self) -> &PaymentMethodId {
        &self.id
    }
}

impl PaymentMethod {
    /// A method that the vault has just kept, of which nothing else is known yet.
    pub fn new(id: PaymentMethodId, described: Descriptor) -> Self {
        Self {
            id,
            created: described.created,
            customer: None,
            details: described.details,
            billing: described.billing,
            metadata: Metadata::new(),
            allow_redisplay: "unspecified".to_owned(),
            cvc_check: None,
            network_id_initial: None,
            network_id_latest: None,
            consent: None,
            detached: false,
            unsent: false,
            verified: false,
            mandate: None,
            blocked: None,
        }
    }

    /// Whether it is a bank account.
    pub fn is_bank_account(&self) -> bool {
        matches!(self.details, Details::UsBankAccount(_))
    }

    /// The same for the same number within the account.
    pub fn fingerprint(&self) -> &str {
        match &self.details {
            Details::Card(card) => &card.fingerprint,
            Details::UsBankAccount(bank) => &bank.fingerprint,
        }
    }
}

/// Proof that a method may be kept and charged (M9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// `cons_…`
    pub id: ConsentId,
    /// What was agreed to.
    pub payment_method: PaymentMethodId,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Who says so.
    pub source: ConsentSource,
    /// Unix seconds.
    pub created: i64,
}

/// Where a consent comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum ConsentSource {
    /// The customer ticked a box under this text.
    Customer(ConsentGiven),
    /// The merchant's server attached the method and thereby attests that it has the customer's consent.
    MerchantAttested {
        /// The API request that did it.
        request: String,
    },
}

/// A consent that a customer gave on a page of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentGiven {
    /// The words shown.
    pub text: String,
    /// Version of the words.
    pub version: String,
    /// Internet address of who agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Their browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}
