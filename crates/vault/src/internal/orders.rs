//! `POST /internal/v1/forward`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use onfile_core::vault_contract::ForwardOrder;

use super::answer::{NotDone, parse};
use super::sources::known_account;
use crate::forward;
use crate::vault::Vault;

/// Sends an order to its processor and gives the answer.
pub async fn forward(State(vault): State<Arc<Vault>>, body: Bytes) -> Result<Response, NotDone> {
    let order: ForwardOrder = parse(&body)?;
    let account = known_account(&vault, onfile_core::ids::Id::as_str(&order.account)).await?;
    let Some(place) = vault.in_flight.place() else {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, "too many orders are under way").into_response());
    };
    // In a task of its own: when the caller goes away, the answer is recorded all the same.
    let task = tokio::spawn(async move {
        let answer = forward::forward(&vault, &account, &order).await;
        drop(place);
        answer
    });
    match task.await {
        Ok(answer) => answer.map(|answer| Json(answer).into_response()),
        Err(error) => {
            tracing::error!(%error, "an order was not completed");
            // Not a 5xx, which would say that nothing was done.
            Ok(Json(forward::unknown()).into_response())
        }
    }
}
