//! The bank's part of what the sandbox knows: debits, micro-deposits, and how far its clock was moved.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::entry::{BankEvent, DebitStatus, DebitStep, Guess, NewDebit, NewMicroDeposits};
use crate::entry::Stamp;
use crate::ids::{MicroDepositsId, PaymentId, RefundId};
use crate::state::Inconsistent;
use onfile_core::ids::Id;

/// A debit as it stands.
#[derive(Clone, Debug)]
pub struct Debit {
    /// Whose.
    pub merchant: Arc<str>,
    /// The request that made it.
    pub stamp: Stamp,
    /// How it was submitted.
    pub first: Box<NewDebit>,
    /// How it stands.
    pub status: DebitStatus,
    /// How many steps of its plan were done.
    pub done: usize,
    /// Whether it settled, also when it came back afterwards.
    pub settled: bool,
    /// What it came back with.
    pub return_code: Option<Arc<str>>,
    /// Minor units given back.
    pub refunded: u64,
    /// The ledger line that changed it last.
    pub line: u64,
}

/// Micro-deposits as they stand.
#[derive(Clone, Debug)]
pub struct Deposits {
    /// Whose.
    pub merchant: Arc<str>,
    /// How they were sent.
    pub first: Box<NewMicroDeposits>,
    /// Wrong guesses so far.
    pub wrong: u32,
    /// How the last guess that decided ended.
    pub ended: Option<Guess>,
    /// The ledger line that changed them last.
    pub line: u64,
}

/// What a request to the bank did, enough to answer it again.
#[derive(Clone, Debug)]
pub enum BankOutcome {
    /// A debit was submitted.
    Debit(PaymentId),
    /// A refund of a debit was made.
    Refund {
        /// Of which debit.
        debit: PaymentId,
        /// Its id.
        id: RefundId,
        /// Minor units.
        amount: u64,
    },
    /// Micro-deposits were sent.
    MicroDeposits(MicroDepositsId),
    /// A guess was made.
    Guess(MicroDepositsId, Guess),
}

/// A step whose time has come.
#[derive(Clone, Debug)]
pub struct Due {
    /// Of which debit.
    pub debit: Debit,
    /// Which.
    pub step: DebitStep,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Bank {
    debits: HashMap<PaymentId, Debit>,
    deposits: HashMap<MicroDepositsId, Deposits>,
    due: BTreeSet<(Timestamp, String)>,
    ahead_seconds: i64,
}

impl Bank {
    /// How many seconds the clock was moved forward, altogether.
    pub fn ahead_seconds(&self) -> i64 {
        self.ahead_seconds
    }

    /// The clock was moved.
    pub fn move_clock(&mut self, seconds: i64) {
        self.ahead_seconds = self.ahead_seconds.saturating_add(seconds);
    }

    /// A debit.
    pub fn debit(&self, id: &PaymentId) -> Option<&Debit> {
        self.debits.get(id)
    }

    /// Micro-deposits.
    pub fn deposits(&self, id: &MicroDepositsId) -> Option<&Deposits> {
        self.deposits.get(id)
    }

    /// The earliest step whose time has come.
    pub fn due(&self, now: Timestamp) -> Option<Due> {
        let (at, id) = self.due.first()?;
        let debit = self.debits.get(&PaymentId::from_trusted(id.clone())).filter(|_| *at <= now)?;
        let step = debit.first.plan.get(debit.done)?.clone();
        Some(Due { debit: debit.clone(), step })
    }

    /// A step of a debit's plan was done.
    pub fn step(&mut self, id: &PaymentId, line: u64) -> Result<(), Inconsistent> {
        let debit = existing(&mut self.debits, id)?;
        let step = debit.first.plan.get(debit.done).ok_or_else(|| Inconsistent::NoPayment(id.clone()))?;
        self.due.remove(&(step.at, id.as_str().to_owned()));
        debit.status = step.to;
        debit.settled |= step.to == DebitStatus::Settled;
        debit.return_code = step.return_code.clone().or(debit.return_code.take());
        debit.done += 1;
        debit.line = line;
        if let Some(next) = debit.first.plan.get(debit.done) {
            self.due.insert((next.at, id.as_str().to_owned()));
        }
        Ok(())
    }

    /// Takes in what a request did.
    pub fn change(
        &mut self,
        merchant: &Arc<str>,
        stamp: &Stamp,
        event: &BankEvent,
        line: u64,
    ) -> Result<BankOutcome, Inconsistent> {
        Ok(match event {
            BankEvent::Debit(new) => self.submit(merchant, stamp, new, line),
            BankEvent::Refunded { debit: id, id: refund, amount } => {
                let debit = existing(&mut self.debits, id)?;
                debit.refunded = debit.refunded.saturating_add(*amount);
                debit.line = line;
                BankOutcome::Refund { debit: id.clone(), id: refund.clone(), amount: *amount }
            }
            BankEvent::MicroDeposits(new) => {
                let deposits =
                    Deposits { merchant: merchant.clone(), first: new.clone(), wrong: 0, ended: None, line };
                self.deposits.insert(new.id.clone(), deposits);
                BankOutcome::MicroDeposits(new.id.clone())
            }
            BankEvent::Guessed { deposits: id, guess } => {
                let deposits =
                    self.deposits.get_mut(id).ok_or_else(|| Inconsistent::NoDeposits(id.clone()))?;
                deposits.line = line;
                match guess {
                    Guess::Wrong => deposits.wrong = deposits.wrong.saturating_add(1),
                    ended => deposits.ended = Some(*ended),
                }
                BankOutcome::Guess(id.clone(), *guess)
            }
        })
    }

    fn submit(&mut self, merchant: &Arc<str>, stamp: &Stamp, new: &NewDebit, line: u64) -> BankOutcome {
        let status = if new.refused.is_some() { DebitStatus::Declined } else { DebitStatus::Submitted };
        if let Some(step) = new.plan.first() {
            self.due.insert((step.at, new.id.as_str().to_owned()));
        }
        let debit = Debit {
            merchant: merchant.clone(),
            stamp: stamp.clone(),
            first: Box::new(new.clone()),
            status,
            done: 0,
            settled: false,
            return_code: None,
            refunded: 0,
            line,
        };
        self.debits.insert(new.id.clone(), debit);
        BankOutcome::Debit(new.id.clone())
    }
}

fn existing<'a>(
    debits: &'a mut HashMap<PaymentId, Debit>,
    id: &PaymentId,
) -> Result<&'a mut Debit, Inconsistent> {
    debits.get_mut(id).ok_or_else(|| Inconsistent::NoPayment(id.clone()))
}
