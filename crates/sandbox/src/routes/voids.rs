//! Voids.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;

use super::App;
use super::caller::Call;
use super::payments::acted;
use crate::decide::Action;
use crate::request::plain_request;

/// `POST /v1/payments/{id}/void`
pub async fn void(State(app): State<App>, id: Path<String>, call: Call, body: Bytes) -> Response {
    let new = app.engine.ids.next();
    let asked = plain_request(&body).map(|reference| (reference, Action::Void(new)));
    acted(State(app), id, call, &body, asked).await
}
