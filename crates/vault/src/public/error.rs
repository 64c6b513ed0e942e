//! Stripe's error envelope.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use onfile_service::db::DbError;
use serde::Serialize;

use crate::form::FormError;
use crate::vault::VaultError;

/// An error as Stripe's clients know it. Never holds account data.
#[derive(Debug, Serialize)]
pub struct ApiError {
    #[serde(skip)]
    status: StatusCode,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<Cow<'static, str>>,
}

impl ApiError {
    /// 400 `invalid_request_error`.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        let kind = "invalid_request_error";
        Self { status: StatusCode::BAD_REQUEST, kind, code: None, message: message.into(), param: None }
    }

    /// 402 `card_error`. `param` is the field's own name, without the brackets around it.
    pub fn card(code: &'static str, param: &'static str, message: &'static str) -> Self {
        let status = StatusCode::PAYMENT_REQUIRED;
        Self {
            status,
            kind: "card_error",
            code: Some(code),
            message: message.into(),
            param: Some(param.into()),
        }
    }

    /// 400 `parameter_missing`.
    pub fn missing(param: impl Into<Cow<'static, str>>) -> Self {
        let param = param.into();
        Self::invalid(format!("Missing required param: {param}.")).with_code("parameter_missing", param)
    }

    /// 400 `parameter_unknown`.
    pub fn unknown(param: String) -> Self {
        Self::invalid(format!("Received unknown parameter: {param}")).with_code("parameter_unknown", param)
    }

    /// 401.
    pub fn unauthorized(message: &'static str) -> Self {
        Self::invalid(message).with_status(StatusCode::UNAUTHORIZED)
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with a code and the parameter it is about.
    #[must_use]
    pub fn with_code(self, code: &'static str, param: impl Into<Cow<'static, str>>) -> Self {
        Self { code: Some(code), param: Some(param.into()), ..self }
    }
}

impl ApiError {
    /// Whether the mistake is ours and not the caller's.
    pub fn is_ours(&self) -> bool {
        self.status.is_server_error()
    }
}

impl From<FormError> for ApiError {
    fn from(error: FormError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "the vault failed");
        let status = match error {
            VaultError::Db(DbError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let message = "Something went wrong on our side. Nothing was stored; please try again.";
        Self { status, kind: "api_error", code: None, message: message.into(), param: None }
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        VaultError::Db(error).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Envelope {
            error: ApiError,
        }
        (self.status, Json(Envelope { error: self })).into_response()
    }
}
