//! The fault plan, and its doing.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, internal_error};
use crate::faults::{Fault, Plan};
use crate::serve::Dropped;

/// `GET /faults`
pub async fn show(State(app): State<App>) -> Json<Plan> {
    Json(app.engine.faults.plan())
}

/// `POST /faults`
pub async fn set(State(app): State<App>, body: Bytes) -> Response {
    match Plan::parse(&body) {
        Ok(plan) => {
            tracing::info!(?plan, "a fault plan is in force");
            app.engine.faults.set(plan.clone());
            Json(plan).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Makes the drawn fault happen around the work. The work itself knows nothing of faults.
pub async fn inject(State(app): State<App>, request: Request, next: Next) -> Response {
    let (fault, delay) = app.engine.faults.draw();
    if fault == Fault::DropThenNothing {
        return Dropped.into_response();
    }
    let response = next.run(request).await;
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match fault {
        Fault::None => response,
        Fault::ChargeThen500 => internal_error(),
        Fault::ChargeThenDrop | Fault::DropThenNothing => Dropped.into_response(),
    }
}
