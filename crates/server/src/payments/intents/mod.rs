//! Payment intents: made, changed, confirmed, captured, canceled.

mod cancel;
mod capture;
mod confirm;
mod create;
mod details;
mod returned;
mod update;

pub use cancel::cancel;
pub use capture::capture;
pub use confirm::{confirm, prepare_first};
pub use create::create;
pub use returned::returned;
pub use update::update;

use onfile_core::ids::{CustomerId, PaymentIntentId};
use onfile_core::operation::OperationState;
use onfile_service::db::{DbError, Tx};

use crate::model::customer::Customer;
use crate::model::payment_intent::PaymentIntent;
use crate::store::objects::{self, Versioned};

use super::settle::Settled;
use super::{Cause, Error};

async fn lock(tx: &mut Tx, cause: &Cause, id: &PaymentIntentId) -> Result<Versioned<PaymentIntent>, Error> {
    let locked = objects::lock(tx, &cause.account.id, id).await?;
    locked.ok_or_else(|| no_such_intent(id))
}

async fn load(tx: &mut Tx, cause: &Cause, id: &PaymentIntentId) -> Result<Versioned<PaymentIntent>, Error> {
    let loaded = objects::load(tx, &cause.account.id, id).await?;
    loaded.ok_or_else(|| no_such_intent(id))
}

fn no_such_intent(id: &PaymentIntentId) -> Error {
    Error::NoSuch { noun: "payment_intent", id: id.to_string(), param: "intent" }
}

/// The customer that a parameter names must exist and not be deleted.
pub(super) async fn check_customer(tx: &mut Tx, cause: &Cause, id: &CustomerId) -> Result<(), Error> {
    match objects::load::<Customer>(tx, &cause.account.id, id).await? {
        Some(found) if !found.object.deleted => Ok(()),
        _ => Err(Error::NoSuch { noun: "customer", id: id.to_string(), param: "customer" }),
    }
}

/// What the caller is answered after an attempt to pay; `begun` is the intent as it was committed before.
fn answer(
    settled: Option<Settled>,
    begun: Versioned<PaymentIntent>,
) -> Result<Versioned<PaymentIntent>, Error> {
    let Some((intent, state)) = payment(settled)? else { return Ok(begun) };
    match (state, intent.object.last_error.clone()) {
        (OperationState::NotSent, _) => Err(Error::NotSent),
        (OperationState::Declined | OperationState::Absent, Some(error)) => {
            Err(Error::PaymentFailed { error: Box::new(error), intent: Box::new(intent.object) })
        }
        _ => Ok(intent),
    }
}

/// What the caller is answered after a capture or a release.
fn answer_follow_up(
    settled: Option<Settled>,
    begun: Versioned<PaymentIntent>,
) -> Result<Versioned<PaymentIntent>, Error> {
    let Some((intent, state)) = payment(settled)? else { return Ok(begun) };
    match state {
        OperationState::NotSent => Err(Error::NotSent),
        OperationState::Declined | OperationState::Absent => Err(Error::Refused),
        _ => Ok(intent),
    }
}

fn payment(settled: Option<Settled>) -> Result<Option<(Versioned<PaymentIntent>, OperationState)>, Error> {
    match settled {
        None => Ok(None),
        Some(Settled::Payment(intent, state)) => Ok(Some((*intent, state))),
        Some(_) => {
            Err(DbError::Inconsistent("an operation of a payment settled something else".into()).into())
        }
    }
}
