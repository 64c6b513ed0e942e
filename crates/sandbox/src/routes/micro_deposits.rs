//! Micro-deposits, and guesses at them.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use onfile_core::ids::Id;

use super::App;
use super::caller::Call;
use crate::bank::{GuessRequest, MicroDepositsRequest};
use crate::ids::MicroDepositsId;
use crate::wire::Refusal;

/// `POST /v1/micro_deposits`
pub async fn send(State(app): State<App>, call: Call, body: Bytes) -> Response {
    match MicroDepositsRequest::parse(&body) {
        Ok(request) => {
            let asked = call.asked(&app, request.reference.clone(), &body);
            app.engine.micro_deposits(asked, request).await.into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// `POST /v1/micro_deposits/{id}/verify`
pub async fn verify(State(app): State<App>, Path(id): Path<String>, call: Call, body: Bytes) -> Response {
    let request = match GuessRequest::parse(&body) {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    let Some(id) = MicroDepositsId::parse(&id) else { return Refusal::NotFound.into_response() };
    let asked = call.asked(&app, request.reference, &body);
    app.engine.guess(asked, id, request.guess).await.into_response()
}
