//! Collecting an invoice: once more by itself, or because somebody asks.

use std::sync::Arc;

use onfile_core::ids::{AccountId, Id, InvoiceId, PaymentMethodId, RunId};
use onfile_core::payment::PaymentStatus;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::customer::Customer;
use crate::model::invoice::{AttemptResult, Invoice};
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::subscription::Subscription;
use crate::notices::failures::{self, Failure, LIMITED, NO_METHOD, NOT_CHARGEABLE};
use crate::payments::requests::{Confirm, IntentDetails};
use crate::payments::{self, Cause, intents};
use crate::store::agreements::{self, HeldInvoice};
use crate::store::objects::{self, Versioned};
use crate::store::runs;

use super::{Error, outcome, tell, time};

/// In a run's report: the card's network allows no attempt now.
pub const NETWORK_LIMIT: &str = "network_limit";
/// In a run's report: somebody else settled it, or gave up, while the run looked at it.
const SETTLED_MEANWHILE: &str = "settled_meanwhile";

/// How somebody pays an invoice.
#[derive(Debug, Clone, Default)]
pub struct Pay {
    /// With what; else what the invoice, its agreement or its customer has.
    pub payment_method: Option<String>,
    /// Whether nobody is there (Stripe's default): then it counts as one of the three (M4).
    pub off_session: bool,
    /// Where the customer comes back to from their bank's check.
    pub return_url: Option<String>,
    /// It was settled by other means; nothing is charged.
    pub paid_elsewhere: bool,
    /// Whether the customer was told that a new method is used for this payment only.
    pub only_this_once: bool,
}

/// Tries once more to collect an invoice whose next attempt is due, as part of a run.
///
/// # Errors
/// When it could not be tried: it stays due, and is claimed again when its lease is over.
pub async fn again(
    app: &Arc<App>,
    cause: &Cause,
    held: &HeldInvoice,
    run: &RunId,
    now: i64,
) -> Result<(), Error> {
    attempt(app, cause, held, run, now).await?;
    let mut tx = app.db.begin().await?;
    agreements::release_invoice(&mut tx, &cause.account.id, held).await?;
    Ok(tx.commit().await?)
}

