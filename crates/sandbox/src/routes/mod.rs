//! The routes, and what requests to the payment API have in common.

mod caller;
mod captures;
mod challenge;
mod clock;
mod debits;
mod faults;
mod home;
mod inbox;
mod ledger;
mod lookup;
mod messages;
mod micro_deposits;
mod page;
mod payments;
mod refunds;
mod voids;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use onfile_service::bodies::{BodyLimits, BodyRefusal, limited};
use onfile_service::headers::{BadSource, protect};

use crate::engine::{Answered, Engine, Failure};
use crate::serve::Dropped;
use crate::wire::{ErrorBody, Refusal};

/// What handlers share.
#[derive(Clone)]
pub struct App {
    /// Decides and remembers.
    pub engine: Arc<Engine>,
    /// Where the ledger file is.
    pub data: Arc<PathBuf>,
}

/// All routes.
///
/// # Errors
/// Never in practice: the pages' policies are constant.
pub fn router(app: App) -> Result<Router, BadSource> {
    // Layers run from the last to the first: who calls, then what goes wrong, then the work.
    let operations = Router::new()
        .route("/v1/payments", post(payments::pay))
        .route("/v1/verifications", post(payments::verify))
        .route("/v1/payments/{id}/complete", post(payments::complete))
        .route("/v1/payments/{id}/captures", post(captures::capture))
        .route("/v1/payments/{id}/refunds", post(refunds::refund))
        .route("/v1/payments/{id}/void", post(voids::void))
        .route("/v1/debits", post(debits::debit))
        .route("/v1/debits/{id}/refunds", post(debits::refund))
        .route("/v1/micro_deposits", post(micro_deposits::send))
        .route("/v1/micro_deposits/{id}/verify", post(micro_deposits::verify))
        .layer(middleware::from_fn_with_state(app.clone(), faults::inject))
        .route_layer(middleware::from_fn_with_state(app.clone(), caller::require_credential));
    let with_credential = Router::new()
        .route("/v1/operations", get(lookup::look_up))
        .route_layer(middleware::from_fn_with_state(app.clone(), caller::require_credential))
        .merge(
            Router::new()
                .route("/faults", post(faults::set))
                .route("/clock", post(clock::advance))
                .route_layer(middleware::from_fn_with_state(app.clone(), caller::require_credential)),
        );
    let open = Router::new()
        .route("/health", get(|| async { StatusCode::NO_CONTENT }))
        .route("/faults", get(faults::show))
        .route("/clock", get(clock::show))
        .route("/ledger", get(ledger::show))
        .route("/messages", get(messages::list).delete(messages::clear))
        .route("/messages/{id}", get(messages::show))
        .merge(protect(Router::new().route("/", get(home::show)), page::headers(&[])?))
        .merge(inbox::routes()?)
        .merge(protect(challenge::routes(), page::headers(&challenge::FORM_TARGETS)?))
        .route(page::STYLE_PATH, get(page::style));
    let all = operations.merge(with_credential).merge(open).fallback(|| async { Refusal::NotFound });
    let all = all.layer(middleware::map_response(no_store)).with_state(app);
    Ok(limited(all, BodyLimits::standard(refuse_body)))
}

fn refuse_body(why: BodyRefusal) -> Response {
    let (status, code, message) = match why {
        BodyRefusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large."),
        BodyRefusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "body_too_slow", "The body came too slowly."),
        BodyRefusal::Broken => (StatusCode::BAD_REQUEST, "body_invalid", "The body is broken."),
    };
    ErrorBody::new(status, code, message.to_owned()).into_response()
}

/// Nothing of this is for a cache, unless it says so itself.
async fn no_store(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    response
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        if self.replayed {
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response(),
            // It may or may not be written: every answer could be a lie.
            Self::Stopped(_) => Dropped.into_response(),
            Self::Inconsistent(why) => {
                tracing::error!("a decision does not fit the state: {why}");
                internal_error()
            }
        }
    }
}

/// Status 500, which says nothing of whether the work was done.
fn internal_error() -> Response {
    ErrorBody::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong.".to_owned())
        .into_response()
}
