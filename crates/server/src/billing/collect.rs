//! Collecting an invoice: once more by itself, or because somebody asks.

use std::sync::Arc;

use onfile_core::ids::{AccountId, Id, InvoiceId, PaymentMethodId, RunId};
use onfile_core::payment::PaymentStatus;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::customer::Customer;
use crate::model::invoice::Invoice;
use crate::model::payment_method::PaymentMethod;
use crate::model::subscription::Subscription;
use crate::payments::requests::Confirm;
use crate::payments::{self, Cause, intents};
use crate::store::objects::{self, Versioned};
use crate::store::{agreements, runs};

use super::{Error, outcome, tell, time};

/// How somebody pays an invoice.
#[derive(Debug, Clone, Default)]
pub struct Pay {
    /// With what; else what the invoice, its agreement or its customer has.
    pub payment_method: Option<String>,
    /// Whether nobody is there (Stripe's default): then it counts as one of the three (M4).
    pub off_session: bool,
    /// It was settled by other means; nothing is charged.
    pub paid_elsewhere: bool,
}

/// Tries once more to collect an invoice whose next attempt is due, as part of a run.
///
/// # Errors
/// When it could not be tried: it stays due, and is claimed again when its lease is over.
pub async fn again(
    app: &Arc<App>,
    cause: &Cause,
    id: &InvoiceId,
    run: &RunId,
    now: i64,
) -> Result<(), Error> {
    attempt(app, cause, id, run, now).await?;
    let mut tx = app.db.begin().await?;
    agreements::release_invoice(&mut tx, &cause.account.id, id).await?;
    Ok(tx.commit().await?)
}

async fn attempt(app: &Arc<App>, cause: &Cause, id: &InvoiceId, run: &RunId, now: i64) -> Result<(), Error> {
    let account = &cause.account.id;
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
        return give_up(app, cause, id, run, "There is no payment method to charge.").await;
    };
    let mut tx = app.db.begin().await?;
    runs::insert_items(&mut tx, account, run, [runs::Item::planned(&invoice, true)]).await?;
    tx.commit().await?;
    let ask = Confirm {
        payment_method: Some(method.as_str().to_owned()),
        off_session: true,
        run: Some(run.clone()),
        ..Confirm::default()
    };
    match intents::confirm(app, cause, &intent, ask).await {
        Ok(_) | Err(payments::Error::PaymentFailed { .. } | payments::Error::NotSent) => Ok(()),
        Err(payments::Error::AttemptsExhausted(limit)) => {
            give_up(app, cause, id, run, &limit.to_string()).await
        }
        // What cannot be charged at all (a removed method, an account that was closed) does not get better by itself.
        Err(error @ (payments::Error::Invalid { .. } | payments::Error::NoSuch { .. })) => {
            give_up(app, cause, id, run, &error.to_string()).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Plans no further attempt, and says why. Nothing was sent, so the run waits for no outcome of it.
async fn give_up(app: &App, cause: &Cause, id: &InvoiceId, run: &RunId, why: &str) -> Result<(), Error> {
    let account = &cause.account.id;
    let mut tx = app.db.begin().await?;
    let Some(mut invoice) = objects::lock::<Invoice>(&mut tx, account, id).await? else { return Ok(()) };
    invoice.object.next_payment_attempt = None;
    invoice.object.explanation = Some(why.to_owned());
    objects::save(&mut tx, account, &invoice.object).await?;
    runs::settle_item(&mut tx, account, run, &runs::Settled::given_up(id)).await?;
    tell::invoice(&mut tx, app, cause, "invoice.updated", &invoice).await?;
    Ok(tx.commit().await?)
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
    let ask = Confirm { payment_method: Some(method), off_session: ask.off_session, ..Confirm::default() };
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
    outcome::after_payment(&mut tx, app, cause, &invoice.object).await?;
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
