//! Giving up a payment, and withdrawing what waits at the processor.

use std::sync::Arc;

use onfile_connectors::Request;
use onfile_core::attempts::Initiator;
use onfile_core::ids::{Id, PaymentIntentId};
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::PaymentIntent;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};

use super::super::begin::{Plan, begin};
use super::super::carry_out::carry_out;
use super::super::{Cause, Error};
use super::{answer_follow_up, lock};

/// Cancels a payment intent; an authorisation or a waiting challenge is released at the processor first.
///
/// # Errors
/// [`Error::IntentState`] when it is paid, canceled or being processed.
pub async fn cancel(
    app: &Arc<App>,
    cause: &Cause,
    id: &PaymentIntentId,
    reason: Option<String>,
) -> Result<Versioned<PaymentIntent>, Error> {
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    let canceled = it.status.cancel().map_err(|wrong| Error::IntentState {
        status: wrong.status,
        asked: "canceled",
        intent: Box::new(it.clone()),
    })?;
    it.cancellation_reason = Some(reason.unwrap_or_else(|| "requested_by_customer".to_owned()));
    if let Some(operation) = begin_release(&mut tx, app, cause, it).await? {
        objects::save(&mut tx, &cause.account.id, it).await?;
        tx.commit().await?;
        return answer_follow_up(carry_out(app, cause, operation).await, intent);
    }
    it.status = canceled;
    it.micro_deposits = None;
    it.canceled_at = Some(app.now_seconds());
    objects::save(&mut tx, &cause.account.id, it).await?;
    let snapshot = Snapshot::PaymentIntent(it.clone());
    let news =
        News { kind: "payment_intent.canceled", version: intent.version, snapshot: &snapshot, before: None };
    events::append(&mut tx, app, cause, &news).await?;
    tx.commit().await?;
    Ok(intent)
}

/// Withdraws a challenge that nobody will answer, before the next attempt.
pub(super) async fn withdraw_challenge(
    app: &Arc<App>,
    cause: &Cause,
    id: &PaymentIntentId,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let Some(operation) = begin_release(&mut tx, app, cause, &mut intent.object).await? else {
        return Ok(());
    };
    tx.commit().await?;
    // The caller's idempotency key belongs to the attempt that follows.
    let without_key = Cause { claim: None, ..cause.clone() };
    answer_follow_up(carry_out(app, &without_key, operation).await, intent).map(drop)
}

async fn begin_release(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut PaymentIntent,
) -> Result<Option<Operation>, Error> {
    let waiting = intent.challenge.as_ref().map(|challenge| challenge.processor_payment.clone());
    let authorised = intent.processor_payment.clone().filter(|_| intent.amounts.capturable() > 0);
    let Some(payment) = waiting.or(authorised) else { return Ok(None) };
    let plan = Plan {
        kind: Kind::Void,
        debt: intent.id.as_str(),
        initiator: Initiator::Merchant,
        request: Request::Void { payment: &payment },
        amount: 0,
        instrument: None,
        payment_method: None,
        charge: intent.latest_charge.as_ref().filter(|_| intent.challenge.is_none()),
        refund: None,
    };
    begin(tx, app, cause, plan).await.map(Some)
}
