//! Cross-origin calls: from registered origins, to the letter, and from nowhere else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::accounts::Account;
use crate::store;
use crate::vault::Vault;

/// What pages may send.
const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, stripe-account, stripe-version";
/// How long a browser may remember a preflight's answer, in seconds.
const MAX_AGE: &str = "600";
/// The longest origin that is looked up.
const ORIGIN_BYTES_MAX: usize = 300;

/// Answers a preflight. It names no account, so any account's origin will do; the call itself is held against the
/// account of its key.
pub async fn preflight(State(vault): State<Arc<Vault>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = headers.get(ORIGIN).filter(|origin| origin.len() <= ORIGIN_BYTES_MAX) else {
        return Ok(response);
    };
    let Ok(text) = origin.to_str() else { return Ok(response) };
    let mut tx = vault.db.read().await?;
    if store::accounts::any_has_origin(&mut tx, text).await? {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    }
    Ok(response)
}

/// The origin that a call comes from, if it comes from a page.
///
/// # Errors
/// 403 when it is not registered for the account: the page could not read the answer, so nothing is stored either.
pub fn origin_of(headers: &HeaderMap, account: &Account) -> Result<Option<HeaderValue>, ApiError> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(None) };
    if origin.to_str().is_ok_and(|text| account.has_origin(text)) {
        return Ok(Some(origin.clone()));
    }
    Err(ApiError::invalid("The origin of this page is not registered for this account.")
        .with_status(StatusCode::FORBIDDEN))
}

/// The answer, readable by the page it goes to.
pub fn allow(mut response: Response, origin: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("request-id"));
    }
    response
}
