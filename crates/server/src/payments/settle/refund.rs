//! Settling refunds: the amount was reserved when the refund was begun, and is free again when the processor refused.

use onfile_connectors::Verdict;
use onfile_core::operation::OperationState;
use onfile_core::payment::Amounts;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::charge::Charge;
use crate::model::event::Snapshot;
use crate::model::operation::Operation;
use crate::model::payment_intent::PaymentIntent;
use crate::model::refund::{Refund, RefundStatus};
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};

use super::super::carry_out::Report;
use super::super::{Cause, Error};
use super::{Settled, tell_updated};

pub(super) async fn settle(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    intent: &mut Versioned<PaymentIntent>,
    operation: &Operation,
) -> Result<Settled, Error> {
    let gone = || DbError::Inconsistent(format!("the refund of operation {} is gone", operation.id));
    let account = &cause.account.id;
    let id = operation.doc.refund.as_ref().ok_or_else(gone)?;
    let mut refund = objects::lock::<Refund>(tx, account, id).await?.ok_or_else(gone)?;
    match operation.state {
        OperationState::Succeeded => {
            refund.object.status = RefundStatus::Succeeded;
        }
        OperationState::Declined | OperationState::NotSent | OperationState::Absent => {
            refund.object.status = RefundStatus::Failed;
            refund.object.failure_reason = Some("unknown".to_owned());
            if let Some(Verdict::Refused { code, message }) = report.answer.as_ref().map(|a| &a.verdict) {
                tracing::warn!(refund = %id, code, message, "the processor refused a refund");
            }
            release(tx, app, cause, intent, operation).await?;
        }
        _ => return Ok(Settled::Refund(Box::new(refund), operation.state)),
    }
    objects::save(tx, account, &refund.object).await?;
    let kind =
        if refund.object.status == RefundStatus::Succeeded { "refund.updated" } else { "refund.failed" };
    let (snapshot, before) = (Snapshot::Refund(refund.object.clone()), refund.before.as_deref());
    events::append(tx, app, cause, &News { kind, version: refund.version, snapshot: &snapshot, before })
        .await?;
    Ok(Settled::Refund(Box::new(refund), operation.state))
}

/// Frees a reserved amount, on the payment and on its charge.
async fn release(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut Versioned<PaymentIntent>,
    operation: &Operation,
) -> Result<(), Error> {
    let account = &cause.account.id;
    let a = intent.object.amounts;
    let refunded = a.refunded_total() - operation.doc.amount;
    intent.object.amounts = Amounts::new(a.authorised_total(), a.captured_total(), refunded)?;
    objects::save(tx, account, &intent.object).await?;
    let Some(charge) = &operation.doc.charge else { return Ok(()) };
    if let Some(mut charge) = objects::lock::<Charge>(tx, account, charge).await? {
        charge.object.amount_refunded -= operation.doc.amount;
        objects::save(tx, account, &charge.object).await?;
        // Whoever read of the refund in `charge.refunded` learns here that it came to nothing.
        tell_updated(tx, app, cause, charge).await?;
    }
    Ok(())
}
