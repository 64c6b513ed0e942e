//! What the sandbox knows, rebuilt from the ledger at start and changed by exactly one function, [`State::apply`],
//! in both cases: what a restart rebuilds is what was answered.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::bank::{Bank, BankOutcome};
use crate::entry::{Entry, Event, LedgerLine, NewPayment, Stamp};
use crate::ids::{CaptureId, MicroDepositsId, PaymentId, RefundId, VoidId};
use crate::rules::Decline;
use crate::secrets::Mark;
use crate::wire::{Refusal, Status};

/// How many of the newest facts the human page shows.
pub const RECENT_MAX: usize = 50;

/// A payment or verification as it stands.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Whose.
    pub merchant: Arc<str>,
    /// The reference of the request that made it.
    pub reference: Arc<str>,
    /// How it was first decided. Status and decline in here are the first ones.
    pub first: Box<NewPayment>,
    /// How it stands.
    pub status: Status,
    /// Why it was declined.
    pub decline: Option<Box<Decline>>,
    /// The cardholder's answer, when there is one.
    pub answered: Option<bool>,
    /// Minor units.
    pub captured: u64,
    /// Minor units.
    pub refunded: u64,
    /// The ledger line that changed it last.
    pub line: u64,
}

impl Payment {
    /// Whether the cardholder is to answer a challenge.
    pub fn is_waiting(&self) -> bool {
        self.status == Status::Challenge && self.answered.is_none()
    }
}

/// What a request did, enough to answer it again.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A payment stood so afterwards.
    Payment {
        /// Which.
        payment: PaymentId,
        /// Its status at that moment.
        status: Status,
        /// Captured at that moment.
        captured: u64,
    },
    /// A capture was made.
    Capture {
        /// Of which payment.
        payment: PaymentId,
        /// Its id.
        id: CaptureId,
        /// Minor units.
        amount: u64,
    },
    /// A refund was made.
    Refund {
        /// Of which payment.
        payment: PaymentId,
        /// Its id.
        id: RefundId,
        /// Minor units.
        amount: u64,
    },
    /// A payment was voided.
    Void {
        /// Which.
        payment: PaymentId,
        /// The void's id.
        id: VoidId,
    },
    /// Something at the bank.
    Bank(BankOutcome),
    /// Nothing was done.
    Refused(Refusal),
}

/// A request that was worked on.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The mark of its path and body.
    pub body: Mark,
    /// The caller's reference.
    pub reference: Arc<str>,
    /// The ledger line that holds it; answerable once that line is durable.
    pub line: u64,
    /// What it did.
    pub outcome: Outcome,
}

/// The ledger says something that cannot be: a line is missing or was changed by hand.
#[derive(Debug, thiserror::Error)]
pub enum Inconsistent {
    /// It speaks of a payment that no earlier line made.
    #[error("there is no payment {0}")]
    NoPayment(PaymentId),
    /// It speaks of micro-deposits that no earlier line made.
    #[error("there are no micro-deposits {0}")]
    NoDeposits(MicroDepositsId),
    /// It is not the line that follows.
    #[error("expected sequence number {expected}, found {found}")]
    Sequence {
        /// What would follow.
        expected: u64,
        /// What the line says.
        found: u64,
    },
    /// It lacks the request, and is of a kind that has one.
    #[error("the line names no request")]
    NoRequest,
}

#[derive(Debug, Default)]
struct Merchant {
    by_key: HashMap<Arc<str>, Arc<Operation>>,
    by_reference: HashMap<Arc<str>, Arc<Operation>>,
}

/// All of it.
#[derive(Debug)]
pub struct State {
    merchants: HashMap<Arc<str>, Merchant>,
    payments: HashMap<PaymentId, Payment>,
    authenticated: HashSet<Mark>,
    bank: Bank,
    recent: VecDeque<(u64, LedgerLine)>,
    next_seq: u64,
    lines: u64,
}

impl State {
    /// Nothing happened yet.
    pub fn empty() -> Self {
        Self {
            merchants: HashMap::new(),
            payments: HashMap::new(),
            authenticated: HashSet::new(),
            bank: Bank::default(),
            recent: VecDeque::with_capacity(RECENT_MAX),
            next_seq: 1,
            lines: 0,
        }
    }

    /// The number for the next entry's first fact.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// How many entries were applied; also the number of the newest line.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// A merchant's payment. Nobody else's is found.
    pub fn payment(&self, merchant: &str, id: &PaymentId) -> Option<&Payment> {
        self.payments.get(id).filter(|payment| *payment.merchant == *merchant)
    }

    /// A payment by its id alone, which only its merchant and cardholder know.
    pub fn payment_of_anybody(&self, id: &PaymentId) -> Option<&Payment> {
        self.payments.get(id)
    }

    /// The bank's part.
    pub fn bank(&self) -> &Bank {
        &self.bank
    }

    /// The newest request with this key.
    pub fn by_key(&self, merchant: &str, key: &str) -> Option<&Arc<Operation>> {
        self.merchants.get(merchant)?.by_key.get(key)
    }

    /// The newest request with this reference.
    pub fn by_reference(&self, merchant: &str, reference: &str) -> Option<&Arc<Operation>> {
        self.merchants.get(merchant)?.by_reference.get(reference)
    }

    /// Whether the holder of the card with this mark approved a challenge before.
    pub fn is_authenticated(&self, card: &Mark) -> bool {
        self.authenticated.contains(card)
    }

