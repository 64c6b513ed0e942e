//! The issuer's page: the cardholder approves or fails a payment. Plain HTML, no script.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use onfile_core::ids::Id;

use super::App;
use super::page::page;
use crate::entry::Challenge;
use crate::ids::PaymentId;
use crate::state::Payment;
use crate::wire::Status;

/// Where the form may lead. The answer redirects to the merchant, who may redirect further, and browsers apply the
/// policy to every hop; the page holds no form but its own, so nothing is lost by naming only the schemes.
pub const FORM_TARGETS: [&str; 3] = ["'self'", "https:", "http:"];

/// The page's routes.
pub fn routes() -> Router<App> {
    Router::new().route("/challenge/{id}", get(show).post(answer))
}

/// `GET /challenge/{payment id}`
async fn show(State(app): State<App>, Path(id): Path<String>) -> Response {
    let Some((payment, challenge)) = find(&app, &id) else { return no_such_page() };
    // What is shown must survive a crash: the payment's line first.
    if let Err(stopped) = app.engine.ledger.reached(payment.line).await {
        return crate::engine::Failure::from(stopped).into_response();
    }
    if payment.is_waiting() { question(&payment) } else { closed(StatusCode::OK, &payment, &challenge) }
}

/// `POST /challenge/{payment id}` with `answer=approve` or `answer=fail`.
async fn answer(State(app): State<App>, Path(id): Path<String>, body: Bytes) -> Response {
    let approved = match body.as_ref() {
        b"answer=approve" => true,
        b"answer=fail" => false,
        _ => return page(StatusCode::BAD_REQUEST, "Not understood", false, wrong_answer()),
    };
    let Some((payment, challenge)) = find(&app, &id) else { return no_such_page() };
    match app.engine.answer_challenge(&payment.first.id, approved).await {
        Ok(true) => Redirect::to(&challenge.return_url).into_response(),
        Ok(false) => {
            let payment = find(&app, &id).map_or(payment, |(payment, _)| payment);
            closed(StatusCode::CONFLICT, &payment, &challenge)
        }
        Err(failure) => failure.into_response(),
    }
}

fn find(app: &App, id: &str) -> Option<(Payment, Box<Challenge>)> {
    let id = PaymentId::parse(id)?;
    let state = app.engine.state();
    let payment = state.payment_of_anybody(&id)?;
    Some((payment.clone(), payment.first.challenge.clone()?))
}

fn question(payment: &Payment) -> Response {
    let first = &payment.first;
    let title = if first.verification { "Confirm your card" } else { "Approve this payment" };
    let main = html! {
        h1 { (title) }
        p {
            @if first.verification {
                "The merchant below wants to save your card. Nothing is charged now."
            } @else {
                "The merchant below asks for a payment with your card. Approve it only if you started it."
            }
        }
        (summary(payment))
        form method="post" class="choice" {
            button type="submit" name="answer" value="approve" class="yes" { "Approve" }
            button type="submit" name="answer" value="fail" class="no" { "Fail" }
        }
        p class="note" {
            "This page stands in for the bank that issued the card. “Fail” acts as a cardholder who could not be "
            "authenticated."
        }
    };
    page(StatusCode::OK, title, false, main)
}

fn closed(status: StatusCode, payment: &Payment, challenge: &Challenge) -> Response {
    let (title, text) = match payment.answered {
        Some(true) => ("Already answered", "You approved this request."),
        Some(false) => ("Already answered", "This request was answered with “Fail”."),
        None if payment.status == Status::Voided => ("Called off", "The merchant called this request off."),
        None => ("Closed", "This request is closed."),
    };
    let main = html! {
        h1 { (title) }
        p role="status" { (text) " There is nothing more to do here." }
        (summary(payment))
        p { a class="back" href=(challenge.return_url) { "Back to the merchant" } }
    };
    page(status, title, false, main)
}

fn summary(payment: &Payment) -> Markup {
    let first = &payment.first;
    html! {
        dl {
            dt { "Merchant" } dd { (payment.merchant) }
            dt { "Amount" } dd class="amount" { (first.currency.show(first.amount)) }
            dt { "Card" }
            dd {
                span aria-hidden="true" { "•••• " }
                span class="spoken" { "ending in " }
                (first.last4)
            }
        }
    }
}

fn wrong_answer() -> Markup {
    html! {
        h1 { "Not understood" }
        p { "Please go back and use one of the two buttons." }
    }
}

fn no_such_page() -> Response {
    let main = html! {
        h1 { "Nothing to approve here" }
        p { "The address is wrong or incomplete. Please go back to the merchant and try again." }
    };
    page(StatusCode::NOT_FOUND, "Nothing to approve here", false, main)
}
