//! What the payment functions refuse, as the SDKs read it.

use axum::http::StatusCode;
use onfile_core::ids::Id;
use onfile_service::db::DbError;

use crate::billing;
use crate::model::payment_intent::AttemptError;
use crate::payments::Error;
use crate::render::full::Full;
use crate::render::payment_intent::for_browser;
use crate::wire::call::Call;
use crate::wire::error::ApiError;

/// Without the objects that the SDKs find in an error; [`explain`] adds them.
impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NoSuch { noun, id, param } => Self::no_such(noun, id, param),
            Error::Invalid { code, param, message } => Self::invalid(param, code, message),
            Error::IntentState { .. } => Self::invalid("", "payment_intent_unexpected_state", message),
            Error::SetupState { .. } => Self::invalid("", "setup_intent_unexpected_state", message),
            Error::Busy => Self::conflict("lock_timeout", message),
            Error::AttemptsExhausted(_) => {
                let mut error = Self::invalid("", "attempts_exhausted", message);
                error.decline_code = Some("attempts_exhausted".to_owned());
                error
            }
            Error::NetworkLimit { .. } => {
                let mut error = Self::invalid("", "network_limit", message);
                error.decline_code = Some("network_limit".to_owned());
                error
            }
            Error::Amounts(_) => Self::invalid("amount", "amount_too_large", message),
            Error::PaymentFailed { error, .. } | Error::SetupFailed { error, .. } => failed(&error),
            Error::Refused => Self::invalid("", "processing_error", message),
            Error::NotSent => Self::unavailable(message),
            Error::KeyInUse => crate::wire::idempotency::ClaimError::InUse.into(),
            Error::Db(error) => error.into(),
        }
    }
}

/// Without the objects that the SDKs find in an error; `explain_billing` adds them.
impl From<billing::Error> for ApiError {
    fn from(error: billing::Error) -> Self {
        let message = error.to_string();
        match error {
            billing::Error::NoSuch { noun, id, param } => Self::no_such(noun, id, param),
            billing::Error::Invalid { code, param, message } => Self::invalid(param, code, message),
            billing::Error::InvoiceState(_) => Self::invalid("", "invoice_not_editable", message),
            billing::Error::Payment(error) => error.into(),
            billing::Error::Db(error) => error.into(),
        }
    }
}

/// The error with the payment behind it.
pub async fn explain_billing(call: &Call, error: billing::Error) -> ApiError {
    match error {
        billing::Error::Payment(error) => explain(call, error).await,
        other => other.into(),
    }
}

/// 402 where the card said no; 400 where we did.
fn failed(error: &AttemptError) -> ApiError {
    let mut told = ApiError::card(&error.code, &error.message);
    told.kind = kind(&error.kind);
    if told.kind != "card_error" {
        told.status = StatusCode::BAD_REQUEST;
    }
    told.decline_code.clone_from(&error.decline_code);
    told.advice_code.clone_from(&error.advice_code);
    told.network_decline_code.clone_from(&error.network_code);
    told.charge = error.charge.as_ref().map(|charge| charge.as_str().to_owned());
    told
}

fn kind(word: &str) -> &'static str {
    match word {
        "card_error" => "card_error",
        "api_error" => "api_error",
        _ => "invalid_request_error",
    }
}

/// The error with its intent and its method, as far as who asks may see them. Where they cannot be read, the answer is
/// that failure: an SDK finds the payment in a decline, and half an answer would be kept under the idempotency key.
pub async fn explain(call: &Call, error: Error) -> ApiError {
    explained(call, error).await.unwrap_or_else(ApiError::from)
}

async fn explained(call: &Call, error: Error) -> Result<ApiError, DbError> {
    let (intent, setup) = match &error {
        Error::IntentState { intent, .. } | Error::PaymentFailed { intent, .. } => {
            (Some(intent.clone()), None)
        }
        Error::SetupState { intent, .. } | Error::SetupFailed { intent, .. } => (None, Some(intent.clone())),
        _ => (None, None),
    };
    let mut told = ApiError::from(error);
    if intent.is_some() || setup.is_some() {
        let mut tx = call.app.db.read().await?;
        let mut full = Full::new(&mut tx, call.rendering());
        if let Some(intent) = intent {
            told.payment_intent = Some(full.intent(&intent).await?);
        }
        if let Some(intent) = setup {
            told.setup_intent = Some(full.setup(&intent).await?);
        }
    }
    let tried = |object: Option<&serde_json::Value>, field: &str| {
        object.and_then(|object| object.get(field)?.get("payment_method").cloned())
    };
    told.payment_method = tried(told.payment_intent.as_ref(), "last_payment_error")
        .or_else(|| tried(told.setup_intent.as_ref(), "last_setup_error"));
    if call.is_browser() {
        told = coarse(told);
    }
    Ok(told)
}

/// For a browser: whoever tries out stolen cards learns as little as a customer needs.
fn coarse(mut error: ApiError) -> ApiError {
    error.decline_code = None;
    error.advice_code = None;
    error.network_decline_code = None;
    error.charge = None;
    error.payment_method = None;
    error.payment_intent = error.payment_intent.take().map(for_browser);
    error.setup_intent = error.setup_intent.take().map(for_browser);
    error
}
