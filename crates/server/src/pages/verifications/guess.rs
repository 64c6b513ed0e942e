//! One guess: a press of the button is one of the processor's few, however often its form arrives.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use onfile_connectors::SeenDeposits;

use super::link::{Debt, Opened};
use crate::pages::attempt::Attempt;
use crate::pages::problem::Problem;
use crate::pages::sessions::Flash;
use crate::pages::visit::Visit;
use crate::payments::{Cause, Error, debits};

/// The largest micro-deposit, in cents.
const AMOUNT_MAX: i64 = 99;

/// `POST /verify/{link}` with `first` and `second`, in cents.
pub async fn guess(Path(link): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let opened = Opened::find(&mut visit.app.db.read().await?, &link).await?;
    let (Some(first), Some(second)) = (amount(&visit, "first"), amount(&visit, "second")) else {
        return Ok(back(&opened, Some("amounts")));
    };
    let attempt = Attempt::new(&opened.account.account.id, &opened.verb(), visit.fields.get("attempt"))?;
    let cause = attempt.cause(&visit, &opened.account.account);
    let problem = match verify(&visit, cause, &opened, SeenDeposits::Amounts([first, second])).await? {
        // Also when it was declined for good, or somebody was quicker: how it stands now is what counts.
        Ok(())
        | Err(
            Error::SetupFailed { .. }
            | Error::PaymentFailed { .. }
            | Error::SetupState { .. }
            | Error::IntentState { .. }
            | Error::Busy
            | Error::KeyInUse,
        ) => None,
        Err(Error::Invalid { .. }) => Some("mismatch"),
        Err(Error::NotSent) => Some("unavailable"),
        Err(error) => {
            tracing::warn!(%error, "an account was not verified");
            Some("refused")
        }
    };
    Ok(back(&opened, problem))
}

fn amount(visit: &Visit, field: &str) -> Option<i64> {
    let cents: i64 = visit.fields.get(field)?.trim().parse().ok()?;
    (1..=AMOUNT_MAX).contains(&cents).then_some(cents)
}

/// Verifies. It goes on when the browser goes away.
async fn verify(
    visit: &Visit,
    cause: Cause,
    opened: &Opened,
    seen: SeenDeposits,
) -> Result<Result<(), Error>, Problem> {
    let (app, debt) = (Arc::clone(&visit.app), opened.debt.clone());
    let work = tokio::spawn(async move {
        match debt {
            Debt::Payment(id) => debits::verify_payment(&app, &cause, &id, &seen).await.map(drop),
            Debt::Setup(id) => debits::verify_setup(&app, &cause, &id, &seen).await.map(drop),
        }
    });
    work.await.map_err(|error| Problem::internal(&error))
}

fn back(opened: &Opened, problem: Option<&str>) -> Response {
    let query = problem.map(|word| format!("?problem={word}")).unwrap_or_default();
    Redirect::to(&format!("{}{query}", opened.path)).into_response()
}

/// What the words in an address of ours mean.
pub fn problem(word: &str) -> Option<Flash> {
    let (title, text) = match word {
        "amounts" => ("Please enter both amounts", "Each is a number of cents from 1 to 99."),
        "mismatch" => (
            "These are not the amounts that were sent",
            "Look at your account once more; the order does not matter. After several wrong guesses the account is refused.",
        ),
        "unavailable" => (
            "We cannot check this right now",
            "A part of the service cannot be reached. This did not count as a guess. Try again in a minute.",
        ),
        "refused" => ("The account was not confirmed", "Please try again, or ask the merchant."),
        _ => return None,
    };
    Some(Flash::bad(title, text))
}
