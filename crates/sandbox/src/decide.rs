//! What an operation on an existing payment does: pure rules over the state, called under its lock.
//!
//! Invariant: authorised ≥ captured ≥ refunded, for every payment at every moment.

use crate::entry::{Event, Fact, FactKind, NewPayment};
use crate::ids::{CaptureId, PaymentId, RefundId, VoidId};
use crate::rules::{AUTHENTICATION_FAILED, Decline};
use crate::state::Payment;
use crate::wire::{Refusal, Status};

/// What an operation on a payment asks for.
#[derive(Clone, Debug)]
pub enum Action {
    /// Go on after the challenge.
    Complete,
    /// Collect this much and release the rest.
    Capture(CaptureId, u64),
    /// Give this much back.
    Refund(RefundId, u64),
    /// Call it off.
    Void(VoidId),
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Write this.
    Write(Event, Vec<Fact>),
    /// There is nothing to do: tell how this payment stands, and write nothing. In particular, a completion before
    /// the challenge was answered leaves its key free, so that it can be asked again.
    Unchanged(PaymentId),
}

/// Decides. Refusals are written too, so that a late copy of a refused request stays refused.
pub fn decide(payment: &Payment, action: Action) -> Decision {
    let id = payment.first.id.clone();
    let decision = match action {
        Action::Complete => return complete(payment),
        Action::Capture(capture, amount) => may_capture(payment, amount).map(|()| {
            (Event::Captured { payment: id, id: capture, amount }, fact(payment, FactKind::Capture, amount))
        }),
        Action::Refund(refund, amount) => may_refund(payment, amount).map(|()| {
            (Event::Refunded { payment: id, id: refund, amount }, fact(payment, FactKind::Refund, amount))
        }),
        Action::Void(void) => may_void(payment).map(|released| {
            (Event::Voided { payment: id, id: void }, fact(payment, FactKind::Void, released))
        }),
    };
    match decision {
        Ok((event, fact)) => Decision::Write(event, vec![fact]),
        Err(code) => refuse(code),
    }
}

/// The decision for an operation that is refused.
pub fn refuse(code: Refusal) -> Decision {
    Decision::Write(Event::Refused { code }, Vec::new())
}

fn complete(payment: &Payment) -> Decision {
    let (Status::Challenge, Some(approved)) = (payment.status, payment.answered) else {
        return Decision::Unchanged(payment.first.id.clone());
    };
    let first = &payment.first;
    let then = first.challenge.as_ref().and_then(|challenge| challenge.then.clone());
    let decline = if approved { then } else { Some(Box::new(AUTHENTICATION_FAILED)) };
    let status = settled(decline.as_deref(), first.verification, first.capture);
    let facts = facts_of(first, status, decline.as_deref());
    Decision::Write(Event::Completed { payment: first.id.clone(), status, decline }, facts)
}

/// How a decided payment stands.
pub fn settled(decline: Option<&Decline>, verification: bool, capture: bool) -> Status {
    match (decline, verification, capture) {
        (Some(_), _, _) => Status::Declined,
        (None, true, _) => Status::Verified,
        (None, false, true) => Status::Captured,
        (None, false, false) => Status::Authorised,
    }
}

/// The money facts of a payment that is decided as `status`.
pub fn facts_of(new: &NewPayment, status: Status, decline: Option<&Decline>) -> Vec<Fact> {
    let kinds: &[FactKind] = match status {
        Status::Authorised => &[FactKind::Authorisation],
        Status::Captured => &[FactKind::Authorisation, FactKind::Capture],
        Status::Declined => &[FactKind::Decline],
        Status::Verified => &[FactKind::Verification],
        Status::Challenge | Status::Voided => &[],
    };
    let one = |kind: &FactKind| Fact {
        kind: *kind,
        payment: new.id.clone(),
        amount: new.amount,
        currency: new.currency,
        initiator: new.initiator,
        last4: new.last4,
        decline_code: decline.map(|why| why.code.clone()),
        return_code: None,
    };
    kinds.iter().map(one).collect()
}

fn fact(payment: &Payment, kind: FactKind, amount: u64) -> Fact {
    let first = &payment.first;
    Fact {
        kind,
        payment: first.id.clone(),
        amount,
        currency: first.currency,
        initiator: first.initiator,
        last4: first.last4,
        decline_code: None,
        return_code: None,
    }
}

fn may_capture(payment: &Payment, amount: u64) -> Result<(), Refusal> {
    match payment.status {
        Status::Authorised if amount <= payment.first.amount => Ok(()),
        Status::Authorised => Err(Refusal::AmountTooLarge),
        Status::Captured => Err(Refusal::AlreadyCaptured),
        Status::Voided => Err(Refusal::AlreadyVoided),
        Status::Declined | Status::Challenge | Status::Verified => Err(Refusal::NotCapturable),
    }
}

fn may_refund(payment: &Payment, amount: u64) -> Result<(), Refusal> {
    match payment.status {
        Status::Captured if amount <= payment.captured.saturating_sub(payment.refunded) => Ok(()),
        Status::Captured => Err(Refusal::AmountTooLarge),
        Status::Authorised | Status::Voided | Status::Declined | Status::Challenge | Status::Verified => {
            Err(Refusal::NotRefundable)
        }
    }
}

/// How much a void releases: nothing when only a challenge waits.
fn may_void(payment: &Payment) -> Result<u64, Refusal> {
    match payment.status {
        Status::Authorised => Ok(payment.first.amount),
        Status::Challenge => Ok(0),
        Status::Captured => Err(Refusal::AlreadyCaptured),
        Status::Voided => Err(Refusal::AlreadyVoided),
        Status::Declined | Status::Verified => Err(Refusal::NotVoidable),
    }
}

#[cfg(test)]
mod tests;
