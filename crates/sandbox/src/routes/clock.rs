//! The clock, which tests move forward so that they need not wait for days.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use onfile_core::clock::Clock;
use serde::Serialize;

use super::App;
use crate::fields::{Fields, ShapeError};

/// The furthest that one request moves the clock: a leap year and a bit.
const ADVANCE_SECONDS_MAX: u64 = 400 * 86_400;

#[derive(Serialize)]
struct Shown {
    now: Timestamp,
}

/// `GET /clock`
pub async fn show(State(app): State<App>) -> Response {
    Json(Shown { now: app.engine.clock.now() }).into_response()
}

/// `POST /clock`: moves it forward by `advance_seconds`; what falls due meanwhile is done when this answers.
pub async fn advance(State(app): State<App>, body: Bytes) -> Response {
    let seconds = match seconds(&body) {
        Ok(seconds) => seconds,
        Err(error) => return error.into_response(),
    };
    app.engine.advance(seconds).await.map(|now| Json(Shown { now })).into_response()
}

fn seconds(body: &[u8]) -> Result<i64, ShapeError> {
    let mut fields = Fields::parse(body)?;
    let rule = "a whole number from 1 to 34560000";
    let seconds = fields.integer("advance_seconds", rule, 1, ADVANCE_SECONDS_MAX)?;
    fields.finish()?;
    i64::try_from(seconds).map_err(|_| ShapeError::Invalid("advance_seconds".to_owned(), rule))
}
