//! Settling micro-deposits and guesses at them: an account is good when its holder knows what came in.

use onfile_connectors::Verdict;
use onfile_core::operation::OperationState;
use onfile_core::payment::PaymentStatus;
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::operation::Operation;
use crate::model::payment_intent::{AttemptError, MicroDeposits};
use crate::model::payment_method::PaymentMethod;
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::store::objects::{self, Versioned};

use super::super::carry_out::Report;
use super::super::requests::ConfirmSetup;
use super::super::{Cause, Error, debits, instruments};
use super::decline::attempt_error;
use super::method::{self, Keeper};
use super::{Debt, Settled, tell};

/// The word of a processor for a guess that was wrong, and after which others may follow.
const GUESS_WRONG: &str = "guess_wrong";

/// Micro-deposits were sent, or could not be.
pub(super) async fn sent(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    debt: &mut Debt,
    operation: &Operation,
) -> Result<Settled, Error> {
    let told = match operation.state {
        OperationState::Succeeded => {
            let answer = report.answer.as_ref();
            let waiting = MicroDeposits {
                processor_id: answer.and_then(|a| a.processor_payment.clone()).unwrap_or_default(),
                arrives: answer.and_then(|a| a.arrives).unwrap_or_else(|| app.now_seconds()),
            };
            match debt {
                Debt::Payment(intent) => {
                    intent.object.status = PaymentStatus::RequiresAction;
                    intent.object.micro_deposits = Some(waiting);
                }
                Debt::Setup(intent) => {
                    intent.object.status = SetupStatus::RequiresAction;
                    intent.object.micro_deposits = Some(waiting);
                }
            }
            Some(Told::RequiresAction)
        }
        OperationState::Declined | OperationState::Absent => {
            let error = attempt_error(report, operation);
            fail(tx, app, cause, debt, operation, error).await?;
            Some(Told::Failed)
        }
        OperationState::NotSent => {
            match debt {
                Debt::Payment(intent) => intent.object.status = PaymentStatus::RequiresConfirmation,
                Debt::Setup(intent) => intent.object.status = SetupStatus::RequiresConfirmation,
            }
            method::give_back(tx, cause, operation).await?;
            None
        }
        _ => None,
    };
    finish(tx, app, cause, debt, operation, told).await
}

/// Somebody guessed.
pub(super) async fn guessed(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    debt: &mut Debt,
    operation: &Operation,
) -> Result<Settled, Error> {
    let refused = match report.answer.as_ref().map(|answer| &answer.verdict) {
        Some(Verdict::Refused { code, .. }) => Some(code.as_str()),
        _ => None,
    };
    let told = match (operation.state, refused) {
        (OperationState::Succeeded, _) => {
            verified(tx, app, cause, debt, operation).await?;
            Some(Told::Verified)
        }
        (OperationState::Declined, code) if code != Some(GUESS_WRONG) => {
            let error = over(code, operation);
            fail(tx, app, cause, debt, operation, Some(error)).await?;
            Some(Told::Failed)
        }
        // Whoever guessed may guess again; what did not arrive was no guess.
        _ => None,
    };
    finish(tx, app, cause, debt, operation, told).await
}

async fn verified(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    debt: &mut Debt,
    operation: &Operation,
) -> Result<(), Error> {
    match debt {
        Debt::Payment(intent) => {
            let mut method = method::lock(tx, cause, operation).await?.object;
            method.verified = true;
            objects::save(tx, &cause.account.id, &method).await?;
            debits::activate(tx, app, cause, &method).await?;
            intent.object.micro_deposits = None;
            intent.object.status = PaymentStatus::RequiresConfirmation;
        }
        Debt::Setup(intent) => {
            let keeper = keeper(tx, cause, &intent.object).await?;
            let mut method = method::lock(tx, cause, operation).await?.object;
            method.verified = true;
            debits::activate(tx, app, cause, &method).await?;
            keep(tx, app, cause, &mut intent.object, &keeper, method).await?;
        }
    }
    Ok(())
}

/// A bank account that is verified already is kept at once: there is nobody to ask.
///
/// # Errors
/// When nobody agreed that it may be debited, or it must not be.
pub(in super::super) async fn keep_verified(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut Versioned<SetupIntent>,
    method: &PaymentMethod,
    ask: &ConfirmSetup,
) -> Result<(), Error> {
    let keeper = keeper(tx, cause, &intent.object).await?;
    let mandate = debits::mandate_for(tx, app, cause, method, ask.mandate.as_ref()).await?;
    intent.object.mandate = Some(mandate);
    intent.object.latest_attempt = Some(app.ids.next());
    if let Some(locked) = objects::lock::<PaymentMethod>(tx, &cause.account.id, &method.id).await? {
        keep(tx, app, cause, &mut intent.object, &keeper, locked.object).await?;
    }
    let snapshot = Snapshot::SetupIntent(intent.object.clone());
    Ok(tell(tx, app, cause, "setup_intent.succeeded", intent.version, snapshot).await?)
}

