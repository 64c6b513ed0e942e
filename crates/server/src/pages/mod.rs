//! The pages: the demo shop, bills, receipts, the dashboard. Written by the server, complete without script; forms are
//! answered with a redirect, so that a reload repeats nothing.
//!
//! A handler reads its request as a `visit::Visit`, loads what it needs, and hands a view (a plain structure) to a
//! pure function that writes the page. What cannot be shown is a `problem::Problem`.

mod assets;
mod attempt;
mod cards_on_file;
mod dashboard;
mod demo;
pub(crate) mod invoices;
mod layout;
mod problem;
mod receipt_view;
pub(crate) mod receipts;
mod request;
mod returns;
mod sessions;
mod steps;
mod ticket;
pub(crate) mod verifications;
mod visit;
pub(crate) mod widgets;
pub(crate) mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use onfile_service::headers::{PagePolicy, Referrer};

use self::problem::Problem;
use crate::app::App;

pub use sessions::{forget_sessions, forget_sign_ins};
pub use ticket::Ticket;

/// All pages, with their headers. Paths that no page has are the caller's to answer; [`not_found`] has words for it.
pub fn router(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route(assets::CSS_PATH.as_str(), get(assets::css))
        .route(assets::ICON_PATH, get(assets::icon))
        .merge(demo::router())
        .merge(invoices::router())
        .merge(receipts::router())
        .merge(returns::router())
        .merge(verifications::router())
        .merge(dashboard::router())
        .layer(middleware::from_fn_with_state(Arc::clone(app), protect))
}

/// The page for an address that nothing has.
pub fn not_found(app: &App) -> Response {
    with_headers(app, false, Problem::NotFound.into_response())
}

async fn protect(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let secret_address = request.uri().path().starts_with("/receipts/");
    let response = next.run(request).await;
    with_headers(&app, secret_address, response)
}

/// Forms stay at home: where a payment goes on at a bank, a page of ours leads there, because browsers hold redirects
/// after a form against its policy and the banks' addresses are not known beforehand.
///
/// The referrer stays within the origin, except for receipts, whose address is a secret and which have no forms. Bills
/// have both: their address, a secret too, is told to nobody outside this origin either. The referrer must not be switched off
/// for pages with forms: browsers would then send them with `Origin: null`, and they could not be told from forged ones.
fn with_headers(app: &App, secret_address: bool, mut response: Response) -> Response {
    let policy = PagePolicy {
        frame_ancestors: Vec::new(),
        frame_src: vec![app.config.vault.url.clone()],
        form_action: vec!["'self'".to_owned()],
        connect_src: Vec::new(),
        referrer: if secret_address { Referrer::Nobody } else { Referrer::SameOrigin },
        tls: request::is_tls(app),
    };
    match policy.headers() {
        Ok(headers) => {
            headers.apply(response.headers_mut());
            response
        }
        // An address in the configuration that cannot stand in a policy: better no page than one without.
        Err(error) => {
            tracing::error!(%error, "no page can be shown");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
