//! Paying: one click, one attempt, one page that says what became of it.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use onfile_core::ids::{Id, PaymentIntentId};
use onfile_core::payment::PaymentStatus;

use super::shopper::Shopper;
use super::view::shop_shell;
use super::{CURRENCY, HOME, PRICE, PRODUCT};
use crate::app::App;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::pages::attempt::Attempt;
use crate::pages::cards_on_file::expired_since;
use crate::pages::problem::Problem;
use crate::pages::receipts::receipt_path;
use crate::pages::sessions::Flash;
use crate::pages::steps::{self, WaitView, again};
use crate::pages::visit::Visit;
use crate::pages::words;
use crate::payments::requests::{Confirm, IntentDetails, NewIntent};
use crate::payments::{Cause, Error, intents};
use crate::store::objects;

/// `POST /demo/pay`
pub async fn pay(visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of_form(&visit).await?;
    let attempt = Attempt::new(shopper.account_id(), &shopper.verb("pay"), visit.fields.get("attempt"))?;
    if let Some(made) = attempt.made::<PaymentIntentId>(&visit.app).await? {
        return Ok(to_payment(&made));
    }
    let cards = shopper.cards(&visit).await?;
    let card = cards.find(visit.fields.get("card").unwrap_or_default())?;
    if let Some(month) = expired_since(&card.details, visit.app.clock.now()) {
        let text = format!("It expired in {month}. Add the new card that your bank sent you.");
        return back(&visit, &shopper, Flash::bad("This card cannot be used", text)).await;
    }
    let cause = attempt.cause(&visit, &shopper.account.account);
    match charge(&visit.app, cause, &shopper, card).await? {
        Ok(made) => Ok(to_payment(&made)),
        Err(error) => match attempt.made::<PaymentIntentId>(&visit.app).await? {
            // It was made, by this press or by the one before, and its page knows the rest.
            Some(made) => Ok(to_payment(&made)),
            None => back(&visit, &shopper, refused(&error)).await,
        },
    }
}

/// Makes and confirms the payment. It goes on when the browser goes away: what was begun is brought to its end.
async fn charge(
    app: &Arc<App>,
    cause: Cause,
    shopper: &Shopper,
    card: &PaymentMethod,
) -> Result<Result<PaymentIntentId, Error>, Problem> {
    let new = NewIntent {
        amount: PRICE,
        currency: CURRENCY,
        capture_method: "automatic".to_owned(),
        confirmation_method: "automatic".to_owned(),
        payment_method_types: vec!["card".to_owned()],
        allowed_types: false,
        automatic_payment_methods: false,
        customer: Some(shopper.customer.id.clone()),
        details: IntentDetails { description: Some(Some(PRODUCT.to_owned())), ..IntentDetails::default() },
        confirm: Some(Confirm {
            payment_method: Some(card.id.as_str().to_owned()),
            return_url: Some(format!("{}/demo/payments", app.config.public.url)),
            ..Confirm::default()
        }),
        payment_method: None,
    };
    let app = Arc::clone(app);
    let work = tokio::spawn(async move { intents::create(&app, &cause, new).await });
    let made = work.await.map_err(|error| Problem::internal(&error))?;
    Ok(made.map(|made| made.object.id))
}

/// Why nothing was made, for the customer.
fn refused(error: &Error) -> Flash {
    match error {
        Error::NotSent => Flash::bad(
            "We cannot take payments right now",
            "A part of the service cannot be reached. Nothing was charged. Try again in a minute.",
        ),
        other => {
            tracing::warn!(error = %other, "a payment was not made");
            Flash::bad("The payment was not made", "Nothing was charged. Try again, or use another card.")
        }
    }
}

/// `GET /demo/payments?payment_intent=…`: back from the bank.
pub async fn returned(visit: Visit) -> Result<Response, Problem> {
    let id = visit.fields.get("payment_intent").and_then(PaymentIntentId::parse);
    Ok(to_payment(&id.ok_or(Problem::NotFound)?))
}

/// `GET /demo/payments/{id}`: what became of a payment, and on from there.
pub async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of(&visit).await?;
    let id = PaymentIntentId::parse(&id).ok_or(Problem::NotFound)?;
    let mut tx = visit.app.db.read().await?;
    let intent = objects::load::<PaymentIntent>(&mut tx, shopper.account_id(), &id).await?;
    let intent =
        intent.map(|found| found.object).filter(|it| it.customer.as_ref() == Some(&shopper.customer.id));
    let intent = intent.ok_or(Problem::NotFound)?;
    match (intent.status, &intent.challenge) {
        (PaymentStatus::Succeeded | PaymentStatus::RequiresCapture, _) => {
            let path =
                receipt_path(&mut tx, shopper.account_id(), &intent).await?.ok_or(Problem::NotFound)?;
            Ok(Redirect::to(&path).into_response())
        }
        (PaymentStatus::RequiresAction, Some(challenge)) => {
            let shell = shop_shell(steps::CONFIRM, shopper.merchant(), None);
            Ok(Html(steps::challenge(shell, &challenge.url, "Your payment").into_string()).into_response())
        }
        (PaymentStatus::Processing, _) => {
            Ok(wait(&visit, &shopper, &format!("/demo/payments/{id}"), "Your payment is being checked"))
        }
        _ => back(&visit, &shopper, not_paid(&intent)).await,
    }
}

/// The page that waits for an outcome.
pub fn wait(visit: &Visit, shopper: &Shopper, here: &str, title: &str) -> Response {
    let again = again(visit, here);
    let view = WaitView { title, here, again: again.as_deref(), back: Some((HOME, "Back to your order")) };
    let shell = shop_shell(title, shopper.merchant(), None);
    Html(steps::waiting(shell, &view).into_string()).into_response()
}

fn not_paid(intent: &PaymentIntent) -> Flash {
    match &intent.last_error {
        Some(error) => {
            let (happened, advice) = words::for_customer(error);
            Flash::bad("The payment did not go through", format!("{happened} Nothing was charged. {advice}"))
        }
        None => Flash::bad(
            "The payment was not made",
            "It could not be sent to the bank. Nothing was charged. Try again in a minute.",
        ),
    }
}

fn to_payment(id: &PaymentIntentId) -> Response {
    Redirect::to(&format!("/demo/payments/{id}")).into_response()
}

async fn back(visit: &Visit, shopper: &Shopper, flash: Flash) -> Result<Response, Problem> {
    visit.leave(&shopper.session, flash).await?;
    Ok(Redirect::to(HOME).into_response())
}