async fn attempt(
    app: &Arc<App>,
    cause: &Cause,
    held: &HeldInvoice,
    run: &RunId,
    now: i64,
) -> Result<(), Error> {
    let (account, id) = (&cause.account.id, &held.id);
    let mut tx = app.db.read().await?;
    let Some(Versioned { object: invoice, .. }) = objects::load::<Invoice>(&mut tx, account, id).await?
    else {
        return Ok(());
    };
    let due = invoice.status.is_owed() && invoice.next_payment_attempt.is_some_and(|at| at <= now);
    let (Some(intent), true) = (invoice.intent().cloned(), due) else { return Ok(()) };
    let method = method(&mut tx, account, &invoice).await?;
    drop(tx);
    let Some(method) = method else {
        let why = "There is no payment method to charge.";
        let later = Later { next: None, reason: "no_payment_method", why, code: Some(NO_METHOD) };
        return put_off(app, cause, id, run, later).await;
    };
    let mut tx = app.db.begin().await?;
    runs::insert_items(&mut tx, account, run, [runs::Item::planned(&invoice, true)]).await?;
    tx.commit().await?;
    let ask = Confirm {
        payment_method: Some(method.as_str().to_owned()),
        off_session: true,
        run: Some(run.clone()),
        held: Some(held.clone()),
        ..Confirm::default()
    };
    match intents::confirm(app, cause, &intent, ask).await {
        Ok(_) | Err(payments::Error::PaymentFailed { .. }) => Ok(()),
        Err(payments::Error::NotSent) if is_planned_later(app, account, id, now).await? => Ok(()),
        Err(error @ (payments::Error::Busy | payments::Error::IntentState { .. })) => {
            leave_to_other(app, account, id, run).await?;
            Err(error.into())
        }
        Err(payments::Error::AttemptsExhausted(limit)) => {
            let why = &limit.to_string();
            let later = Later { next: None, reason: "attempts_exhausted", why, code: None };
            put_off(app, cause, id, run, later).await
        }
        Err(payments::Error::NetworkLimit { until: next, because }) => {
            let later = Later { next, reason: NETWORK_LIMIT, why: &because, code: Some(LIMITED) };
            put_off(app, cause, id, run, later).await
        }
        // What cannot be charged at all (a removed method, an account that was closed) does not get better by itself.
        Err(error @ (payments::Error::Invalid { .. } | payments::Error::NoSuch { .. })) => {
            let why = &error.to_string();
            let later = Later { next: None, reason: "cannot_be_charged", why, code: Some(NOT_CHARGEABLE) };
            put_off(app, cause, id, run, later).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether an invoice is not due any more. What could not be sent before an attempt began, and is due still, is tried
/// again when its lease is over, and not at once.
async fn is_planned_later(app: &App, account: &AccountId, id: &InvoiceId, now: i64) -> Result<bool, Error> {
    let found = objects::load::<Invoice>(&mut app.db.read().await?, account, id).await?;
    let next = found.and_then(|found| found.object.next_payment_attempt);
    Ok(next.is_none_or(|at| at > now))
}

/// Somebody else is charging the invoice: where it is not this run, the run waits for no outcome of it.
async fn leave_to_other(app: &App, account: &AccountId, id: &InvoiceId, run: &RunId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let Some(invoice) = objects::load::<Invoice>(&mut tx, account, id).await? else { return Ok(()) };
    let intent = match invoice.object.intent() {
        Some(intent) => objects::load::<PaymentIntent>(&mut tx, account, intent).await?,
        None => None,
    };
    let ours = |intent: &PaymentIntent| {
        intent.run.as_ref() == Some(run) && intent.status == PaymentStatus::Processing
    };
    if intent.is_some_and(|found| ours(&found.object)) {
        return Ok(());
    }
    let item = runs::Item::not_charged(&invoice.object, SETTLED_MEANWHILE);
    runs::insert_items(&mut tx, account, run, [item]).await?;
    Ok(tx.commit().await?)
}

/// An attempt that a run did not make.
#[derive(Debug, Clone, Copy)]
struct Later<'a> {
    /// When it is tried again, Unix seconds of the customer's time; none when never by itself: then the customer is told.
    next: Option<i64>,
    /// In a word, for reports.
    reason: &'static str,
    /// For people.
    why: &'a str,
    /// Why the customer has to pay, as a decline code; else the last attempt's.
    code: Option<&'static str>,
}

/// Plans what is said instead of an attempt: in the invoice, in the run's report (which waits for no outcome of it) and,
/// where nothing is planned any more, to the customer.
async fn put_off(
    app: &App,
    cause: &Cause,
    id: &InvoiceId,
    run: &RunId,
    later: Later<'_>,
) -> Result<(), Error> {
    let account = &cause.account.id;
    let mut tx = app.db.begin().await?;
    let Some(mut invoice) = objects::lock::<Invoice>(&mut tx, account, id).await? else { return Ok(()) };
    let planned = invoice.object.next_payment_attempt.take();
    if planned.is_none() || !invoice.object.status.is_owed() {
        // Somebody settled it, or gave up before us.
        let item = runs::Item::not_charged(&invoice.object, SETTLED_MEANWHILE);
        runs::insert_items(&mut tx, account, run, [item]).await?;
        return Ok(tx.commit().await?);
    }
    invoice.object.next_payment_attempt = later.next;
    invoice.object.explanation = Some(later.why.to_owned());
    objects::save(&mut tx, account, &invoice.object).await?;
    let item = runs::Item::not_charged(&invoice.object, later.reason);
    runs::insert_items(&mut tx, account, run, [item]).await?;
    tell::invoice(&mut tx, app, cause, "invoice.updated", &invoice).await?;
    if later.next.is_none() {
        let failure = Failure {
            invoice: &invoice.object,
            occasion: format!("planned for {}", planned.unwrap_or_default()),
            code: later.code.map_or_else(|| last_code(&invoice.object), str::to_owned),
            method: None,
        };
        failures::queue_failure(&mut tx, app, cause, failure).await?;
    }
    Ok(tx.commit().await?)
}

/// Why the last attempt failed, in a word.
fn last_code(invoice: &Invoice) -> String {
    match invoice.attempts.last().map(|made| &made.result) {
        Some(AttemptResult::Declined { code: Some(code), .. }) => code.clone(),
        _ => String::new(),
    }
}

/// What an invoice is charged to: its own method, else its agreement's, else its customer's.
async fn method(
    tx: &mut Tx,
    account: &AccountId,
    invoice: &Invoice,
) -> Result<Option<PaymentMethodId>, DbError> {
    let subscription = match &invoice.subscription {
        Some(of) => objects::load::<Subscription>(tx, account, &of.id).await?,
        None => None,
    };
    let customer = objects::load::<Customer>(tx, account, &invoice.customer).await?;
    let candidates = [
        subscription.and_then(|found| found.object.default_payment_method),
        invoice.default_payment_method.clone(),
        customer.and_then(|found| found.object.default_payment_method),
    ];
    for id in candidates.into_iter().flatten() {
        let found = objects::load::<PaymentMethod>(tx, account, &id).await?;
        if found.is_some_and(|found| found.object.customer.as_ref() == Some(&invoice.customer)) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Pays an open invoice because somebody asks.
///
/// # Errors
/// [`payments::Error::PaymentFailed`] when it was declined.
pub async fn pay(app: &Arc<App>, cause: &Cause, id: &InvoiceId, ask: Pay) -> Result<(), Error> {
    let account = &cause.account.id;
    let mut tx = app.db.read().await?;
    let found = objects::load::<Invoice>(&mut tx, account, id).await?;
    let invoice = found.ok_or_else(|| no_such(id))?.object;
    invoice.status.pay()?;
    if ask.paid_elsewhere {
        drop(tx);
        return paid_elsewhere(app, cause, id).await;
    }
    let method = match ask.payment_method {
        Some(method) => Some(method),
        None => method(&mut tx, account, &invoice).await?.map(|id| id.as_str().to_owned()),
    };
    drop(tx);
    let Some(method) = method else { return Err(no_method("payment_method")) };
    let Some(intent) = invoice.intent() else {
        return Err(DbError::Inconsistent(format!("invoice {id} has no payment")).into());
    };
    let ask = Confirm {
        payment_method: Some(method),
        off_session: ask.off_session,
        return_url: ask.return_url,
        details: IntentDetails {
            setup_future_usage: ask.only_this_once.then_some(None),
            ..IntentDetails::default()
        },
        ..Confirm::default()
    };
    intents::confirm(app, cause, intent, ask).await?;
    Ok(())
}

/// Stripe's answer where there is nothing to charge.
pub fn no_method(param: &str) -> Error {
    Error::Invalid {
        code: Some("resource_missing"),
        param: param.to_owned(),
        message:
            "This customer has no attached payment source or default payment method. Attach one, and name it \
                  as `default_payment_method` or as the customer's default."
                .to_owned(),
    }
}

/// An invoice that this account does not have.
pub fn no_such(id: &InvoiceId) -> Error {
    Error::NoSuch { noun: "invoice", id: id.to_string(), param: "invoice".to_owned() }
}

/// Settles an invoice with money that came by other means. Its payment can no longer be attempted: the payment is
/// locked first, so that none is under way.
async fn paid_elsewhere(app: &Arc<App>, cause: &Cause, id: &InvoiceId) -> Result<(), Error> {
    let account = &cause.account.id;
    withdraw_payment(app, cause, id).await?;
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut invoice = objects::lock::<Invoice>(&mut tx, account, id).await?.ok_or_else(|| no_such(id))?;
    let now = time::now(&mut tx, app, account, invoice.object.test_clock.as_ref()).await?;
    let status = invoice.object.status.pay()?;
    outcome::settle(&mut invoice.object, status, now);
    invoice.object.paid_elsewhere = true;
    objects::save(&mut tx, account, &invoice.object).await?;
    tell::invoice(&mut tx, app, cause, "invoice.paid", &invoice).await?;
    outcome::after_payment(&mut tx, app, cause, &invoice.object, None).await?;
    Ok(tx.commit().await?)
}

/// Ends the payment of an invoice, so that nothing can be charged by it any more.
///
/// # Errors
/// When an attempt is under way: its outcome comes first.
pub async fn withdraw_payment(app: &Arc<App>, cause: &Cause, id: &InvoiceId) -> Result<(), Error> {
    let account = &cause.account.id;
    let invoice = objects::load::<Invoice>(&mut app.db.read().await?, account, id).await?;
    let Some(intent) = invoice.as_ref().and_then(|invoice| invoice.object.intent()) else { return Ok(()) };
    let by_us = Cause { claim: None, ..cause.clone() };
    match intents::cancel(app, &by_us, intent, Some("abandoned".to_owned())).await {
        Ok(_) | Err(payments::Error::IntentState { status: PaymentStatus::Canceled, .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
