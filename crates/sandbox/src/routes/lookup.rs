//! What became of an operation. Faults never hit this: it is how unknown outcomes become known.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::App;
use super::caller::Merchant;
use crate::fields::{ShapeError, TOKEN_RULE, is_token};
use crate::wire::Answer;

/// The query.
#[derive(Deserialize)]
pub struct Wanted {
    reference: Option<String>,
}

#[derive(Serialize)]
struct Found {
    found: bool,
    answer: Option<Answer>,
}

/// `GET /v1/operations?reference=…`
pub async fn look_up(State(app): State<App>, merchant: Merchant, Query(wanted): Query<Wanted>) -> Response {
    let Some(reference) = wanted.reference.filter(|reference| is_token(reference)) else {
        return ShapeError::Invalid("reference".to_owned(), TOKEN_RULE).into_response();
    };
    let found = app.engine.look_up(&merchant.0, &reference).await;
    found.map(|answer| Json(Found { found: answer.is_some(), answer })).into_response()
}
