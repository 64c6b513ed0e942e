//! `/invoices/{link}`: a bill for whoever has its address: what is owed, and a way to pay it without signing in.
//!
//! The address is a secret: whoever holds it may see the bill and pay it, and nothing else. Paying here is paying with
//! the customer present, so it counts beside the attempts that are made without them (M4), and goes on after the last
//! of those. The invoice has one payment, whose lock and open operation keep this page and a run from charging both
//! (M2).

mod card;
mod link;
mod pay;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use onfile_core::ids::Id;
use onfile_core::invoice::InvoiceStatus;
use onfile_core::money::Money;
use onfile_core::payment::PaymentStatus;
use onfile_service::db::Tx;

use self::link::Opened;
use self::view::{InvoiceView, LineView, State};
use super::cards_on_file::{CardView, Cards};
use super::problem::Problem;
use super::receipts::receipt_path;
use super::sessions::Flash;
use super::steps::{self, WaitView, again};
use super::visit::Visit;
use super::{attempt, words};
use crate::app::App;
use crate::model::customer::Customer;
use crate::model::payment_intent::PaymentIntent;
use crate::store::objects;

pub use link::path_of;

/// The routes.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/invoices/{link}", get(show))
        .route("/invoices/{link}/pay", post(pay::pay))
        .route("/invoices/{link}/progress", get(progress))
        .route("/invoices/{link}/card", get(card::form))
        .route("/invoices/{link}/card/return", get(card::returned))
}

/// `GET /invoices/{link}`
async fn show(Path(link): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let mut tx = visit.app.db.read().await?;
    let mut opened = Opened::find(&mut tx, &link).await?;
    if customer(&mut tx, &opened).await?.is_none() {
        // Who was erased is not named to whoever still has the address; the invoice itself is kept as the law wants it.
        opened.invoice.addressee = None;
    }
    let payment = payment(&mut tx, &opened).await?;
    let state = match opened.invoice.status {
        InvoiceStatus::Paid => State::Paid { receipt: receipt(&mut tx, &opened, payment.as_ref()).await? },
        InvoiceStatus::Open if is_under_way(payment.as_ref()) => {
            return Ok(wait(&visit, &opened, &opened.path));
        }
        status if status.is_owed() => State::Owed {
            cards: cards(&mut tx, &visit, &opened).await?,
            given_up: status == InvoiceStatus::Uncollectible,
            bank: payment.as_ref().and_then(|it| it.challenge.as_ref()).map(|it| it.url.clone()),
        },
        _ => State::Void,
    };
    let flash = visit.fields.get("problem").and_then(pay::problem).or_else(|| last_failure(payment.as_ref()));
    let attempt = attempt::new_name(&visit.app.ids);
    let view = view_of(&opened, state, flash.filter(|_| opened.invoice.status.is_owed()), &attempt);
    Ok(Html(view::invoice(&view).into_string()).into_response())
}

/// `GET /invoices/{link}/progress`: what became of an attempt, and on from there; also the way back from the bank.
async fn progress(Path(link): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let mut tx = visit.app.db.read().await?;
    let opened = Opened::find(&mut tx, &link).await?;
    let payment = payment(&mut tx, &opened).await?;
    let challenge = payment.as_ref().filter(|it| it.status == PaymentStatus::RequiresAction);
    if let Some(challenge) = challenge.and_then(|it| it.challenge.as_ref()) {
        let page = steps::challenge(opened.shell(steps::CONFIRM), &challenge.url, "Your payment");
        return Ok(Html(page.into_string()).into_response());
    }
    if opened.invoice.status.is_owed() && is_under_way(payment.as_ref()) {
        return Ok(wait(&visit, &opened, &format!("{}/progress", opened.path)));
    }
    Ok(Redirect::to(&opened.path).into_response())
}

fn wait(visit: &Visit, opened: &Opened, here: &str) -> Response {
    let title = "Your payment is being checked";
    let again = again(visit, here);
    let view = WaitView { title, here, again: again.as_deref(), back: None };
    Html(steps::waiting(opened.shell(title), &view).into_string()).into_response()
}

async fn payment(tx: &mut Tx, opened: &Opened) -> Result<Option<PaymentIntent>, Problem> {
    let Some(id) = opened.invoice.intent() else { return Ok(None) };
    let found = objects::load::<PaymentIntent>(tx, opened.account_id(), id).await?;
    Ok(found.map(|found| found.object))
}

fn is_under_way(payment: Option<&PaymentIntent>) -> bool {
    payment.is_some_and(|it| it.status == PaymentStatus::Processing)
}

async fn receipt(
    tx: &mut Tx,
    opened: &Opened,
    payment: Option<&PaymentIntent>,
) -> Result<Option<String>, Problem> {
    match payment.filter(|_| !opened.invoice.paid_elsewhere) {
        Some(payment) => Ok(receipt_path(tx, opened.account_id(), payment).await?),
        None => Ok(None),
    }
}

/// The customer's cards; none of one who was erased.
async fn cards(tx: &mut Tx, visit: &Visit, opened: &Opened) -> Result<Vec<CardView>, Problem> {
    let Some(customer) = customer(tx, opened).await? else { return Ok(Vec::new()) };
    let cards = Cards::load(tx, opened.account_id(), &customer).await?;
    Ok(cards.views(&customer, visit.app.clock.now()))
}

async fn customer(tx: &mut Tx, opened: &Opened) -> Result<Option<Customer>, Problem> {
    let found = objects::load::<Customer>(tx, opened.account_id(), &opened.invoice.customer).await?;
    Ok(found.map(|found| found.object).filter(|customer| !customer.deleted))
}

/// What went wrong last, whoever tried.
fn last_failure(payment: Option<&PaymentIntent>) -> Option<Flash> {
    let error = payment?.last_error.as_ref()?;
    let (happened, _) = words::for_customer(error);
    Some(Flash::bad("The last payment did not go through", format!("{happened} Nothing was charged.")))
}

fn view_of<'a>(opened: &'a Opened, state: State, flash: Option<Flash>, attempt: &'a str) -> InvoiceView<'a> {
    let invoice = &opened.invoice;
    let money = |minor| Money::new(minor, invoice.currency).to_string();
    let tax = Some(invoice.total() - invoice.discounted_sum()).filter(|amount| *amount != 0);
    let tax = tax.map(|amount| LineView { text: "Tax", amount: money(amount) });
    let discount = Some(invoice.discounted()).filter(|amount| *amount > 0);
    let discount = discount.map(|amount| LineView { text: "Discount", amount: money(-amount) });
    InvoiceView {
        shell: opened.shell("Your bill"),
        path: &opened.path,
        attempt,
        amount: money(if invoice.status == InvoiceStatus::Paid {
            invoice.amount_due()
        } else {
            invoice.amount_remaining()
        }),
        number: invoice.number.as_deref().unwrap_or(invoice.id.as_str()),
        addressee: invoice.addressee.as_ref().and_then(|who| who.name.as_deref()),
        created: invoice.moments.finalised.unwrap_or(invoice.created),
        due: invoice.due_date,
        next_try: invoice.next_payment_attempt.filter(|_| invoice.status.is_owed()),
        description: invoice.description.as_deref(),
        footer: invoice.footer.as_deref(),
        lines: invoice
            .lines
            .iter()
            .map(|line| LineView {
                text: line.description.as_deref().unwrap_or("Amount"),
                amount: money(line.amount),
            })
            .chain(discount)
            .chain(tax)
            .collect(),
        total: money(invoice.total()),
        flash,
        state,
    }
}
