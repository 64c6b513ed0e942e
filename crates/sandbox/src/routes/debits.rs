//! Bank debits and their refunds.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use onfile_core::ids::Id;

use super::App;
use super::caller::Call;
use crate::bank::DebitRequest;
use crate::ids::PaymentId;
use crate::request::amount_request;
use crate::wire::Refusal;

/// `POST /v1/debits`
pub async fn debit(State(app): State<App>, call: Call, body: Bytes) -> Response {
    match DebitRequest::parse(&body) {
        Ok(request) => {
            let asked = call.asked(&app, request.reference.clone(), &body);
            app.engine.debit(asked, request).await.into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// `POST /v1/debits/{id}/refunds`
pub async fn refund(State(app): State<App>, Path(id): Path<String>, call: Call, body: Bytes) -> Response {
    let (reference, amount) = match amount_request(&body) {
        Ok(asked) => asked,
        Err(error) => return error.into_response(),
    };
    let Some(id) = PaymentId::parse(&id) else { return Refusal::NotFound.into_response() };
    let asked = call.asked(&app, reference, &body);
    app.engine.refund_debit(asked, id, amount).await.into_response()
}
