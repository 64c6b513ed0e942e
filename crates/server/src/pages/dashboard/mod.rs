//! The merchant's own pages, for staff who signed in by a one-time link.

mod payment;
mod payment_view;
mod payments;
mod staff;
mod status;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// The dashboard's routes.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/dashboard", get(payments::list))
        .route("/dashboard/payments/{id}", get(payment::show))
        .route("/dashboard/sign-in", get(staff::ask).post(staff::enter))
        .route("/dashboard/sign-out", post(staff::leave))
}
