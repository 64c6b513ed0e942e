//! Payments, verifications, and their completion after a challenge.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use onfile_core::ids::Id;

use super::App;
use super::caller::Call;
use crate::decide::Action;
use crate::fields::ShapeError;
use crate::ids::PaymentId;
use crate::request::{PaymentRequest, plain_request};
use crate::wire::Refusal;

/// `POST /v1/payments`
pub async fn pay(State(app): State<App>, call: Call, body: Bytes) -> Response {
    decided(app, call, &body, PaymentRequest::payment(&body)).await
}

/// `POST /v1/verifications`
pub async fn verify(State(app): State<App>, call: Call, body: Bytes) -> Response {
    decided(app, call, &body, PaymentRequest::verification(&body)).await
}

/// `POST /v1/payments/{id}/complete`
pub async fn complete(app: State<App>, id: Path<String>, call: Call, body: Bytes) -> Response {
    let asked = plain_request(&body).map(|reference| (reference, Action::Complete));
    acted(app, id, call, &body, asked).await
}

async fn decided(app: App, call: Call, body: &[u8], request: Result<PaymentRequest, ShapeError>) -> Response {
    let request = match request {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    let asked = call.asked(&app, request.reference.clone(), body);
    app.engine.pay(asked, request).await.into_response()
}

/// Does what was asked to the payment on the path; nobody learns more of a malformed id than of a foreign one.
pub(super) async fn acted(
    State(app): State<App>,
    Path(id): Path<String>,
    call: Call,
    body: &[u8],
    asked: Result<(std::sync::Arc<str>, Action), ShapeError>,
) -> Response {
    let (reference, action) = match asked {
        Ok(asked) => asked,
        Err(error) => return error.into_response(),
    };
    let Some(id) = PaymentId::parse(&id) else { return Refusal::NotFound.into_response() };
    let asked = call.asked(&app, reference, body);
    app.engine.act(asked, id, action).await.into_response()
}
