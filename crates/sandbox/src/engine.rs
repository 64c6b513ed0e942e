//! From a request to its durable answer: claim the key, decide, write, answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use onfile_account_data::test_cards::MicroDepositGuess;
use onfile_core::clock::Clock;
use onfile_core::ids::IdSource;

use crate::bank::{self, DebitRequest, Due, MicroDepositsRequest, MovableClock};
use crate::decide::{Action, Decision, decide, facts_of, refuse, settled};
use crate::entry::{Challenge, Entry, Event, Fact, NewPayment, Stamp};
use crate::faults::Faults;
use crate::ids::{MicroDepositsId, PaymentId, RefundId};
use crate::ledger::{Ledger, Stopped, Written};
use crate::mail::Mailbox;
use crate::request::PaymentRequest;
use crate::rules::{self, Circumstances, CvcCheck, INCORRECT_NUMBER, Verdict};
use crate::secrets::{Mark, Secrets};
use crate::state::{Inconsistent, State};
use crate::views::Views;
use crate::wire::{Answer, Refusal, Status};

/// How many digits the network's transaction id has. Visa's and Mastercard's have up to 15.
const NETWORK_ID_DIGITS: usize = 15;

/// Whose a line is that is nobody's: the clock was moved.
const OPERATOR: &str = "sandbox";

/// Everything that requests share.
pub struct Engine {
    /// Who may call, and the marks.
    pub secrets: Secrets,
    /// What goes wrong on order.
    pub faults: Faults,
    /// Makes ids.
    pub ids: IdSource,
    /// The time, which the bank's customers can move forward.
    pub clock: MovableClock,
    /// The file.
    pub ledger: Ledger,
    /// How things are shown.
    pub views: Views,
    /// The mail that was caught.
    pub mail: Arc<Mailbox>,
    /// What is known. Locked for the time of a decision, never across an `await`.
    pub state: Mutex<State>,
}

/// Who asks, and how they name the request.
pub struct Asked {
    /// The merchant's account.
    pub merchant: Arc<str>,
    /// Idempotency key, reference, and the mark of path and body.
    pub stamp: Stamp,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Refused, and nothing is written of it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ledger ended: whether the request was written is unknown, so there must be no answer.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A decision did not fit the state: a mistake of this program. Nothing was written.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
}

/// An answer, and whether it was given before.
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// Whether the key was known.
    pub replayed: bool,
}

impl Engine {
    /// The state, for the time of a look or a decision.
    pub fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half-way through a change, so the state stays usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides a new payment or verification.
    pub async fn pay(&self, asked: Asked, request: PaymentRequest) -> Result<Answered, Failure> {
        let card = self.secrets.mark("card", &[asked.merchant.as_bytes(), request.card.digits.as_bytes()]);
        let id: PaymentId = self.ids.next();
        let network_id: Arc<str> = self.ids.secret(NETWORK_ID_DIGITS).into();
        self.perform(asked, |state| {
            let verdict = judge(state.is_authenticated(&card), &request, self.clock.now());
            let new = new_payment(request, card, id, network_id, verdict);
            let facts = facts_of(&new, new.status, new.decline.as_deref());
            Decision::Write(Event::Payment(Box::new(new)), facts)
        })
        .await
    }

    /// Does something to an existing payment.
    pub async fn act(&self, asked: Asked, id: PaymentId, action: Action) -> Result<Answered, Failure> {
        let merchant = asked.merchant.clone();
        let decide_it = |state: &State| match state.payment(&merchant, &id) {
            Some(payment) => decide(payment, action),
            None => refuse(Refusal::NotFound),
        };
        self.perform(asked, decide_it).await
    }

    /// Decides a bank debit.
    pub async fn debit(&self, asked: Asked, request: DebitRequest) -> Result<Answered, Failure> {
        let id = self.ids.next();
        self.perform(asked, |_| bank::debit(&request, id, self.clock.now())).await
    }

