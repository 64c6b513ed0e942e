//! What a request to the bank does: pure rules over the state, called under its lock.

use std::borrow::Cow;

use jiff::Timestamp;
use onfile_account_data::test_cards::{BankBehaviour, MicroDepositGuess};

use super::entry::{BankEvent, DebitStatus, DebitStep, Guess, NewDebit, NewMicroDeposits};
use super::plan::{self, GUESSES_MAX};
use super::request::{DebitRequest, PresentedAccount};
use super::state::{Debit, Deposits};
use crate::decide::{Decision, refuse};
use crate::entry::{Event, Fact, FactKind};
use crate::ids::{MicroDepositsId, PaymentId, RefundId};
use crate::wire::Refusal;

/// The only currency of ACH.
const USD: &str = "usd";
/// Why a debit in another currency is refused, in Stripe's words.
const WRONG_CURRENCY: &str = "payment_method_currency_mismatch";

/// Decides a debit.
pub fn debit(request: &DebitRequest, id: PaymentId, now: Timestamp) -> Decision {
    let course = if request.currency.to_string() == USD {
        plan::course(request.account.behaviour, now)
    } else {
        Err(WRONG_CURRENCY)
    };
    let (plan, refused) = match course {
        Ok(plan) => (plan, None),
        Err(why) => (Vec::new(), Some(Cow::Borrowed(why))),
    };
    let new = NewDebit {
        id,
        amount: request.amount,
        currency: request.currency,
        initiator: request.initiator,
        last4: request.account.last4,
        refused,
        plan,
    };
    let kind = if new.refused.is_some() { FactKind::Decline } else { FactKind::Debit };
    let fact = Fact { decline_code: new.refused.clone(), ..fact(&new, kind, new.amount) };
    Decision::Write(Event::Bank(BankEvent::Debit(Box::new(new))), vec![fact])
}

/// Decides a refund: of money that settled, did not come back, and was not given back before.
pub fn refund(debit: &Debit, id: RefundId, amount: u64) -> Decision {
    match debit.status {
        DebitStatus::Settled if amount <= debit.first.amount.saturating_sub(debit.refunded) => {
            let fact = fact(&debit.first, FactKind::Refund, amount);
            let event = BankEvent::Refunded { debit: debit.first.id.clone(), id, amount };
            Decision::Write(Event::Bank(event), vec![fact])
        }
        DebitStatus::Settled => refuse(Refusal::AmountTooLarge),
        DebitStatus::Submitted | DebitStatus::Pending | DebitStatus::Returned | DebitStatus::Declined => {
            refuse(Refusal::NotRefundable)
        }
    }
}

/// Decides whether micro-deposits can be sent.
pub fn micro_deposits(account: &PresentedAccount, id: MicroDepositsId, now: Timestamp) -> Decision {
    let (arrives, expires) = plan::deposits(now);
    let failed = account.behaviour == BankBehaviour::NoMicroDeposits;
    let new = NewMicroDeposits { id, last4: account.last4, failed, arrives, expires };
    Decision::Write(Event::Bank(BankEvent::MicroDeposits(Box::new(new))), Vec::new())
}

/// Decides a guess. Once it is decided, nothing changes it any more.
pub fn guess(deposits: &Deposits, first: MicroDepositGuess, now: Timestamp) -> Decision {
    let guess = match (deposits.ended, first) {
        (Some(ended), _) => ended,
        _ if deposits.first.failed => return refuse(Refusal::NotFound),
        _ if now > deposits.first.expires => Guess::TooLate,
        (None, MicroDepositGuess::Right) => Guess::Right,
        (None, MicroDepositGuess::TooLate) => Guess::TooLate,
        (None, MicroDepositGuess::Wrong) if deposits.wrong + 1 < GUESSES_MAX => Guess::Wrong,
        (None, MicroDepositGuess::TooMany | MicroDepositGuess::Wrong) => Guess::TooMany,
    };
    let event = BankEvent::Guessed { deposits: deposits.first.id.clone(), guess };
    Decision::Write(Event::Bank(event), Vec::new())
}

/// The money fact of a step; to be pending is none.
pub fn step_fact(first: &NewDebit, step: &DebitStep) -> Option<Fact> {
    let kind = match step.to {
        DebitStatus::Settled => FactKind::Settlement,
        DebitStatus::Returned => FactKind::Return,
        DebitStatus::Submitted | DebitStatus::Pending | DebitStatus::Declined => return None,
    };
    Some(Fact { return_code: step.return_code.clone(), ..fact(first, kind, first.amount) })
}

fn fact(first: &NewDebit, kind: FactKind, amount: u64) -> Fact {
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
