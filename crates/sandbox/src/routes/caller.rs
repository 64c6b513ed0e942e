//! Who calls: the credential, the merchant, and the request's key.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use crate::engine::Asked;
use crate::entry::Stamp;
use crate::fields::{ShapeError, is_token};
use crate::wire::Refusal;

/// Lets a request on only with the credential.
pub async fn require_credential(State(app): State<App>, request: Request, next: Next) -> Response {
    if has_credential(&app, request.headers()) {
        next.run(request).await
    } else {
        Refusal::Unauthorised.into_response()
    }
}

fn has_credential(app: &App, headers: &HeaderMap) -> bool {
    let shown = headers.get("authorization").and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|text| text.strip_prefix("Bearer "));
    shown.is_some_and(|shown| app.engine.secrets.is_credential(shown))
}

/// The merchant for whom a request is made.
pub struct Merchant(pub Arc<str>);

impl FromRequestParts<App> for Merchant {
    type Rejection = ShapeError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ShapeError> {
        token(&parts.headers, "sandbox-merchant").map(Self)
    }
}

/// An operation's merchant, key and path.
pub struct Call {
    merchant: Arc<str>,
    key: Arc<str>,
    path: String,
}

impl FromRequestParts<App> for Call {
    type Rejection = ShapeError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ShapeError> {
        Ok(Self {
            merchant: token(&parts.headers, "sandbox-merchant")?,
            key: token(&parts.headers, "idempotency-key")?,
            path: parts.uri.path().to_owned(),
        })
    }
}

impl Call {
    /// The operation, under the caller's reference. Path and body are marked, so that another request with the same
    /// key is told from a copy of this one.
    pub fn asked(self, app: &App, reference: Arc<str>, body: &[u8]) -> Asked {
        let body = app.engine.secrets.mark("request", &[self.path.as_bytes(), body]);
        Asked { merchant: self.merchant, stamp: Stamp { key: self.key, reference, body } }
    }
}

fn token(headers: &HeaderMap, name: &'static str) -> Result<Arc<str>, ShapeError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.filter(|text| is_token(text)).map(Into::into).ok_or(ShapeError::Header(name))
}
