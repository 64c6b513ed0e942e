//! Errors as the Stripe SDKs read them: the class by status, the rest from `{"error": {…}}`.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use onfile_core::card_shaped;
use onfile_service::db::DbError;
use onfile_service::lookalikes::{holds_card_number, plain};
use serde_json::{Map, Value, json};

use crate::vault_client::VaultError;

/// Obeyed by the SDKs: whether the same request is worth sending again.
pub const SHOULD_RETRY: HeaderName = HeaderName::from_static("stripe-should-retry");
/// How long a client is asked to wait when something of ours is down, in seconds.
const RETRY_AFTER: u32 = 1;
/// Stripe's code for something of which there can be only one.
pub const TAKEN: &str = "resource_already_exists";
/// How many characters of a caller's own text an error repeats.
const QUOTED_MAX: usize = 80;

/// What is said of a failed request. Boxed: errors are rare, results are everywhere.
#[derive(Debug, Clone)]
pub struct ApiError(Box<Fields>);

/// The parts of an [`ApiError`].
#[derive(Debug, Clone)]
pub struct Fields {
    /// HTTP status, by which the SDKs choose their exception.
    pub status: StatusCode,
    /// `invalid_request_error`, `card_error`, `idempotency_error`, `api_error`.
    pub kind: &'static str,
    /// For programs.
    pub code: Option<String>,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// Which parameter.
    pub param: Option<String>,
    /// Why the issuer declined.
    pub decline_code: Option<String>,
    /// What the issuer advises.
    pub advice_code: Option<String>,
    /// ISO 8583 field 39.
    pub network_decline_code: Option<String>,
    /// The charge that failed.
    pub charge: Option<String>,
    /// The rendered payment intent that failed.
    pub payment_intent: Option<Value>,
    /// The rendered setup intent that failed.
    pub setup_intent: Option<Value>,
    /// The rendered method that was tried.
    pub payment_method: Option<Value>,
    /// What Stripe has no field for: everything that is wrong with a file.
    pub onfile: Option<Value>,
    /// Seconds to wait before the same request is sent again; set means that it is worth it.
    pub retry_after: Option<u32>,
    /// Whether what was asked for may have been done all the same: a commit whose answer was lost. Then the
    /// idempotency key is not given back, or the request could be carried out twice.
    pub uncertain: bool,
}

impl Deref for ApiError {
    type Target = Fields;
    fn deref(&self) -> &Fields {
        &self.0
    }
}

impl DerefMut for ApiError {
    fn deref_mut(&mut self) -> &mut Fields {
        &mut self.0
    }
}

impl ApiError {
    /// An error with these three and nothing else.
    pub fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Fields {
            status,
            kind,
            code: None,
            message: message.into(),
            param: None,
            decline_code: None,
            advice_code: None,
            network_decline_code: None,
            charge: None,
            payment_intent: None,
            setup_intent: None,
            payment_method: None,
            onfile: None,
            retry_after: None,
            uncertain: false,
        }))
    }

    /// 400 for a parameter, or for none in particular when `param` is empty.
    pub fn invalid<'a>(
        param: impl Into<String>,
        code: impl Into<Option<&'a str>>,
        message: impl Into<String>,
    ) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message);
        error.code = code.into().map(str::to_owned);
        error.param = Some(param.into()).filter(|p| !p.is_empty());
        error
    }

    /// 400: a parameter is needed.
    pub fn missing(param: impl Into<String>) -> Self {
        let param = param.into();
        let message = format!("Missing required param: {param}.");
        Self::invalid(param, "parameter_missing", message)
    }

    /// 400: a parameter that this endpoint does not have.
    pub fn unknown_parameter(param: impl Into<String>) -> Self {
        let param = param.into();
        let message = format!("Received unknown parameter: {}", quoted(&param));
        Self::invalid(param, "parameter_unknown", message)
    }

    /// There is no such object in this account. 404 when the path named it (`param` is `id` or `intent`), 400 when a
    /// parameter did.
    pub fn no_such(noun: &str, id: impl std::fmt::Display, param: impl Into<String>) -> Self {
        let param = param.into();
        let status = if matches!(param.as_str(), "id" | "intent") {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::BAD_REQUEST
        };
        let message = format!("No such {noun}: '{}'", quoted(&id.to_string()));
        let mut error = Self::invalid(param, "resource_missing", message);
        error.status = status;
        error
    }

    /// 503: nothing was done, and the same request is worth sending again.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", message);
        error.retry_after = Some(RETRY_AFTER);
        error
    }

    /// 409: somebody else is at it.
    pub fn conflict(code: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::CONFLICT, "invalid_request_error", message);
        error.code = Some(code.to_owned());
        error
    }

    /// 402 with type `card_error`: the issuer, or the card, said no.
    pub fn card(code: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", message);
        error.code = Some(code.to_owned());
        error
    }

    /// 500: a mistake of ours. What it was stands in the log under the request's id.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        tracing::error!("{what}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "api_error",
            "Something went wrong on our side. It has been logged under the request id of this answer.",
        )
    }

    /// Whether this answer may be kept under the caller's idempotency key: only where something was done. Validation
    /// errors, conflicts and outages are decided anew each time.
    pub fn is_outcome(&self) -> bool {
        self.status == StatusCode::PAYMENT_REQUIRED && self.kind == "card_error"
    }

    /// The body, without the log's address.
    pub fn body(&self) -> Value {
        let mut error = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                error.insert(name.to_owned(), value);
            }
        };
        let text = |value: &Option<String>| value.clone().map(Value::String);
        put("advice_code", text(&self.advice_code));
        put("charge", text(&self.charge));
        put("code", text(&self.code));
        put("decline_code", text(&self.decline_code));
        put("message", Some(Value::String(self.message.clone())));
        put("network_decline_code", text(&self.network_decline_code));
        put("onfile", self.onfile.clone());
        put("param", text(&self.param));
        put("payment_intent", self.payment_intent.clone());
        put("payment_method", self.payment_method.clone());
        put("setup_intent", self.setup_intent.clone());
        put("type", Some(Value::String(self.kind.to_owned())));
        json!({ "error": error })
    }
}

/// A caller's own text, cut short and masked: an error is no place for a kilobyte of it, nor for a card number that
/// stands where nobody looks for one.
pub fn quoted(text: &str) -> String {
    let masked = masked(text);
    let mut short: String = masked.chars().take(QUOTED_MAX).collect();
    if short.len() < masked.len() {
        short.push('…');
    }
    short
}

fn masked(text: &str) -> Cow<'_, str> {
    if holds_card_number(text) {
        return Cow::Owned(card_shaped::mask(&plain(text)).into_owned());
    }
    Cow::Borrowed(text)
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = super::envelope::json(self.status, &self.body());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("true"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Onfile\""));
        }
        response
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        let mut told = match error {
            DbError::Unavailable(why) => {
                tracing::warn!("the database is not available: {why}");
                Self::unavailable("The database is not available at the moment. Please try again.")
            }
            DbError::Duplicate(_) | DbError::Inconsistent(_) | DbError::Refused(_) | DbError::Failed(_) => {
                Self::internal(error)
            }
        };
        told.uncertain = true;
        told
    }
}

/// For requests to the vault that may be repeated: all but `forward`.
impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Refused(refusal) => Self::internal(format!("the vault refused: {:?}", refusal.code)),
            VaultError::NotDone(why) | VaultError::Unknown(why) => {
                tracing::warn!("the vault is not available: {why}");
                Self::unavailable("The vault is not available at the moment. Please try again.")
            }
        }
    }
}