    /// Gives back money of a settled debit.
    pub async fn refund_debit(&self, asked: Asked, id: PaymentId, amount: u64) -> Result<Answered, Failure> {
        self.bank_day().await?;
        let merchant = asked.merchant.clone();
        let refund: RefundId = self.ids.next();
        let decide_it = |state: &State| match state.bank().debit(&id) {
            Some(debit) if debit.merchant == merchant => bank::refund(debit, refund, amount),
            _ => refuse(Refusal::NotFound),
        };
        self.perform(asked, decide_it).await
    }

    /// Sends micro-deposits.
    pub async fn micro_deposits(
        &self,
        asked: Asked,
        request: MicroDepositsRequest,
    ) -> Result<Answered, Failure> {
        let id = self.ids.next();
        self.perform(asked, |_| bank::micro_deposits(&request.account, id, self.clock.now())).await
    }

    /// Somebody says what the micro-deposits were.
    pub async fn guess(
        &self,
        asked: Asked,
        id: MicroDepositsId,
        guess: MicroDepositGuess,
    ) -> Result<Answered, Failure> {
        let merchant = asked.merchant.clone();
        let decide_it = |state: &State| match state.bank().deposits(&id) {
            Some(deposits) if deposits.merchant == merchant => bank::guess(deposits, guess, self.clock.now()),
            _ => refuse(Refusal::NotFound),
        };
        self.perform(asked, decide_it).await
    }

    /// Moves the clock forward, and does what falls due. Both are durable when this returns.
    pub async fn advance(&self, seconds: i64) -> Result<Timestamp, Failure> {
        let place = self.ledger.place().await?;
        let written = {
            let mut state = self.state();
            let entry = self.entry(&state, OPERATOR.into(), None, Event::ClockMoved { seconds }, Vec::new());
            state.apply(&entry)?;
            self.clock.set(state.bank().ahead_seconds());
            place.write(entry)
        };
        written.durable().await?;
        self.bank_day().await?;
        Ok(self.clock.now())
    }

    /// Does every step of a debit whose time has come; durable when this returns. Ends, since plans are finite.
    pub async fn bank_day(&self) -> Result<(), Failure> {
        let mut last = None;
        while self.is_due() {
            let place = self.ledger.place().await?;
            let mut state = self.state();
            let Some(Due { debit, step }) = state.bank().due(self.clock.now()) else { break };
            let event = Event::DebitStep { debit: debit.first.id.clone(), of: debit.stamp.clone() };
            let facts = bank::step_fact(&debit.first, &step).into_iter().collect();
            let entry = Entry { time: step.at, ..self.entry(&state, debit.merchant, None, event, facts) };
            state.apply(&entry)?;
            last = Some(place.write(entry));
        }
        match last {
            Some(written) => Ok(written.durable().await?),
            None => Ok(()),
        }
    }

    fn is_due(&self) -> bool {
        self.state().bank().due(self.clock.now()).is_some()
    }

    /// Answers with what the operation of this reference did, once that is durable; payments as they stand now.
    pub async fn look_up(&self, merchant: &str, reference: &str) -> Result<Option<Answer>, Failure> {
        self.bank_day().await?;
        let (answer, line) = {
            let state = self.state();
            let Some(operation) = state.by_reference(merchant, reference) else { return Ok(None) };
            self.views.current(&state, operation)?
        };
        // Said before it is durable, a crash would make "found" a lie; "not found" would be one without a crash.
        self.ledger.reached(line).await?;
        Ok(Some(answer))
    }

    /// The cardholder answers a challenge. `false` when there is none that waits (any more).
    pub async fn answer_challenge(&self, id: &PaymentId, approved: bool) -> Result<bool, Failure> {
        let place = self.ledger.place().await?;
        let written = {
            let mut state = self.state();
            let Some(payment) = state.payment_of_anybody(id).filter(|payment| payment.is_waiting()) else {
                return Ok(false);
            };
            let event = Event::Answered { payment: id.clone(), approved };
            let entry = self.entry(&state, payment.merchant.clone(), None, event, Vec::new());
            state.apply(&entry)?;
            place.write(entry)
        };
        written.durable().await?;
        Ok(true)
    }

