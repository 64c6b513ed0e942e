//! From the state to what callers see.

use onfile_core::ids::Id;

use crate::bank;
use crate::ids::PaymentId;
use crate::state::{Inconsistent, Operation, Outcome, Payment, State};
use crate::wire::{Answer, PartView, PaymentView, Status, VoidView};

/// How things are shown.
pub struct Views {
    /// What stands before `/challenge/…` in a challenge's address, without a slash at the end.
    pub public_url: String,
}

impl Views {
    /// The answer that an operation was given.
    pub fn then(&self, state: &State, operation: &Operation) -> Result<Answer, Inconsistent> {
        match &operation.outcome {
            Outcome::Payment { payment, status, captured } => {
                let payment = existing(state, payment)?;
                Ok(self.payment(payment, *status, *captured, 0))
            }
            _ => self.part(state, operation),
        }
    }

    /// What a look-up answers, and the line that makes it true.
    pub fn current(&self, state: &State, operation: &Operation) -> Result<(Answer, u64), Inconsistent> {
        match &operation.outcome {
            Outcome::Payment { payment, .. } => {
                let payment = existing(state, payment)?;
                Ok((self.payment_now(payment), payment.line))
            }
            Outcome::Bank(outcome) => {
                let (answer, line) = bank::current(state.bank(), &operation.reference, outcome)?;
                Ok((answer, line.unwrap_or(operation.line)))
            }
            _ => Ok((self.part(state, operation)?, operation.line)),
        }
    }

    /// A payment as it stands.
    pub fn payment_now(&self, payment: &Payment) -> Answer {
        self.payment(payment, payment.status, payment.captured, payment.refunded)
    }

    fn payment(&self, payment: &Payment, status: Status, captured: u64, refunded: u64) -> Answer {
        let first = &payment.first;
        let challenge = status == Status::Challenge;
        let approved = !challenge && status != Status::Declined;
        Answer::Payment(Box::new(PaymentView {
            id: first.id.clone(),
            reference: payment.reference.clone(),
            status,
            amount: first.amount,
            currency: first.currency,
            captured,
            refunded,
            decline: payment.decline.clone().filter(|_| status == Status::Declined),
            challenge_url: challenge.then(|| self.challenge_url(&first.id)),
            network_transaction_id: approved.then(|| first.network_transaction_id.clone()),
            cvc_check: first.cvc_check,
        }))
    }

    fn part(&self, state: &State, operation: &Operation) -> Result<Answer, Inconsistent> {
        let reference = operation.reference.clone();
        let part = |payment: &PaymentId| existing(state, payment).map(|found| (payment.clone(), found));
        Ok(match &operation.outcome {
            Outcome::Capture { payment, id, amount } => {
                let (payment, found) = part(payment)?;
                let currency = found.first.currency;
                let (id, amount, status) = (id.clone(), *amount, "captured");
                Answer::Capture(PartView { id, payment, reference, status, amount, currency })
            }
            Outcome::Refund { payment, id, amount } => {
                let (payment, found) = part(payment)?;
                let currency = found.first.currency;
                let (id, amount, status) = (id.clone(), *amount, "refunded");
                Answer::Refund(PartView { id, payment, reference, status, amount, currency })
            }
            Outcome::Void { payment, id } => {
                let (payment, id) = (payment.clone(), id.clone());
                Answer::Void(VoidView { id, payment, reference, status: Status::Voided })
            }
            Outcome::Bank(outcome) => return bank::then(state.bank(), &operation.reference, outcome),
            Outcome::Refused(refusal) => Answer::Refused((*refusal).into()),
            Outcome::Payment { payment, .. } => self.payment_now(existing(state, payment)?),
        })
    }

    fn challenge_url(&self, id: &PaymentId) -> String {
        format!("{}/challenge/{}", self.public_url, id.as_str())
    }
}

fn existing<'a>(state: &'a State, id: &PaymentId) -> Result<&'a Payment, Inconsistent> {
    state.payment_of_anybody(id).ok_or_else(|| Inconsistent::NoPayment(id.clone()))
}
