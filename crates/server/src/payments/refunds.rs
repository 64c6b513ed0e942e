//! Giving money back. The amount is reserved under the payment's lock before anything is sent (M5), so that many
//! refunds at once never exceed what was captured.

use std::sync::Arc;

use onfile_connectors::Request;
use onfile_core::attempts::Initiator;
use onfile_core::ids::{ChargeId, Id, PaymentIntentId, RefundId};
use onfile_core::operation::OperationState;
use onfile_core::vault_contract::Details;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::charge::Charge;
use crate::model::event::Snapshot;
use crate::model::operation::Kind;
use crate::model::payment_intent::PaymentIntent;
use crate::model::refund::{Refund, RefundStatus};
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};

use super::begin::{Plan, begin};
use super::carry_out::carry_out;
use super::requests::{MetadataChange, NewRefund, Refundable};
use super::settle::Settled;
use super::{Cause, Error};

/// Refunds a captured payment, in whole or in part.
///
/// # Errors
/// [`Error::Amounts`] when more is asked for than is left (M5); [`Error::NotSent`] when nothing was sent.
pub async fn create(app: &Arc<App>, cause: &Cause, new: NewRefund) -> Result<Versioned<Refund>, Error> {
    let id: RefundId = app.ids.next();
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, &id).await?;
    let (mut intent, mut charge) = lock(&mut tx, cause, &new.of).await?;
    let it = &mut intent.object;
    let Some(payment) = it.processor_payment.clone().filter(|_| charge.object.captured) else {
        return Err(Error::Invalid {
            code: "charge_not_refundable",
            param: "charge",
            message:
                "Only a captured payment can be refunded. Cancel the payment intent to release the money."
                    .into(),
        });
    };
    if charge.object.disputed {
        return Err(Error::Invalid {
            code: "charge_disputed",
            param: "charge",
            message: "The customer's bank took this money back: there is nothing to refund.".into(),
        });
    }
    let to_bank = matches!(charge.object.details, Details::UsBankAccount(_));
    let amount = new.amount.unwrap_or(it.amounts.refundable());
    it.amounts = it.amounts.refund(amount)?;
    charge.object.amount_refunded = it.amounts.refunded_total();
    let refund = Refund {
        id,
        created: app.now_seconds(),
        charge: charge.object.id.clone(),
        payment_intent: it.id.clone(),
        amount,
        currency: it.currency,
        status: RefundStatus::Pending,
        reason: new.reason,
        failure_reason: None,
        to_bank,
        metadata: new.metadata,
    };
    let plan = Plan {
        kind: Kind::Refund,
        debt: it.id.as_str(),
        initiator: Initiator::Merchant,
        request: if to_bank {
            Request::RefundDebit { debit: &payment, amount }
        } else {
            Request::Refund { payment: &payment, amount }
        },
        amount,
        instrument: None,
        payment_method: it.payment_method.as_ref(),
        charge: Some(&charge.object.id),
        refund: Some(&refund.id),
    };
    let operation = begin(&mut tx, app, cause, plan).await?;
    let account = &cause.account.id;
    objects::save(&mut tx, account, &intent.object).await?;
    objects::save(&mut tx, account, &charge.object).await?;
    objects::insert(&mut tx, account, &refund).await?;
    announce(&mut tx, app, cause, &refund, charge).await?;
    tx.commit().await?;
    answer(carry_out(app, cause, operation).await, refund)
}

async fn announce(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    refund: &Refund,
    charge: Versioned<Charge>,
) -> Result<(), DbError> {
    let created = Snapshot::Refund(refund.clone());
    events::append(
        tx,
        app,
        cause,
        &News { kind: "refund.created", version: 1, snapshot: &created, before: None },
    )
    .await?;
    let version = charge.version;
    let refunded = Snapshot::Charge(charge.object);
    events::append(
        tx,
        app,
        cause,
        &News { kind: "charge.refunded", version, snapshot: &refunded, before: None },
    )
    .await
}

/// Changes a refund's metadata.
///
/// # Errors
/// [`Error::NoSuch`] when it does not exist.
pub async fn update(
    app: &App,
    cause: &Cause,
    id: &RefundId,
    metadata: Option<MetadataChange>,
) -> Result<Versioned<Refund>, Error> {
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let locked = objects::lock::<Refund>(&mut tx, &cause.account.id, id).await?;
    let mut refund =
        locked.ok_or_else(|| Error::NoSuch { noun: "refund", id: id.to_string(), param: "id" })?;
    if let Some(change) = metadata {
        change.apply(&mut refund.object.metadata)?;
    }
    objects::save(&mut tx, &cause.account.id, &refund.object).await?;
    let snapshot = Snapshot::Refund(refund.object.clone());
    let before = refund.before.as_deref();
    let news = News { kind: "refund.updated", version: refund.version, snapshot: &snapshot, before };
    events::append(&mut tx, app, cause, &news).await?;
    tx.commit().await?;
    Ok(refund)
}

/// Locks the payment and then its charge: the order of all who change both.
async fn lock(
    tx: &mut Tx,
    cause: &Cause,
    of: &Refundable,
) -> Result<(Versioned<PaymentIntent>, Versioned<Charge>), Error> {
    let account = &cause.account.id;
    let intent_id = match of {
        Refundable::Intent(id) => id.clone(),
        Refundable::Charge(id) => {
            let charge = objects::load::<Charge>(tx, account, id).await?;
            charge.ok_or_else(|| no_such_charge(id))?.object.payment_intent
        }
    };
    let intent = objects::lock::<PaymentIntent>(tx, account, &intent_id).await?;
    let intent = intent.ok_or_else(|| no_such_intent(&intent_id))?;
    let charge_id = match (of, &intent.object.latest_charge) {
        (Refundable::Charge(id), _) | (Refundable::Intent(_), Some(id)) => id.clone(),
        (Refundable::Intent(id), None) => return Err(not_charged(id)),
    };
    let charge = objects::lock::<Charge>(tx, account, &charge_id).await?;
    Ok((intent, charge.ok_or_else(|| no_such_charge(&charge_id))?))
}

fn no_such_charge(id: &ChargeId) -> Error {
    Error::NoSuch { noun: "charge", id: id.to_string(), param: "charge" }
}

fn no_such_intent(id: &PaymentIntentId) -> Error {
    Error::NoSuch { noun: "payment_intent", id: id.to_string(), param: "payment_intent" }
}

fn not_charged(id: &PaymentIntentId) -> Error {
    Error::Invalid {
        code: "payment_intent_unexpected_state",
        param: "payment_intent",
        message: format!("This PaymentIntent ({id}) does not have a successful charge to refund."),
    }
}

fn answer(settled: Option<Settled>, begun: Refund) -> Result<Versioned<Refund>, Error> {
    match settled {
        None => Ok(Versioned::new(begun)),
        Some(Settled::Refund(_, OperationState::NotSent)) => Err(Error::NotSent),
        Some(Settled::Refund(refund, _)) => Ok(*refund),
        Some(_) => Err(DbError::Inconsistent("a refund settled something else".into()).into()),
    }
}
