//! What becomes of the method that was charged or verified.

use onfile_core::ids::CustomerId;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::customer::Customer;
use crate::model::event::Snapshot;
use crate::model::operation::Operation;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::{ConsentGiven, PaymentMethod};
use crate::store::destructions;
use crate::store::objects::{self, Versioned};

use super::super::carry_out::Report;
use super::super::{Cause, Error, instruments};
use super::tell;

/// Who keeps a method that nobody has yet.
pub(super) enum Keeper {
    /// This customer, who is there and locked.
    Customer(CustomerId),
    /// Nobody yet: the merchant attaches it later.
    Later,
    /// Nobody: it was to be used once, or its customer was deleted meanwhile.
    Nobody,
}

/// Who keeps the method that this payment is made with. The customer is locked before the method, as by all who lock
/// both: who is being deleted at this moment gets no method any more.
pub(super) async fn keeper(tx: &mut Tx, cause: &Cause, intent: &PaymentIntent) -> Result<Keeper, Error> {
    match (&intent.setup_future_usage, &intent.customer) {
        (None, _) => Ok(Keeper::Nobody),
        (Some(_), None) => Ok(Keeper::Later),
        (Some(_), Some(customer)) => lock_customer(tx, cause, customer).await,
    }
}

/// The customer as a keeper, locked; nobody when they were deleted.
pub(super) async fn lock_customer(tx: &mut Tx, cause: &Cause, id: &CustomerId) -> Result<Keeper, Error> {
    match objects::lock::<Customer>(tx, &cause.account.id, id).await? {
        Some(found) if !found.object.deleted => Ok(Keeper::Customer(id.clone())),
        _ => Ok(Keeper::Nobody),
    }
}

/// Locks the method of an operation.
pub(super) async fn lock(
    tx: &mut Tx,
    cause: &Cause,
    operation: &Operation,
) -> Result<Versioned<PaymentMethod>, Error> {
    let gone = || DbError::Inconsistent(format!("the method of operation {} is gone", operation.id));
    let id = operation.doc.payment_method.as_ref().ok_or_else(gone)?;
    Ok(objects::lock(tx, &cause.account.id, id).await?.ok_or_else(gone)?)
}

/// A method that was charged learns the network's id of the transaction, and is kept where that was asked for. One
/// that nobody keeps has done its work: the vault destroys it once this is committed.
pub(super) async fn note(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    keeper: &Keeper,
    mut method: Versioned<PaymentMethod>,
) -> Result<(), Error> {
    if method.object.detached {
        // Removed while the outcome was not known: it stays removed.
        return Ok(());
    }
    let answer = report.answer.as_ref();
    if let Some(network_id) = answer.and_then(|a| a.network_id.clone()) {
        method.object.network_id_initial.get_or_insert_with(|| network_id.clone());
        method.object.network_id_latest = Some(network_id);
    }
    if let Some(check) = answer.and_then(|a| a.cvc_check.clone()).filter(|check| check != "unchecked") {
        method.object.cvc_check = Some(check);
    }
    keep(tx, app, cause, keeper, method.object, None).await
}

/// Saves a method that worked, with its keeper; one that nobody has and nobody keeps is destroyed.
pub(super) async fn keep(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    keeper: &Keeper,
    mut method: PaymentMethod,
    consent: Option<&ConsentGiven>,
) -> Result<(), Error> {
    let account = &cause.account.id;
    if matches!(keeper, Keeper::Nobody) && method.customer.is_none() {
        return discard(tx, app, cause, &mut method).await;
    }
    objects::save(tx, account, &method).await?;
    let Keeper::Customer(customer) = keeper else { return Ok(()) };
    if let Some(attached) = instruments::attach(tx, app, cause, &method.id, customer, consent).await? {
        let snapshot = Snapshot::PaymentMethod(attached.object);
        tell(tx, app, cause, "payment_method.attached", attached.version, snapshot).await?;
    }
    Ok(())
}

/// Nothing left us: a token is not used up by that, and may come again with the same request.
pub(super) async fn give_back(tx: &mut Tx, cause: &Cause, operation: &Operation) -> Result<(), Error> {
    let mut method = lock(tx, cause, operation).await?.object;
    if method.customer.is_none() && !method.detached {
        method.unsent = true;
        objects::save(tx, &cause.account.id, &method).await?;
    }
    Ok(())
}

/// Nothing is kept of a locked method: it is marked here, and the vault destroys it after the commit.
pub(super) async fn discard(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    method: &mut PaymentMethod,
) -> Result<(), Error> {
    method.detached = true;
    objects::save(tx, &cause.account.id, method).await?;
    Ok(destructions::request(tx, &cause.account.id, &method.id, app.now_ms()).await?)
}