    /// The newest facts up to line `durable`, newest first.
    pub fn recent(&self, durable: u64) -> impl Iterator<Item = &LedgerLine> {
        self.recent.iter().rev().filter(move |(line, _)| *line <= durable).map(|(_, fact)| fact)
    }

    /// Takes in one entry, whole or (when it does not fit) not at all. Answers with the request it came from.
    pub fn apply(&mut self, entry: &Entry) -> Result<Option<Arc<Operation>>, Inconsistent> {
        if entry.seq != self.next_seq {
            return Err(Inconsistent::Sequence { expected: self.next_seq, found: entry.seq });
        }
        let line = self.lines + 1;
        let operation = match (&entry.operation, &entry.event) {
            (None, Event::Answered { payment, approved }) => {
                self.answer(payment, *approved, line)?;
                None
            }
            (None, Event::DebitStep { debit, .. }) => {
                self.bank.step(debit, line)?;
                None
            }
            (None, Event::ClockMoved { seconds }) => {
                self.bank.move_clock(*seconds);
                None
            }
            (None, _)
            | (Some(_), Event::Answered { .. } | Event::DebitStep { .. } | Event::ClockMoved { .. }) => {
                return Err(Inconsistent::NoRequest);
            }
            (Some(stamp), event) => {
                let merchant = self.known_merchant(&entry.merchant);
                let stamp = stamp.shared();
                let outcome = self.change(&merchant, &stamp, event, line)?;
                Some(self.remember(merchant, &stamp, line, outcome))
            }
        };
        self.lines = line;
        self.next_seq = entry.next_seq();
        for fact in entry.ledger_lines() {
            if self.recent.len() == RECENT_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back((line, fact));
        }
        Ok(operation)
    }

    /// The text that the merchant's other payments share.
    fn known_merchant(&self, merchant: &Arc<str>) -> Arc<str> {
        self.merchants.get_key_value(merchant).map_or(merchant, |(known, _)| known).clone()
    }

    fn answer(&mut self, id: &PaymentId, approved: bool, line: u64) -> Result<(), Inconsistent> {
        let payment = self.existing(id)?;
        payment.answered = Some(approved);
        payment.line = line;
        let card = payment.first.card;
        if approved {
            self.authenticated.insert(card);
        }
        Ok(())
    }

    /// Changes the payment that `event` is about; answers what the request did.
    fn change(
        &mut self,
        merchant: &Arc<str>,
        stamp: &Stamp,
        event: &Event,
        line: u64,
    ) -> Result<Outcome, Inconsistent> {
        let id = match event {
            Event::Payment(new) => return Ok(self.add(merchant, stamp, new, line)),
            Event::Refused { code } => return Ok(Outcome::Refused(*code)),
            Event::Bank(event) => return self.bank.change(merchant, stamp, event, line).map(Outcome::Bank),
            Event::DebitStep { .. } | Event::ClockMoved { .. } => return Err(Inconsistent::NoRequest),
            Event::Answered { payment, .. }
            | Event::Completed { payment, .. }
            | Event::Captured { payment, .. }
            | Event::Refunded { payment, .. }
            | Event::Voided { payment, .. } => payment.clone(),
        };
        let payment = self.existing(&id)?;
        payment.line = line;
        Ok(match event {
            Event::Completed { status, decline, .. } => {
                payment.status = *status;
                payment.decline.clone_from(decline);
                if *status == Status::Captured {
                    payment.captured = payment.first.amount;
                }
                Outcome::Payment { payment: id, status: *status, captured: payment.captured }
            }
            Event::Captured { id: capture, amount, .. } => {
                payment.status = Status::Captured;
                payment.captured = *amount;
                Outcome::Capture { payment: id, id: capture.clone(), amount: *amount }
            }
            Event::Refunded { id: refund, amount, .. } => {
                payment.refunded = payment.refunded.saturating_add(*amount);
                Outcome::Refund { payment: id, id: refund.clone(), amount: *amount }
            }
            Event::Voided { id: void, .. } => {
                payment.status = Status::Voided;
                Outcome::Void { payment: id, id: void.clone() }
            }
            Event::Payment(_)
            | Event::Refused { .. }
            | Event::Answered { .. }
            | Event::Bank(_)
            | Event::DebitStep { .. }
            | Event::ClockMoved { .. } => return Err(Inconsistent::NoRequest),
        })
    }

    fn add(&mut self, merchant: &Arc<str>, stamp: &Stamp, new: &NewPayment, line: u64) -> Outcome {
        let captured = if new.status == Status::Captured { new.amount } else { 0 };
        let payment = Payment {
            merchant: merchant.clone(),
            reference: stamp.reference.clone(),
            first: Box::new(new.clone()),
            status: new.status,
            decline: new.decline.clone(),
            answered: None,
            captured,
            refunded: 0,
            line,
        };
        self.payments.insert(new.id.clone(), payment);
        Outcome::Payment { payment: new.id.clone(), status: new.status, captured }
    }

    fn remember(&mut self, merchant: Arc<str>, stamp: &Stamp, line: u64, outcome: Outcome) -> Arc<Operation> {
        let operation =
            Arc::new(Operation { body: stamp.body, reference: stamp.reference.clone(), line, outcome });
        let merchant = self.merchants.entry(merchant).or_default();
        merchant.by_key.insert(stamp.key.clone(), operation.clone());
        merchant.by_reference.insert(stamp.reference.clone(), operation.clone());
        operation
    }

    fn existing(&mut self, id: &PaymentId) -> Result<&mut Payment, Inconsistent> {
        self.payments.get_mut(id).ok_or_else(|| Inconsistent::NoPayment(id.clone()))
    }
}
