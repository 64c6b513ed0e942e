//! The listener for `onfile`: what it may ask is `onfile_core::vault_contract`, to the letter.

mod accounts;
mod answer;
mod describe;
mod methods;
mod orders;
mod sources;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use onfile_core::vault_contract::{RefusalCode, path};
use onfile_service::bodies::{BodyLimits, BodyRefusal, limited};
use onfile_service::config::Secret;
use onfile_service::credentials::constant_time_eq;

use crate::vault::Vault;
use answer::refusal;

pub use answer::NotDone;
pub use sources::{no_such_method, source_expired, source_used};

/// The routes, for callers that show the service credential.
pub fn router(vault: Arc<Vault>, credential: Secret) -> Router {
    let expected = Arc::new(Secret::new(format!("Bearer {}", credential.expose_secret())));
    let router = Router::new()
        .route(path::ACCOUNTS, post(accounts::put))
        .route(path::RESOLVE, post(sources::resolve))
        .route(path::REDEEM, post(sources::redeem))
        .route(path::UPDATE_EXPIRY, post(methods::update_expiry))
        .route(path::DESTROY, post(methods::destroy))
        .route(path::FORWARD, post(orders::forward))
        .route(path::HEALTH, get(health))
        .fallback(unknown_path)
        .with_state(vault);
    limited(router, BodyLimits::standard(refuse_body))
        .layer(middleware::from_fn_with_state(expected, authenticate))
}

async fn authenticate(State(expected): State<Arc<Secret>>, request: Request, next: Next) -> Response {
    let shown =
        request.headers().get(AUTHORIZATION).map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    if constant_time_eq(shown, expected.expose_secret().as_bytes()) {
        next.run(request).await
    } else {
        refusal(RefusalCode::BadCredential, "the service credential is wrong")
    }
}

/// 204 when the vault can work.
pub async fn health(State(vault): State<Arc<Vault>>) -> StatusCode {
    match vault.db.read().await {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(%error, "the vault cannot work");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn unknown_path() -> Response {
    refusal(RefusalCode::BadRequest, "no such path")
}

fn refuse_body(body: BodyRefusal) -> Response {
    refusal(
        RefusalCode::BadRequest,
        match body {
            BodyRefusal::TooLarge => "the body is too large",
            BodyRefusal::TooSlow => "the body came too slowly",
            BodyRefusal::Broken => "the body broke off",
        },
    )
}
