//! `/verify/{link}`: where a customer says which two small amounts have arrived at their bank account.
//!
//! The address holds the client secret of a payment or a set-up, so whoever has it may do here what they may do at the API
//! with that secret: verify, within the processor's limit of guesses.

mod guess;
mod link;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use self::link::Opened;
use self::view::VerificationView;
use super::attempt;
use super::problem::Problem;
use super::visit::Visit;
use crate::app::App;

pub use link::path_of;

/// The route.
pub fn router() -> Router<Arc<App>> {
    Router::new().route("/verify/{link}", get(show).post(guess::guess))
}

/// `GET /verify/{link}`
async fn show(Path(link): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let opened = Opened::find(&mut visit.app.db.read().await?, &link).await?;
    let flash = visit.fields.get("problem").and_then(guess::problem);
    let view = VerificationView {
        shell: opened.shell(),
        path: &opened.path,
        attempt: &attempt::new_name(&visit.app.ids),
        bank: opened.bank.as_deref(),
        flash: flash.filter(|_| opened.stage.is_waiting()),
        stage: opened.stage,
        what: opened.what(),
    };
    Ok(Html(view::verification(&view).into_string()).into_response())
}
