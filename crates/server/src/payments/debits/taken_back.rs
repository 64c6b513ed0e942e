//! A debit came back after it had settled: the money is gone, and the debt is open again.

use onfile_core::ach::ReturnCode;
use onfile_core::ids::{Id, PaymentIntentId};
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::billing;
use crate::model::charge::Charge;
use crate::model::dispute::Dispute;
use crate::model::event::Snapshot;
use crate::model::operation::Operation;
use crate::model::payment_intent::{PaymentIntent, TakenBack};
use crate::model::payment_method::PaymentMethod;
use crate::store::debits;
use crate::store::events::{self, News};
use crate::store::objects;

use super::super::settle::tell_updated;
use super::super::{Cause, Error};
use super::block;

/// Writes down that a settled debit came back. Doing it twice is harmless: who comes second finds it done.
///
/// # Errors
/// When the database fails: then it is looked up again.
pub(super) async fn settle(app: &App, cause: &Cause, operation: &Operation, code: &str) -> Result<(), Error> {
    let account = &cause.account.id;
    let gone = |what: &str| DbError::Inconsistent(format!("{what} of operation {} is gone", operation.id));
    let mut tx = app.db.begin().await?;
    // The debt first, as by all who change it: two who find the same return stand in line here.
    let id = PaymentIntentId::parse(&operation.debt).ok_or_else(|| gone("the debt"))?;
    let mut intent =
        objects::lock::<PaymentIntent>(&mut tx, account, &id).await?.ok_or_else(|| gone("the debt"))?;
    if !debits::unwatch(&mut tx, account, &operation.id).await? {
        return Ok(());
    }
    let charge = operation.doc.charge.as_ref().ok_or_else(|| gone("the charge"))?;
    let mut charge =
        objects::lock::<Charge>(&mut tx, account, charge).await?.ok_or_else(|| gone("the charge"))?;
    charge.object.disputed = true;
    charge.object.return_code = Some(code.to_owned());
    objects::save(&mut tx, account, &charge.object).await?;
    if intent.object.latest_charge.as_ref() == Some(&charge.object.id) {
        let (charge, at) = (charge.object.id.clone(), app.now_seconds());
        intent.object.taken_back = Some(TakenBack { charge, return_code: code.to_owned(), at });
        objects::save(&mut tx, account, &intent.object).await?;
    }
    let mut method = objects::lock::<PaymentMethod>(&mut tx, account, &charge.object.payment_method)
        .await?
        .ok_or_else(|| gone("the method"))?;
    block(&mut tx, app, cause, &mut method, code).await?;
    objects::save(&mut tx, account, &method.object).await?;
    let dispute = new_dispute(app, &charge.object, code);
    objects::insert(&mut tx, account, &dispute).await?;
    tracing::warn!(charge = %charge.object.id, code, meaning = ReturnCode::of(code).meaning, "a settled debit came back");
    tell_updated(&mut tx, app, cause, charge).await?;
    for kind in ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"] {
        tell(&mut tx, app, cause, kind, 1, Snapshot::Dispute(dispute.clone())).await?;
    }
    billing::outcome::taken_back(&mut tx, app, cause, &intent.object, code).await?;
    tx.commit().await?;
    Ok(())
}

fn new_dispute(app: &App, charge: &Charge, code: &str) -> Dispute {
    Dispute {
        id: app.ids.next(),
        created: app.now_seconds(),
        charge: charge.id.clone(),
        payment_intent: charge.payment_intent.clone(),
        customer: charge.customer.clone(),
        // All of it: the bank knows nothing of what we gave back meanwhile.
        amount: charge.amount,
        currency: charge.currency,
        return_code: code.to_owned(),
    }
}

async fn tell(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    kind: &str,
    version: i64,
    snapshot: Snapshot,
) -> Result<(), DbError> {
    events::append(tx, app, cause, &News { kind, version, snapshot: &snapshot, before: None }).await
}
