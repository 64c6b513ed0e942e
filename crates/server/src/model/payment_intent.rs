//! A payment on its way: also the debt that M2 and M4 count by, while no invoice stands behind it.

use onfile_core::currency::Currency;
use onfile_core::decline::DeclineReason;
use onfile_core::ids::{
    ChargeId, CustomerId, Id, IdSource, InvoiceId, OperationId, PaymentIntentId, PaymentMethodId, RunId,
};
use onfile_core::payment::{Amounts, PaymentStatus};
use serde::{Deserialize, Serialize};

use super::{Metadata, Object, Shipping};

/// A payment intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentIntent {
    /// `pi_…`
    pub id: PaymentIntentId,
    /// Unix seconds.
    pub created: i64,
    /// Minor units asked for.
    pub amount: i64,
    /// In what.
    pub currency: Currency,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What is authorised, captured and refunded of it.
    pub amounts: Amounts,
    /// `automatic`, `automatic_async` or `manual`.
    pub capture_method: String,
    /// `automatic` or `manual`.
    pub confirmation_method: String,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// With what.
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
    /// `on_session`, `off_session`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_future_usage: Option<String>,
    /// Whether the last confirmation was initiated by the merchant.
    #[serde(default)]
    pub off_session: bool,
    /// The merchant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// On the bank statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// On the bank statement, behind the merchant's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor_suffix: Option<String>,
    /// The merchant's name for what belongs together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_group: Option<String>,
    /// Who gets the receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_email: Option<String>,
    /// Where goods go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// Lets a browser retrieve and confirm this intent.
    pub client_secret: String,
    /// Where the customer comes back to after 3-D Secure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// The challenge that waits for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// The micro-deposits that wait to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_deposits: Option<MicroDeposits>,
    /// That the bank took back what was paid: the debt is open again, though the status says *succeeded*, as Stripe's
    /// does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<TakenBack>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<AttemptError>,
    /// The newest attempt's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_charge: Option<ChargeId>,
    /// The processor's id of the authorisation, for captures, voids and refunds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor_payment: Option<String>,
    /// Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<i64>,
    /// `duplicate`, `fraudulent`, `requested_by_customer`, `abandoned`, `automatic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation_reason: Option<String>,
    /// The invoice that it is to settle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// The batch that its last attempt was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

/// Base-62 digits of a client secret: 142 bits.
const CLIENT_SECRET_DIGITS: usize = 24;

impl PaymentIntent {
    /// A payment of which nothing is known but its amount; it waits for a method.
    pub fn new(ids: &IdSource, created: i64, amount: i64, currency: Currency) -> Self {
        let id = ids.next::<PaymentIntentId>();
        let client_secret = format!("{}_secret_{}", id.as_str(), ids.secret(CLIENT_SECRET_DIGITS));
        Self {
            id,
            created,
            amount,
            currency,
            status: PaymentStatus::RequiresPaymentMethod,
            amounts: Amounts::default(),
            capture_method: "automatic".to_owned(),
            confirmation_method: "automatic".to_owned(),
            customer: None,
            payment_method: None,
            payment_method_types: vec!["card".to_owned()],
            allowed_types: false,
            automatic_payment_methods: false,
            setup_future_usage: None,
            off_session: false,
            description: None,
            statement_descriptor: None,
            statement_descriptor_suffix: None,
            transfer_group: None,
            receipt_email: None,
            shipping: None,
            metadata: Metadata::new(),
            client_secret,
            return_url: None,
            challenge: None,
            micro_deposits: None,
            taken_back: None,
            last_error: None,
            latest_charge: None,
            processor_payment: None,
            canceled_at: None,
            cancellation_reason: None,
            invoice: None,
            run: None,
        }
    }
}

/// A 3-D Secure challenge that waits at the issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The issuer's page.
    pub url: String,
    /// The processor's id of the waiting payment or verification.
    pub processor_payment: String,
    /// The operation that met the challenge.
    pub operation: OperationId,
}

/// Two small amounts on their way to a bank account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MicroDeposits {
    /// The processor's id of them.
    pub processor_id: String,
    /// When they arrive, Unix seconds.
    pub arrives: i64,
}

/// A settled debit that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// The charge that had brought the money.
    pub charge: ChargeId,
    /// Nacha's code: `R10`.
    pub return_code: String,
    /// When we learned of it, Unix seconds.
    pub at: i64,
}

/// Why an attempt failed, in Stripe's vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptError {
    /// `card_declined`, `expired_card`, `incorrect_cvc`, `processing_error`, `authentication_required`, …
    pub code: String,
    /// `insufficient_funds`, `generic_decline`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
    /// `do_not_try_again`, `try_again_later`, `confirm_card_data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice_code: Option<String>,
    /// ISO 8583 field 39.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_code: Option<String>,
    /// For people.
    pub message: String,
    /// `card_error`, `invalid_request_error`, `api_error`.
    pub kind: String,
    /// The charge that records the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<ChargeId>,
    /// The method that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<PaymentMethodId>,
}

impl AttemptError {
    /// All that was said about the decline.
    pub fn reason(&self) -> DeclineReason<'_> {
        DeclineReason {
            code: self.decline_code.as_deref(),
            network_code: self.network_code.as_deref(),
            advice_code: self.advice_code.as_deref(),
        }
    }
}

impl Object for PaymentIntent {
    type Id = PaymentIntentId;
    fn id(&self) -> &PaymentIntentId {
        &self.id
    }
}
