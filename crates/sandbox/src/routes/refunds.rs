//! Refunds.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;

use super::App;
use super::caller::Call;
use super::payments::acted;
use crate::decide::Action;
use crate::request::amount_request;

/// `POST /v1/payments/{id}/refunds`
pub async fn refund(State(app): State<App>, id: Path<String>, call: Call, body: Bytes) -> Response {
    let new = app.engine.ids.next();
    let asked = amount_request(&body).map(|(reference, amount)| (reference, Action::Refund(new, amount)));
    acted(State(app), id, call, &body, asked).await
}
