//! The JSON that callers get.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::bank::{DebitView, MicroDepositsView};
use crate::ids::{CaptureId, PaymentId, RefundId, VoidId};
use crate::money::Currency;
use crate::rules::{CvcCheck, Decline};

/// How a payment or verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Money is reserved.
    Authorised,
    /// Money is collected (and perhaps partly given back).
    Captured,
    /// The issuer said no; final.
    Declined,
    /// The cardholder must be asked, or answered and the caller has not completed it yet.
    Challenge,
    /// The card is good.
    Verified,
    /// Called off; final.
    Voided,
}

/// What an operation is answered.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "object", rename_all = "snake_case")]
pub enum Answer {
    /// Payments, verifications and their completion.
    Payment(Box<PaymentView>),
    /// A capture.
    Capture(PartView<CaptureId>),
    /// A refund.
    Refund(PartView<RefundId>),
    /// A void.
    Void(VoidView),
    /// A bank debit.
    Debit(Box<DebitView>),
    /// Micro-deposits, and a right guess at them.
    MicroDeposits(Box<MicroDepositsView>),
    /// It was refused.
    #[serde(untagged)]
    Refused(ErrorBody),
}

/// A payment or verification.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentView {
    pub id: PaymentId,
    pub reference: Arc<str>,
    pub status: Status,
    pub amount: u64,
    pub currency: Currency,
    pub captured: u64,
    pub refunded: u64,
    pub decline: Option<Box<Decline>>,
    pub challenge_url: Option<String>,
    pub network_transaction_id: Option<Arc<str>>,
    pub cvc_check: CvcCheck,
}

/// A capture or a refund.
#[derive(Clone, Debug, Serialize)]
pub struct PartView<I> {
    pub id: I,
    pub payment: PaymentId,
    pub reference: Arc<str>,
    pub status: &'static str,
    pub amount: u64,
    pub currency: Currency,
}

/// A void.
#[derive(Clone, Debug, Serialize)]
pub struct VoidView {
    pub id: VoidId,
    pub payment: PaymentId,
    pub reference: Arc<str>,
    pub status: Status,
}

/// Why a request is refused, apart from its shape. Nothing moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Capture beyond the authorisation, or refunds beyond the capture.
    #[error("The amount is larger than what is left of the payment.")]
    AmountTooLarge,
    /// Captured before, so that it can neither be captured nor voided.
    #[error("The payment is captured already.")]
    AlreadyCaptured,
    /// Called off before.
    #[error("The payment is voided already.")]
    AlreadyVoided,
    /// Declined, waiting or a verification: there is no authorisation to capture.
    #[error("The payment is not in a state in which it can be captured.")]
    NotCapturable,
    /// Nothing was captured.
    #[error("The payment is not in a state in which it can be refunded.")]
    NotRefundable,
    /// Declined or a finished verification.
    #[error("The payment is not in a state in which it can be voided.")]
    NotVoidable,
    /// The micro-deposits were other ones.
    #[error("These are not the amounts or the code that were sent.")]
    GuessWrong,
    /// The micro-deposits were guessed at too often.
    #[error("There were too many wrong guesses: this account can no longer be verified so.")]
    TooManyGuesses,
    /// The micro-deposits are too old.
    #[error("The micro-deposits have expired.")]
    DepositsExpired,
    /// No such thing of this merchant.
    #[error("There is no such object.")]
    NotFound,
    /// The same idempotency key came with another request.
    #[error("The idempotency key was used with another request.")]
    KeyReused,
    /// The first request with this key is not answered yet.
    #[error("A request with this idempotency key is being worked on.")]
    KeyInUse,
    /// The credential is missing or wrong.
    #[error("The credential is missing or wrong.")]
    Unauthorised,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::KeyInUse => StatusCode::CONFLICT,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::AmountTooLarge
            | Self::AlreadyCaptured
            | Self::AlreadyVoided
            | Self::NotCapturable
            | Self::NotRefundable
            | Self::NotVoidable
            | Self::GuessWrong
            | Self::TooManyGuesses
            | Self::DepositsExpired
            | Self::KeyReused => StatusCode::BAD_REQUEST,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::AmountTooLarge => "amount_too_large",
            Self::AlreadyCaptured => "already_captured",
            Self::AlreadyVoided => "already_voided",
            Self::NotCapturable => "not_capturable",
            Self::NotRefundable => "not_refundable",
            Self::NotVoidable => "not_voidable",
            Self::GuessWrong => "guess_wrong",
            Self::TooManyGuesses => "too_many_guesses",
            Self::DepositsExpired => "deposits_expired",
            Self::NotFound => "not_found",
            Self::KeyReused => "key_reused",
            Self::KeyInUse => "key_in_use",
            Self::Unauthorised => "unauthorised",
        }
    }
}

impl From<Refusal> for ErrorBody {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status(), refusal.code(), refusal.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        ErrorBody::from(self).into_response()
    }
}

/// `{"error": {"code", "message"}}`
#[derive(Clone, Debug, Serialize)]
pub struct ErrorBody {
    error: ErrorDetail,
    #[serde(skip)]
    status: StatusCode,
}

#[derive(Clone, Debug, Serialize)]
struct ErrorDetail {
    code: &'static str,
    message: String,
}

impl ErrorBody {
    /// An error with this code for programs and this message for people. Neither may hold what a caller sent
    /// as a value: it could be a card number.
    pub fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self { error: ErrorDetail { code, message }, status }
    }
}

impl IntoResponse for ErrorBody {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refused) => refused.into_response(),
            answer => Json(answer).into_response(),
        }
    }
}
