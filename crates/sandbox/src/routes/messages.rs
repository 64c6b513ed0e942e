//! Caught mail as JSON, for tests.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{App, internal_error};
use crate::mail::MessageView;
use crate::wire::{ErrorBody, Refusal};

/// `GET /messages`, newest first; `?to=ADDRESS` for those that were sent to it.
pub async fn list(State(app): State<App>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let to = match recipient(query) {
        Ok(to) => to,
        Err(refusal) => return refusal.into_response(),
    };
    let all = app.engine.mail.all();
    let wanted = all.iter().filter(|message| to.as_ref().is_none_or(|to| message.is_to(to)));
    let views: Vec<MessageView> = wanted.map(|message| message.view()).collect();
    Json(views).into_response()
}

/// `GET /messages/{id}`
pub async fn show(State(app): State<App>, Path(id): Path<String>) -> Response {
    match app.engine.mail.find(&id) {
        Some(message) => Json(message.view()).into_response(),
        None => Refusal::NotFound.into_response(),
    }
}

/// `DELETE /messages`. Open, as reading is: the listener is on loopback, and no page of another origin may send a
/// `DELETE`.
pub async fn clear(State(app): State<App>) -> Response {
    let mailbox = Arc::clone(&app.engine.mail);
    match tokio::task::spawn_blocking(move || mailbox.clear()).await {
        Ok(Ok(_)) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(error)) => {
            tracing::error!("caught mail could not be removed: {error}");
            internal_error()
        }
        Err(error) => {
            tracing::error!("removing caught mail broke off: {error}");
            internal_error()
        }
    }
}

/// The value of `to`, which is all that a query may have.
fn recipient(query: Vec<(String, String)>) -> Result<Option<String>, ErrorBody> {
    let mut to = None;
    for (name, value) in query {
        if name != "to" || to.is_some() {
            let message = "The only parameter is `to`, once.".to_owned();
            return Err(ErrorBody::new(StatusCode::BAD_REQUEST, "parameter_unknown", message));
        }
        to = Some(value);
    }
    Ok(to)
}
