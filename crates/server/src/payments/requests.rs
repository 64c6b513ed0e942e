//! What callers may ask for, already parsed. `None` leaves a thing as it is; `Some(None)` clears it.

use onfile_core::currency::Currency;
use onfile_core::ids::{ChargeId, CustomerId, PaymentIntentId, RunId};

use crate::model::mandate::Acceptance;
use crate::model::payment_method::ConsentGiven;
use crate::model::{Metadata, Shipping};
use crate::store::agreements::HeldInvoice;

use super::Error;

/// Stripe's limit on the keys of one object's metadata.
const METADATA_KEYS_MAX: usize = 50;

/// A new payment intent.
#[derive(Debug, Clone)]
pub struct NewIntent {
    /// Minor units, within the limits of [`onfile_core::money::Amount`].
    pub amount: i64,
    /// In what.
    pub currency: Currency,
    /// `automatic`, `automatic_async` or `manual`.
    pub capture_method: String,
    /// `automatic` or `manual`.
    pub confirmation_method: String,
    /// `card`, `us_bank_account`; `["card"]` when the caller named none.
    pub payment_method_types: Vec<String>,
    /// Whether they were named as `allowed_payment_method_types`.
    pub allowed_types: bool,
    /// Whether `automatic_payment_methods[enabled]` was asked for.
    pub automatic_payment_methods: bool,
    /// Who pays.
    pub customer: Option<CustomerId>,
    /// What else.
    pub details: IntentDetails,
    /// Whether, and how, to confirm at once.
    pub confirm: Option<Confirm>,
    /// What to pay with, when it is not confirmed at once.
    pub payment_method: Option<String>,
}

/// What may be changed on an intent until it is paid.
#[derive(Debug, Clone, Default)]
pub struct IntentDetails {
    /// The merchant's words.
    pub description: Option<Option<String>>,
    /// On the bank statement.
    pub statement_descriptor: Option<Option<String>>,
    /// On the bank statement.
    pub statement_descriptor_suffix: Option<Option<String>>,
    /// The merchant's name for what belongs together.
    pub transfer_group: Option<Option<String>>,
    /// Who gets the receipt.
    pub receipt_email: Option<Option<String>>,
    /// Where goods go.
    pub shipping: Option<Option<Shipping>>,
    /// The whole metadata after the change, or none to leave it.
    pub metadata: Option<MetadataChange>,
    /// `on_session` or `off_session`.
    pub setup_future_usage: Option<Option<String>>,
}

/// A change of metadata.
#[derive(Debug, Clone)]
pub enum MetadataChange {
    /// Everything goes.
    Clear,
    /// These keys are set, or removed where the value is none.
    Merge(Vec<(String, Option<String>)>),
}

impl MetadataChange {
    /// Applies the change.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there would be more than 50 keys.
    pub fn apply(self, metadata: &mut Metadata) -> Result<(), Error> {
        match self {
            Self::Clear => metadata.clear(),
            Self::Merge(changes) => {
                for (key, value) in changes {
                    match value {
                        Some(value) => drop(metadata.insert(key, value)),
                        None => drop(metadata.remove(&key)),
                    }
                }
            }
        }
        let count = metadata.len();
        if count <= METADATA_KEYS_MAX {
            return Ok(());
        }
        Err(Error::Invalid {
            code: "parameter_invalid",
            param: "metadata",
            message: format!(
                "Metadata can have up to {METADATA_KEYS_MAX} keys; this request would make it {count}."
            ),
        })
    }
}

/// A change of a payment intent.
#[derive(Debug, Clone, Default)]
pub struct UpdateIntent {
    /// A new amount.
    pub amount: Option<i64>,
    /// A new currency.
    pub currency: Option<Currency>,
    /// A customer, where there was none.
    pub customer: Option<CustomerId>,
    /// What to pay with.
    pub payment_method: Option<Option<String>>,
    /// The rest.
    pub details: IntentDetails,
}

/// How to confirm a payment intent.
#[derive(Debug, Clone, Default)]
pub struct Confirm {
    /// What to pay with; else what the intent has.
    pub payment_method: Option<String>,
    /// Whether nobody is there: then the merchant initiates, and no challenge is possible.
    pub off_session: bool,
    /// Fail rather than wait for a challenge.
    pub error_on_requires_action: bool,
    /// Where the customer comes back to.
    pub return_url: Option<String>,
    /// The batch that this attempt is part of.
    pub run: Option<RunId>,
    /// The claim by which it is made: nothing begins when somebody else has it by then.
    pub held: Option<HeldInvoice>,
    /// How the customer agreed that their bank account is debited.
    pub mandate: Option<Acceptance>,
    /// Changes that come along.
    pub details: IntentDetails,
}

/// How to capture.
#[derive(Debug, Clone, Default)]
pub struct Capture {
    /// Minor units; all when none. The rest is released.
    pub amount: Option<i64>,
    /// Metadata that comes along.
    pub metadata: Option<MetadataChange>,
}

/// A new setup intent.
#[derive(Debug, Clone)]
pub struct NewSetup {
    /// Whose method it will be.
    pub customer: Option<CustomerId>,
    /// `card`, `us_bank_account`; `["card"]` when the caller named none.
    pub payment_method_types: Vec<String>,
    /// Whether they were named as `allowed_payment_method_types`.
    pub allowed_types: bool,
    /// Whether `automatic_payment_methods[enabled]` was asked for.
    pub automatic_payment_methods: bool,
    /// `off_session` or `on_session`.
    pub usage: String,
    /// The merchant's words.
    pub description: Option<String>,
    /// The merchant's pairs.
    pub metadata: Metadata,
    /// What to save, when it is not confirmed at once.
    pub payment_method: Option<String>,
    /// Whether, and how, to confirm at once.
    pub confirm: Option<ConfirmSetup>,
}

/// A change of a setup intent.
#[derive(Debug, Clone, Default)]
pub struct UpdateSetup {
    /// A customer, where there was none.
    pub customer: Option<CustomerId>,
    /// What to save.
    pub payment_method: Option<Option<String>>,
    /// The merchant's words.
    pub description: Option<Option<String>>,
    /// The merchant's pairs.
    pub metadata: Option<MetadataChange>,
}

/// How to confirm a setup intent.
#[derive(Debug, Clone, Default)]
pub struct ConfirmSetup {
    /// What to save; else what the intent has.
    pub payment_method: Option<String>,
    /// Where the customer comes back to.
    pub return_url: Option<String>,
    /// What the customer agreed to on our page; none when the merchant's server asks and thereby attests it.
    pub consent: Option<ConsentGiven>,
    /// How they agreed that their bank account may be debited.
    pub mandate: Option<Acceptance>,
}

/// A new refund.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Of what: a charge or a payment intent.
    pub of: Refundable,
    /// Minor units; all that is left when none.
    pub amount: Option<i64>,
    /// `duplicate`, `fraudulent`, `requested_by_customer`.
    pub reason: Option<String>,
    /// The merchant's pairs.
    pub metadata: Metadata,
}

/// What a refund is of.
#[derive(Debug, Clone)]
pub enum Refundable {
    /// One charge.
    Charge(ChargeId),
    /// The payment intent whose latest charge succeeded.
    Intent(PaymentIntentId),
}
