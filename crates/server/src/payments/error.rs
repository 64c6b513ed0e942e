//! Why a payment function did not do what was asked.

use onfile_core::attempts::AttemptsExhausted;
use onfile_core::payment::{AmountsError, PaymentStatus};
use onfile_core::vault_contract::RefusalCode;
use onfile_service::db::DbError;

use crate::model::payment_intent::{AttemptError, PaymentIntent};
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::vault_client::VaultError;
use crate::wire::idempotency::ClaimError;

/// What stands between a request and its effect. Except for [`Self::PaymentFailed`] and [`Self::SetupFailed`], nothing
/// was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object in this account.
    #[error("No such {noun}: '{id}'")]
    NoSuch {
        /// `payment_intent`, `PaymentMethod`, `customer`, …
        noun: &'static str,
        /// As the caller wrote it.
        id: String,
        /// Which parameter named it.
        param: &'static str,
    },
    /// A parameter cannot be used here.
    #[error("{message}")]
    Invalid {
        /// Stripe's code.
        code: &'static str,
        /// Which parameter.
        param: &'static str,
        /// What to do about it.
        message: String,
    },
    /// The payment intent is in another state than this needs.
    #[error("This PaymentIntent's status is {status}: it cannot be {asked}.")]
    IntentState {
        /// Its status.
        status: PaymentStatus,
        /// `confirmed`, `captured`, `canceled`, `updated`, `refunded`.
        asked: &'static str,
        /// The intent as it is.
        intent: Box<PaymentIntent>,
    },
    /// The setup intent is in another state than this needs.
    #[error("This SetupIntent's status does not allow that it is {asked}.")]
    SetupState {
        /// Its status.
        status: SetupStatus,
        /// `confirmed`, `canceled`, `updated`.
        asked: &'static str,
        /// The intent as it is.
        intent: Box<SetupIntent>,
    },
    /// Another operation of this payment is open (M2): wait for its outcome.
    #[error("Another operation of this payment is under way. Try again in a moment.")]
    Busy,
    /// No more attempts are allowed for this debt (M4).
    #[error(transparent)]
    AttemptsExhausted(#[from] AttemptsExhausted),
    /// The card's network allows no attempt by the merchant now; nothing was sent.
    #[error("{because}")]
    NetworkLimit {
        /// When it does again, Unix seconds of the customer's time; none where another card is needed.
        until: Option<i64>,
        /// For people.
        because: String,
    },
    /// More than there is (M5).
    #[error(transparent)]
    Amounts(#[from] AmountsError),
    /// The attempt failed; the intent says why.
    #[error("{}", .error.message)]
    PaymentFailed {
        /// Why.
        error: Box<AttemptError>,
        /// The intent after the attempt.
        intent: Box<PaymentIntent>,
    },
    /// The method could not be verified; the intent says why.
    #[error("{}", .error.message)]
    SetupFailed {
        /// Why.
        error: Box<AttemptError>,
        /// The intent after the attempt.
        intent: Box<SetupIntent>,
    },
    /// The processor refused a capture, release or refund; no money moved.
    #[error("The processor did not accept this. No money moved.")]
    Refused,
    /// The vault or the processor cannot be reached; nothing was sent. Try again later.
    #[error("The payment service cannot be reached at the moment. Nothing was sent; try again shortly.")]
    NotSent,
    /// Another request with the same idempotency key is being worked on.
    #[error("Another request with this idempotency key is being worked on.")]
    KeyInUse,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ClaimError> for Error {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::InUse => Self::KeyInUse,
            ClaimError::Db(error) => Self::Db(error),
        }
    }
}

impl Error {
    /// A token that was used before.
    pub(super) fn token_used(param: &'static str) -> Self {
        let message =
            "This token was used before. A token can be used once; use the payment method it became.";
        Self::Invalid { code: "token_already_used", param, message: message.into() }
    }

    /// What the vault says of a source that a caller named in `param`.
    pub(super) fn from_vault(error: VaultError, source: &str, param: &'static str) -> Self {
        let invalid = |code, message: String| Self::Invalid { code, param, message };
        match error {
            VaultError::Refused(refusal) => match refusal.code {
                RefusalCode::NoSuchMethod => {
                    Self::NoSuch { noun: "PaymentMethod", id: source.to_owned(), param }
                }
                RefusalCode::SourceExpired => invalid(
                    "token_expired",
                    "This token was not used within 15 minutes and has expired. Ask for the card again."
                        .into(),
                ),
                RefusalCode::SourceUsed => Self::token_used(param),
                _ => {
                    tracing::error!(code = ?refusal.code, message = refusal.message, "the vault refused");
                    Self::NotSent
                }
            },
            VaultError::NotDone(reason) | VaultError::Unknown(reason) => {
                tracing::warn!(reason, "the vault cannot be reached");
                Self::NotSent
            }
        }
    }
}
