//! The listener for browsers and apps: Stripe's two calls that take a card from a page, and the card frame.

mod auth;
mod bank_input;
mod billing;
mod card_input;
mod cors;
mod error;
mod objects;
mod payment_methods;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use onfile_core::card_shaped;
use onfile_core::ids::{Id, RequestId};
use onfile_service::bodies::{BodyLimits, BodyRefusal, limited};

use crate::frame;
use crate::vault::Vault;
pub use auth::account_with_key;
pub use error::ApiError;

/// The longest name of an API version that is echoed.
const VERSION_BYTES_MAX: usize = 255;

/// The routes. `origin` is the listener's own, as browsers write it.
pub fn router(vault: Arc<Vault>, origin: &str) -> Router {
    let api = Router::new()
        .route("/v1/tokens", post(tokens::create).options(cors::preflight))
        .route("/v1/payment_methods", post(payment_methods::create).options(cors::preflight))
        .route("/health", get(crate::internal::health))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_path)
        .with_state(Arc::clone(&vault));
    let api = limited(api, BodyLimits::standard(refuse_body));
    api.merge(frame::router(Arc::clone(&vault), origin)).layer(middleware::from_fn_with_state(vault, mark))
}

/// Gives every answer its id, and keeps it out of caches unless a handler said otherwise.
async fn mark(State(vault): State<Arc<Vault>>, request: Request, next: Next) -> Response {
    let id: RequestId = vault.ids.next();
    let version = request.headers().get("stripe-version");
    // Nothing long and nothing like a card number goes back.
    let repeatable =
        |value: &&HeaderValue| value.len() <= VERSION_BYTES_MAX && !card_shaped::contains(value.as_bytes());
    let version = version.filter(repeatable).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert("request-id", id);
    }
    if let Some(version) = version {
        headers.insert("stripe-version", version);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    if response.status().is_server_error() {
        tracing::error!(
            request = id.as_str(),
            status = response.status().as_u16(),
            "a public request failed"
        );
    }
    response
}

async fn unknown_path() -> ApiError {
    ApiError::invalid(
        "Unrecognized request URL. Cards are sent to /v1/tokens or /v1/payment_methods here; everything \
        else is at the API.",
    )
    .with_status(StatusCode::NOT_FOUND)
}

fn refuse_body(refusal: BodyRefusal) -> Response {
    let (status, message) = match refusal {
        BodyRefusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The request body is larger than 64 KiB."),
        BodyRefusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The request body came too slowly."),
        BodyRefusal::Broken => (StatusCode::BAD_REQUEST, "The request body broke off."),
    };
    ApiError::invalid(message).with_status(status).into_response()
}
