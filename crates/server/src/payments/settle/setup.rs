//! Settling verifications: a method is kept only when its issuer agreed.

use onfile_connectors::Verdict;
use onfile_core::operation::OperationState;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::Challenge;
use crate::model::payment_method::PaymentMethod;
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::store::destructions;
use crate::store::objects::{self, Versioned};

use super::super::carry_out::Report;
use super::super::{Cause, Error, instruments};
use super::decline::attempt_error;
use super::{Settled, tell};

pub(super) async fn settle(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    intent: &mut Versioned<SetupIntent>,
    operation: &Operation,
) -> Result<Settled, Error> {
    let told = match operation.state {
        OperationState::Succeeded if operation.kind == Kind::Void => {
            withdrawn(&mut intent.object);
            (intent.object.status == SetupStatus::Canceled).then_some("setup_intent.canceled")
        }
        _ if operation.kind == Kind::Void => None,
        OperationState::Succeeded => Some(succeeded(tx, app, cause, report, intent, operation).await?),
        OperationState::Declined | OperationState::Absent => {
            failed(tx, app, cause, report, intent, operation).await?;
            Some("setup_intent.setup_failed")
        }
        OperationState::RequiresAction => {
            challenged(report, &mut intent.object, operation);
            Some("setup_intent.requires_action")
        }
        OperationState::NotSent => {
            intent.object.status = SetupStatus::RequiresConfirmation;
            None
        }
        OperationState::Pending | OperationState::Unknown | OperationState::Sending => None,
    };
    objects::save(tx, &cause.account.id, &intent.object).await?;
    if let Some(kind) = told {
        tell(tx, app, cause, kind, intent.version, Snapshot::SetupIntent(intent.object.clone())).await?;
    }
    Ok(Settled::Setup(Box::new(intent.clone()), operation.state))
}

async fn succeeded(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    intent: &mut Versioned<SetupIntent>,
    operation: &Operation,
) -> Result<&'static str, Error> {
    let it = &mut intent.object;
    it.status = SetupStatus::Succeeded;
    it.challenge = None;
    it.last_error = None;
    let mut method = lock_method(tx, cause, operation).await?;
    let answer = report.answer.as_ref();
    method.object.network_id_initial = answer.and_then(|a| a.network_id.clone());
    method.object.network_id_latest.clone_from(&method.object.network_id_initial);
    if let Some(check) = answer.and_then(|a| a.cvc_check.clone()) {
        method.object.cvc_check = Some(check);
    }
    let id = method.object.id.clone();
    objects::save(tx, &cause.account.id, &method.object).await?;
    it.payment_method = Some(id.clone());
    if let Some(customer) = &it.customer {
        let given = it.consent.as_ref();
        if let Some(attached) = instruments::attach(tx, app, cause, &id, customer, given).await? {
            let snapshot = Snapshot::PaymentMethod(attached.object);
            tell(tx, app, cause, "payment_method.attached", attached.version, snapshot).await?;
        }
    } else {
        instruments::record_consent(tx, app, cause, &id, None, it.consent.as_ref()).await?;
    }
    Ok("setup_intent.succeeded")
}

/// Nothing is kept of a method that was refused: it is marked here, and the vault destroys it after the commit.
async fn failed(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    intent: &mut Versioned<SetupIntent>,
    operation: &Operation,
) -> Result<(), Error> {
    let it = &mut intent.object;
    it.status = SetupStatus::RequiresPaymentMethod;
    it.challenge = None;
    it.last_error = attempt_error(report, operation);
    it.payment_method = None;
    let mut method = lock_method(tx, cause, operation).await?;
    if method.object.customer.is_none() && operation.state == OperationState::Declined {
        method.object.detached = true;
        destructions::request(tx, &cause.account.id, &method.object.id, app.now_ms()).await?;
    }
    objects::save(tx, &cause.account.id, &method.object).await?;
    Ok(())
}

fn challenged(report: &Report, intent: &mut SetupIntent, operation: &Operation) {
    intent.status = SetupStatus::RequiresAction;
    let answer = report.answer.as_ref();
    if let Some(answer) = answer
        && let Verdict::Challenge { url } = &answer.verdict
        && let Some(processor_payment) = answer.processor_payment.clone()
    {
        intent.challenge =
            Some(Challenge { url: url.clone(), processor_payment, operation: operation.id.clone() });
    }
}

fn withdrawn(intent: &mut SetupIntent) {
    intent.challenge = None;
    intent.status = if intent.cancellation_reason.is_some() {
        SetupStatus::Canceled
    } else {
        SetupStatus::RequiresConfirmation
    };
}

async fn lock_method(
    tx: &mut Tx,
    cause: &Cause,
    operation: &Operation,
) -> Result<Versioned<PaymentMethod>, Error> {
    let gone = || DbError::Inconsistent(format!("the method of operation {} is gone", operation.id));
    let id = operation.doc.payment_method.as_ref().ok_or_else(gone)?;
    Ok(objects::lock(tx, &cause.account.id, id).await?.ok_or_else(gone)?)
}
