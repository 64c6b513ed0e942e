//! How debits and micro-deposits are shown.

use std::sync::Arc;

use serde::Serialize;

use super::entry::{DebitStatus, Guess};
use super::state::{Bank, BankOutcome, Debit, Deposits};
use crate::ids::{MicroDepositsId, PaymentId};
use crate::money::Currency;
use crate::rules::Decline;
use crate::state::Inconsistent;
use crate::wire::{Answer, PartView, Refusal};

/// A debit.
#[derive(Clone, Debug, Serialize)]
pub struct DebitView {
    pub id: PaymentId,
    pub reference: Arc<str>,
    pub status: DebitStatus,
    pub amount: u64,
    pub currency: Currency,
    pub refunded: u64,
    /// What it came back with.
    pub return_code: Option<Arc<str>>,
    /// Whether it had settled before it came back.
    pub settled: bool,
    pub decline: Option<Decline>,
}

/// Micro-deposits.
#[derive(Clone, Debug, Serialize)]
pub struct MicroDepositsView {
    pub id: MicroDepositsId,
    pub reference: Arc<str>,
    /// `sent`, `verified`, `declined`.
    pub status: &'static str,
    /// Unix seconds.
    pub arrives: i64,
    pub decline: Option<Decline>,
}

/// Why micro-deposits could not be sent.
const NOT_SENT: &str = "payment_method_microdeposit_failed";

/// The answer that a request was given.
pub fn then(bank: &Bank, reference: &Arc<str>, outcome: &BankOutcome) -> Result<Answer, Inconsistent> {
    Ok(match outcome {
        BankOutcome::Debit(id) => {
            let debit = existing(bank, id)?;
            let refused = debit.first.refused.is_some();
            let status = if refused { DebitStatus::Declined } else { DebitStatus::Submitted };
            let view = DebitView { status, refunded: 0, settled: false, return_code: None, ..now(debit) };
            Answer::Debit(Box::new(view))
        }
        BankOutcome::Refund { debit: id, id: refund, amount } => {
            let currency = existing(bank, id)?.first.currency;
            let (id, payment, reference) = (refund.clone(), id.clone(), reference.clone());
            Answer::Refund(PartView { id, payment, reference, status: "refunded", amount: *amount, currency })
        }
        BankOutcome::MicroDeposits(id) => deposits_view(deposits(bank, id)?, reference, None),
        BankOutcome::Guess(id, guess) => match guess {
            Guess::Right => deposits_view(deposits(bank, id)?, reference, Some(Guess::Right)),
            Guess::Wrong => Answer::Refused(Refusal::GuessWrong.into()),
            Guess::TooMany => Answer::Refused(Refusal::TooManyGuesses.into()),
            Guess::TooLate => Answer::Refused(Refusal::DepositsExpired.into()),
        },
    })
}

/// What a look-up answers, and the line that makes it true; none when that is the request's own.
pub fn current(
    bank: &Bank,
    reference: &Arc<str>,
    outcome: &BankOutcome,
) -> Result<(Answer, Option<u64>), Inconsistent> {
    match outcome {
        BankOutcome::Debit(id) => {
            let debit = existing(bank, id)?;
            Ok((Answer::Debit(Box::new(now(debit))), Some(debit.line)))
        }
        _ => Ok((then(bank, reference, outcome)?, None)),
    }
}

fn now(debit: &Debit) -> DebitView {
    DebitView {
        id: debit.first.id.clone(),
        reference: debit.stamp.reference.clone(),
        status: debit.status,
        amount: debit.first.amount,
        currency: debit.first.currency,
        refunded: debit.refunded,
        return_code: debit.return_code.clone(),
        settled: debit.settled,
        decline: debit.first.refused.clone().map(refused),
    }
}

fn deposits_view(of: &Deposits, reference: &Arc<str>, guess: Option<Guess>) -> Answer {
    let status = match guess {
        Some(_) => "verified",
        None if of.first.failed => "declined",
        None => "sent",
    };
    Answer::MicroDeposits(Box::new(MicroDepositsView {
        id: of.first.id.clone(),
        reference: reference.clone(),
        status,
        arrives: of.first.arrives.as_second(),
        decline: (status == "declined").then(|| refused(NOT_SENT.into())),
    }))
}

fn refused(code: std::borrow::Cow<'static, str>) -> Decline {
    Decline { code, network_code: "".into(), advice_code: None }
}

fn existing<'a>(bank: &'a Bank, id: &PaymentId) -> Result<&'a Debit, Inconsistent> {
    bank.debit(id).ok_or_else(|| Inconsistent::NoPayment(id.clone()))
}

fn deposits<'a>(bank: &'a Bank, id: &MicroDepositsId) -> Result<&'a Deposits, Inconsistent> {
    bank.deposits(id).ok_or_else(|| Inconsistent::NoDeposits(id.clone()))
}
