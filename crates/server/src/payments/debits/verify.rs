//! The customer says what the micro-deposits were.

use std::sync::Arc;

use onfile_connectors::{Request, SeenDeposits};
use onfile_core::attempts::Initiator;
use onfile_core::ids::{Id, PaymentIntentId, PaymentMethodId, SetupIntentId};
use onfile_core::operation::OperationState;
use onfile_core::payment::PaymentStatus;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::{MicroDeposits, PaymentIntent};
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::store::objects::{self, Versioned};

use super::super::begin::{Plan, begin};
use super::super::carry_out::carry_out;
use super::super::intents;
use super::super::requests::Confirm;
use super::super::settle::Settled;
use super::super::{Cause, Error};

/// Verifies the account of a setup intent; when it is right, the account is kept.
///
/// # Errors
/// [`Error::Invalid`] for a wrong guess, [`Error::SetupFailed`] when no more are allowed.
pub async fn verify_setup(
    app: &Arc<App>,
    cause: &Cause,
    id: &SetupIntentId,
    seen: &SeenDeposits,
) -> Result<Versioned<SetupIntent>, Error> {
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let locked = objects::lock::<SetupIntent>(&mut tx, &cause.account.id, id).await?;
    let intent =
        locked.ok_or_else(|| Error::NoSuch { noun: "setupintent", id: id.to_string(), param: "intent" })?;
    let it = &intent.object;
    let waiting = it.micro_deposits.as_ref().filter(|_| it.status == SetupStatus::RequiresAction);
    let Some(waiting) = waiting.cloned() else {
        let (status, intent) = (it.status, Box::new(it.clone()));
        return Err(Error::SetupState { status, asked: "verified with microdeposits", intent });
    };
    let plan = Guess { debt: id.as_str(), method: it.payment_method.as_ref(), deposits: &waiting, seen };
    let operation = plan.begin(&mut tx, app, cause).await?;
    tx.commit().await?;
    let (intent, state) = match carry_out(app, cause, operation).await {
        None => return Ok(intent),
        Some(Settled::Setup(intent, state)) => (*intent, state),
        Some(_) => return Err(settled_something_else()),
    };
    match (state, intent.object.last_error.clone()) {
        (OperationState::Succeeded | OperationState::Unknown, _) => Ok(intent),
        (OperationState::Declined, Some(error)) if intent.object.status != SetupStatus::RequiresAction => {
            Err(Error::SetupFailed { error: Box::new(error), intent: Box::new(intent.object) })
        }
        (OperationState::Declined, _) => Err(wrong_guess(seen)),
        _ => Err(Error::NotSent),
    }
}

/// Verifies the account of a payment; when it is right, it is debited.
///
/// # Errors
/// As [`verify_setup`], with [`Error::PaymentFailed`].
pub async fn verify_payment(
    app: &Arc<App>,
    cause: &Cause,
    id: &PaymentIntentId,
    seen: &SeenDeposits,
) -> Result<Versioned<PaymentIntent>, Error> {
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let locked = objects::lock::<PaymentIntent>(&mut tx, &cause.account.id, id).await?;
    let no_such = || Error::NoSuch { noun: "payment_intent", id: id.to_string(), param: "intent" };
    let intent = locked.ok_or_else(no_such)?;
    let it = &intent.object;
    let waiting = it.micro_deposits.as_ref().filter(|_| it.status == PaymentStatus::RequiresAction);
    let Some(waiting) = waiting.cloned() else {
        let (status, intent) = (it.status, Box::new(it.clone()));
        return Err(Error::IntentState { status, asked: "verified with microdeposits", intent });
    };
    let plan = Guess { debt: id.as_str(), method: it.payment_method.as_ref(), deposits: &waiting, seen };
    let operation = plan.begin(&mut tx, app, cause).await?;
    tx.commit().await?;
    // The caller's key stays with the debit that follows.
    let without_key = Cause { claim: None, ..cause.clone() };
    let (intent, state) = match carry_out(app, &without_key, operation).await {
        None => return Ok(intent),
        Some(Settled::Payment(intent, state)) => (*intent, state),
        Some(_) => return Err(settled_something_else()),
    };
    match (state, intent.object.last_error.clone()) {
        (OperationState::Succeeded, _) => intents::confirm(app, &without_key, id, Confirm::default()).await,
        (OperationState::Unknown, _) => Ok(intent),
        (OperationState::Declined, Some(error)) if intent.object.status != PaymentStatus::RequiresAction => {
            Err(Error::PaymentFailed { error: Box::new(error), intent: Box::new(intent.object) })
        }
        (OperationState::Declined, _) => Err(wrong_guess(seen)),
        _ => Err(Error::NotSent),
    }
}

/// One guess.
struct Guess<'a> {
    debt: &'a str,
    method: Option<&'a PaymentMethodId>,
    deposits: &'a MicroDeposits,
    seen: &'a SeenDeposits,
}

impl Guess<'_> {
    async fn begin(&self, tx: &mut Tx, app: &App, cause: &Cause) -> Result<Operation, Error> {
        let plan = Plan {
            kind: Kind::VerifyMicroDeposits,
            debt: self.debt,
            initiator: Initiator::Customer,
            request: Request::VerifyMicroDeposits { deposits: &self.deposits.processor_id, seen: self.seen },
            amount: 0,
            instrument: None,
            payment_method: self.method,
            charge: None,
            refund: None,
        };
        begin(tx, app, cause, plan).await
    }
}

fn wrong_guess(seen: &SeenDeposits) -> Error {
    let (code, param, message) = match seen {
        SeenDeposits::Amounts(_) => (
            "payment_method_microdeposit_verification_amounts_mismatch",
            "amounts",
            "The amounts provided do not match the amounts that were sent to the bank account.",
        ),
        SeenDeposits::Code(_) => (
            "payment_method_microdeposit_verification_descriptor_code_mismatch",
            "descriptor_code",
            "The verification code provided does not match the one sent to the bank account.",
        ),
    };
    Error::Invalid { code, param, message: message.to_owned() }
}

fn settled_something_else() -> Error {
    DbError::Inconsistent("a guess at micro-deposits settled something else".into()).into()
}
