//! The money facts, for auditors and for tests that compare them with another's books.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::App;
use crate::ledger::stream_lines;

/// `GET /ledger`: JSON lines, oldest first, of what is durable at this moment.
pub async fn show(State(app): State<App>) -> Response {
    let body = stream_lines(app.data.as_ref().clone(), app.engine.ledger.durable());
    ([(CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}
