//! Paying a bill: one press, one attempt, and a page that says what became of it.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use onfile_core::ids::{Id, PaymentIntentId, TokenId};

use super::customer;
use super::link::Opened;
use crate::billing::Error;
use crate::billing::collect::{self, Pay};
use crate::pages::attempt::Attempt;
use crate::pages::cards_on_file::{Cards, expired_since};
use crate::pages::problem::Problem;
use crate::pages::sessions::Flash;
use crate::pages::visit::Visit;
use crate::payments::{self, Cause};

/// `POST /invoices/{link}/pay` with `card`, one of the customer's, or `token`, from the vault's form.
///
/// The names of attempts are the page's own, or the token: pressed twice, reloaded or sent again, it is the same one.
pub async fn pay(Path(link): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let opened = Opened::find(&mut visit.app.db.read().await?, &link).await?;
    let token = visit.fields.get("token");
    let name = token.or_else(|| visit.fields.get("attempt"));
    let attempt = Attempt::new(opened.account_id(), &opened.verb(), name)?;
    if attempt.made::<PaymentIntentId>(&visit.app).await?.is_some() {
        return Ok(to_progress(&opened));
    }
    let source = match token {
        Some(token) => TokenId::parse(token).ok_or(Problem::BadRequest)?.as_str().to_owned(),
        None => match card(&visit, &opened).await? {
            Some(card) => card,
            None => return Ok(to_bill(&opened, Some("expired"))),
        },
    };
    let cause = attempt.cause(&visit, &opened.account.account);
    let outcome = charge(&visit, cause, &opened, source).await?;
    Ok(match outcome {
        Ok(()) => to_progress(&opened),
        Err(error) => refused(&opened, &error),
    })
}

/// One of the customer's own cards; none when it has expired.
async fn card(visit: &Visit, opened: &Opened) -> Result<Option<String>, Problem> {
    let mut tx = visit.app.db.read().await?;
    let customer = customer(&mut tx, opened).await?.ok_or(Problem::NotFound)?;
    let cards = Cards::load(&mut tx, opened.account_id(), &customer).await?;
    let card = cards.find(visit.fields.get("card").unwrap_or_default())?;
    let usable = expired_since(&card.details, visit.app.clock.now()).is_none();
    Ok(usable.then(|| card.id.as_str().to_owned()))
}

/// Charges. It goes on when the browser goes away: what was begun is brought to its end.
async fn charge(
    visit: &Visit,
    cause: Cause,
    opened: &Opened,
    source: String,
) -> Result<Result<(), Error>, Problem> {
    let (app, id) = (Arc::clone(&visit.app), opened.invoice.id.clone());
    let ask = Pay {
        payment_method: Some(source),
        only_this_once: true,
        return_url: Some(format!("{}{}/progress", app.config.public.url, opened.path)),
        ..Pay::default()
    };
    let work = tokio::spawn(async move { collect::pay(&app, &cause, &id, ask).await });
    work.await.map_err(|error| Problem::internal(&error))
}

/// Where somebody goes on whose press did not lead to a payment.
fn refused(opened: &Opened, error: &Error) -> Response {
    match error {
        // It was declined; or another press, or a run, was quicker: how the payment stands now is what counts.
        Error::InvoiceState(_)
        | Error::Payment(
            payments::Error::PaymentFailed { .. }
            | payments::Error::IntentState { .. }
            | payments::Error::Busy
            | payments::Error::KeyInUse,
        ) => to_progress(opened),
        Error::Payment(payments::Error::NotSent) => to_bill(opened, Some("unavailable")),
        Error::Payment(payments::Error::AttemptsExhausted(_)) => to_bill(opened, Some("limit")),
        Error::Payment(
            payments::Error::Invalid { code: "token_expired" | "token_already_used", .. }
            | payments::Error::NoSuch { .. },
        ) => to_bill(opened, Some("token")),
        other => {
            tracing::warn!(invoice = %opened.invoice.id, error = %other, "a bill was not paid");
            to_bill(opened, Some("refused"))
        }
    }
}

/// What the words in an address of ours mean.
pub fn problem(word: &str) -> Option<Flash> {
    let (title, text) = match word {
        "unavailable" => (
            "We cannot take payments right now",
            "A part of the service cannot be reached. Nothing was charged. Try again in a minute.",
        ),
        "limit" => ("Too many tries", "Nothing was charged. Please ask the merchant how else you can pay."),
        "token" => (
            "The payment was not made",
            "The card form was filled in too long ago, or sent before. Please enter the card again.",
        ),
        "expired" => ("This card cannot be used", "It has expired. Pay with another card."),
        "refused" => ("The payment was not made", "Nothing was charged. Try again, or use another card."),
        _ => return None,
    };
    Some(Flash::bad(title, text))
}

fn to_progress(opened: &Opened) -> Response {
    Redirect::to(&format!("{}/progress", opened.path)).into_response()
}

fn to_bill(opened: &Opened, problem: Option<&str>) -> Response {
    let query = problem.map(|word| format!("?problem={word}")).unwrap_or_default();
    Redirect::to(&format!("{}{query}", opened.path)).into_response()
}
