//! What every answer of the API carries: JSON, a request id, and what the caller asked to be echoed.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use onfile_core::card_shaped;
use onfile_core::ids::{Id, IdSource, RequestId};
use onfile_service::bodies::BodyRefusal;
use serde_json::Value;

use super::error::ApiError;

/// Names an answer in our logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// The API version that the caller speaks.
pub const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
/// The caller's name for its request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The version that we speak, echoed when the caller names none.
pub const API_VERSION: &str = "2026-10-28.endive";

/// An answer in JSON.
pub fn json(status: StatusCode, body: &Value) -> Response {
    let mut text = body.to_string();
    text.push('\n');
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// Gives the request its id, and the answer what every answer carries.
pub async fn wrap(ids: IdSource, mut request: Request, next: Next) -> Response {
    let id: RequestId = ids.next();
    let version = echo(request.headers(), &STRIPE_VERSION);
    let key = echo(request.headers(), &IDEMPOTENCY_KEY);
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(STRIPE_VERSION, version.unwrap_or(HeaderValue::from_static(API_VERSION)));
    if let Some(key) = key {
        headers.insert(IDEMPOTENCY_KEY, key);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What may be sent back: a header value that the library took from the wire is safe to put on it again, unless it
/// holds what we never repeat.
fn echo(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    headers.get(name).filter(|value| value.len() <= 255 && !card_shaped::contains(value.as_bytes())).cloned()
}

/// The answer to a body that was not taken.
pub fn refuse_body(refusal: BodyRefusal) -> Response {
    let (status, message) = match refusal {
        BodyRefusal::TooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, "The request body is longer than 64 KiB. Send less at a time.")
        }
        BodyRefusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time."),
        BodyRefusal::Broken => (StatusCode::BAD_REQUEST, "The request body broke off or is malformed."),
    };
    ApiError::new(status, "invalid_request_error", message).into_response()
}
