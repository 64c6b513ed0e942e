//! Settling verifications: a method is kept only when its issuer agreed.

use onfile_connectors::Verdict;
use onfile_core::operation::OperationState;
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::Challenge;
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::store::objects::{self, Versioned};

use super::super::carry_out::Report;
use super::super::{Cause, Error, instruments};
use super::decline::attempt_error;
use super::method::{self, Keeper};
use super::{Settled, came_to_nothing, still_waits, tell};

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
        _ if operation.kind == Kind::Void => {
            if came_to_nothing(operation.state) {
                // It could not be withdrawn, so it is not canceled.
                intent.object.cancellation_reason = None;
            }
            None
        }
        _ if still_waits(operation) => {
            intent.object.status = SetupStatus::RequiresAction;
            Some("setup_intent.requires_action")
        }
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
            method::give_back(tx, cause, operation).await?;
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
    let keeper = match &it.customer {
        Some(customer) => method::lock_customer(tx, cause, customer).await?,
        None => Keeper::Later,
    };
    let mut method = method::lock(tx, cause, operation).await?.object;
    it.payment_method = Some(method.id.clone());
    if method.detached {
        // Removed while the outcome was not known: it stays removed.
        return Ok("setup_intent.succeeded");
    }
    let answer = report.answer.as_ref();
    method.network_id_initial = answer.and_then(|a| a.network_id.clone());
    method.network_id_latest.clone_from(&method.network_id_initial);
    if let Some(check) = answer.and_then(|a| a.cvc_check.clone()) {
        method.cvc_check = Some(check);
    }
    if it.customer.is_none() {
        instruments::record_consent(tx, app, cause, &method.id, None, it.consent.as_ref()).await?;
    }
    method::keep(tx, app, cause, &keeper, method, it.consent.as_ref()).await?;
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
    let mut method = method::lock(tx, cause, operation).await?.object;
    if method.customer.is_none() && operation.state == OperationState::Declined {
        method::discard(tx, app, cause, &mut method).await?;
    }
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