    /// Claims the key, decides, writes. The place in the ledger's queue is taken first, so that deciding and queueing
    /// happen under one lock and lines stand in the order of decisions.
    async fn perform(
        &self,
        asked: Asked,
        decide: impl FnOnce(&State) -> Decision,
    ) -> Result<Answered, Failure> {
        let place = self.ledger.place().await?;
        let (answer, line) = {
            let mut state = self.state();
            if let Some(answer) = self.replay(&state, &asked)? {
                return Ok(Answered { answer, replayed: true });
            }
            match decide(&state) {
                Decision::Unchanged(id) => {
                    let payment = state.payment_of_anybody(&id).ok_or(Inconsistent::NoPayment(id))?;
                    (self.views.payment_now(payment), Line::Earlier(payment.line))
                }
                Decision::Write(event, facts) => {
                    let Asked { merchant, stamp } = asked;
                    let entry = self.entry(&state, merchant, Some(stamp), event, facts);
                    let operation = state.apply(&entry)?.ok_or(Inconsistent::NoRequest)?;
                    (self.views.then(&state, &operation)?, Line::Own(place.write(entry)))
                }
            }
        };
        match line {
            Line::Own(written) => written.durable().await?,
            Line::Earlier(line) => self.ledger.reached(line).await?,
        }
        Ok(Answered { answer, replayed: false })
    }

    /// The answer to a request whose key is known.
    fn replay(&self, state: &State, asked: &Asked) -> Result<Option<Answer>, Failure> {
        if self.faults.no_idempotency() {
            return Ok(None);
        }
        let Some(known) = state.by_key(&asked.merchant, &asked.stamp.key) else { return Ok(None) };
        if known.body != asked.stamp.body {
            return Err(Refusal::KeyReused.into());
        }
        if known.line > self.ledger.durable().lines {
            return Err(Refusal::KeyInUse.into());
        }
        Ok(Some(self.views.then(state, known)?))
    }

    fn entry(
        &self,
        state: &State,
        merchant: Arc<str>,
        operation: Option<Stamp>,
        event: Event,
        facts: Vec<Fact>,
    ) -> Entry {
        Entry { seq: state.next_seq(), time: self.clock.now(), merchant, operation, event, facts }
    }
}

/// Which line an answer waits for.
enum Line {
    Own(Written),
    Earlier(u64),
}

/// What the issuer says to a request.
fn judge(authenticated: bool, request: &PaymentRequest, now: Timestamp) -> (Verdict, CvcCheck) {
    let card = &request.card;
    let Some(number) = &card.number else {
        return (Verdict::Decline(INCORRECT_NUMBER), CvcCheck::Unchecked);
    };
    let behaviour = rules::behaviour(number);
    let verdict = rules::judge(
        behaviour,
        Circumstances {
            initiator: request.initiator,
            can_challenge: request.return_url.is_some(),
            expired: rules::is_expired(card.exp_month, card.exp_year, now),
            authenticated,
            verification: request.verification,
        },
    );
    (verdict, rules::check_cvc(behaviour, card.cvc_sent))
}

fn new_payment(
    request: PaymentRequest,
    card: Mark,
    id: PaymentId,
    network_transaction_id: Arc<str>,
    (verdict, cvc_check): (Verdict, CvcCheck),
) -> NewPayment {
    let (status, decline, challenge) = match (verdict, request.return_url) {
        (Verdict::Challenge(then), Some(return_url)) => {
            (Status::Challenge, None, Some(Box::new(Challenge { return_url, then: then.map(Box::new) })))
        }
        (Verdict::Challenge(_), None) => {
            (Status::Declined, Some(Box::new(rules::AUTHENTICATION_REQUIRED)), None)
        }
        (Verdict::Decline(why), _) => (Status::Declined, Some(Box::new(why)), None),
        (Verdict::Approve, _) => (settled(None, request.verification, request.capture), None, None),
    };
    NewPayment {
        id,
        verification: request.verification,
        amount: request.amount,
        currency: request.currency,
        capture: request.capture,
        initiator: request.initiator,
        last4: request.card.last4,
        card,
        status,
        decline,
        cvc_check,
        network_transaction_id,
        challenge,
    }
}
