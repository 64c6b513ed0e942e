//! Answers and refusals of the internal listener.

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use onfile_core::card_shaped;
use onfile_core::vault_contract::{Refusal, RefusalCode};
use onfile_service::db::DbError;
use serde::de::DeserializeOwned;

use crate::vault::VaultError;

/// Why a request got no answer of its kind.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// The request cannot be fulfilled; nothing was changed.
    #[error("{1}")]
    Refused(RefusalCode, String),
    /// Our side failed; nothing was done.
    #[error(transparent)]
    Failed(#[from] VaultError),
}

impl From<DbError> for NotDone {
    fn from(error: DbError) -> Self {
        Self::Failed(VaultError::Db(error))
    }
}

impl NotDone {
    /// A refusal.
    pub fn refused(code: RefusalCode, message: &str) -> Self {
        Self::Refused(code, message.to_owned())
    }
}

impl IntoResponse for NotDone {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(code, message) => refusal(code, &message),
            Self::Failed(error) => {
                tracing::error!(%error, "a request of the server failed");
                let status = match error {
                    VaultError::Db(DbError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                (status, "the vault failed; its log says why").into_response()
            }
        }
    }
}

/// The body of a request.
///
/// # Errors
/// [`RefusalCode::BadRequest`].
pub fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, NotDone> {
    serde_json::from_slice(body).map_err(|error| {
        NotDone::Refused(RefusalCode::BadRequest, card_shaped::mask(&error.to_string()).into_owned())
    })
}

/// A refusal as it goes over the wire.
pub fn refusal(code: RefusalCode, message: &str) -> Response {
    let status = match code {
        RefusalCode::BadCredential => StatusCode::UNAUTHORIZED,
        RefusalCode::BadRequest => StatusCode::BAD_REQUEST,
        RefusalCode::NoSuchAccount | RefusalCode::NoSuchMethod | RefusalCode::SourceExpired => {
            StatusCode::NOT_FOUND
        }
        RefusalCode::SourceUsed | RefusalCode::KeyReused | RefusalCode::KeyInUse | RefusalCode::TooLate => {
            StatusCode::CONFLICT
        }
        RefusalCode::NotAllowed => StatusCode::FORBIDDEN,
    };
    (status, Json(Refusal { code, message: message.to_owned() })).into_response()
}