async fn keeper(tx: &mut Tx, cause: &Cause, intent: &SetupIntent) -> Result<Keeper, Error> {
    match &intent.customer {
        Some(customer) => method::lock_customer(tx, cause, customer).await,
        None => Ok(Keeper::Later),
    }
}

async fn keep(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut SetupIntent,
    keeper: &Keeper,
    method: PaymentMethod,
) -> Result<(), Error> {
    intent.status = SetupStatus::Succeeded;
    intent.micro_deposits = None;
    intent.last_error = None;
    intent.payment_method = Some(method.id.clone());
    if method.detached {
        // Removed meanwhile: it stays removed.
        return Ok(());
    }
    if intent.customer.is_none() {
        instruments::record_consent(tx, app, cause, &method.id, None, intent.consent.as_ref()).await?;
    }
    method::keep(tx, app, cause, keeper, method, intent.consent.as_ref()).await
}

/// The account could not be verified: the intent waits for another one, and nothing is kept of this one.
async fn fail(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    debt: &mut Debt,
    operation: &Operation,
    error: Option<AttemptError>,
) -> Result<(), Error> {
    match debt {
        Debt::Payment(intent) => {
            let it = &mut intent.object;
            it.status = PaymentStatus::RequiresPaymentMethod;
            (it.micro_deposits, it.payment_method, it.last_error) = (None, None, error);
        }
        Debt::Setup(intent) => {
            let it = &mut intent.object;
            it.status = SetupStatus::RequiresPaymentMethod;
            (it.micro_deposits, it.payment_method, it.last_error) = (None, None, error);
        }
    }
    let mut method = method::lock(tx, cause, operation).await?.object;
    if method.customer.is_none() && !method.detached && operation.state == OperationState::Declined {
        method::discard(tx, app, cause, &mut method).await?;
    }
    Ok(())
}

fn over(code: Option<&str>, operation: &Operation) -> AttemptError {
    let (code, message) = match code {
        Some("too_many_guesses") => (
            "payment_method_microdeposit_verification_attempts_exceeded",
            "You have exceeded the number of allowed verification attempts.",
        ),
        Some("deposits_expired") => (
            "payment_method_microdeposit_verification_timeout",
            "The micro-deposits were not verified within the 10 days allowed.",
        ),
        _ => ("payment_method_microdeposit_failed", "The bank account could not be verified."),
    };
    AttemptError {
        code: code.to_owned(),
        decline_code: None,
        advice_code: None,
        network_code: None,
        message: message.to_owned(),
        kind: "invalid_request_error".to_owned(),
        charge: None,
        payment_method: operation.doc.payment_method.clone(),
    }
}

#[derive(Clone, Copy)]
enum Told {
    RequiresAction,
    Verified,
    Failed,
}

async fn finish(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    debt: &mut Debt,
    operation: &Operation,
    told: Option<Told>,
) -> Result<Settled, Error> {
    match debt {
        Debt::Payment(intent) => {
            objects::save(tx, &cause.account.id, &intent.object).await?;
            let kind = match told {
                Some(Told::RequiresAction) => Some("payment_intent.requires_action"),
                Some(Told::Failed) => Some("payment_intent.payment_failed"),
                Some(Told::Verified) | None => None,
            };
            if let Some(kind) = kind {
                let snapshot = Snapshot::PaymentIntent(intent.object.clone());
                tell(tx, app, cause, kind, intent.version, snapshot).await?;
            }
            Ok(Settled::Payment(intent.clone(), operation.state))
        }
        Debt::Setup(intent) => {
            objects::save(tx, &cause.account.id, &intent.object).await?;
            let kind = match told {
                Some(Told::RequiresAction) => Some("setup_intent.requires_action"),
                Some(Told::Failed) => Some("setup_intent.setup_failed"),
                Some(Told::Verified) => Some("setup_intent.succeeded"),
                None => None,
            };
            if let Some(kind) = kind {
                let snapshot = Snapshot::SetupIntent(intent.object.clone());
                tell(tx, app, cause, kind, intent.version, snapshot).await?;
            }
            Ok(Settled::Setup(intent.clone(), operation.state))
        }
    }
}
