//! Whether, when and why a debt is tried again. Every answer has a reason that a person can read.
//!
//! The budget is three merchant-initiated requests per debt over all cards (M4); an outage of ours or of a processor
//! uses none of it. Which declines allow a retry at all is [`crate::decline`]'s; the networks' own limits per card are
//! [`network`]'s, bank debits [`bank`]'s.

use jiff::{SignedDuration, Timestamp};

use crate::attempts::{Initiator, MERCHANT_ATTEMPTS_MAX};
use crate::decline::{DeclineClass, DeclineReason};

pub mod bank;
pub mod network;

/// The longest plan, in days after the first attempt.
pub const DAYS_MAX: u16 = 60;
/// How long the first outage is waited out where nothing else is said; each further one twice as long.
pub const OUTAGE_WAIT: SignedDuration = SignedDuration::from_mins(5);
/// How many outages in a row are waited out before a person has to look: some four days.
const OUTAGES_MAX: u32 = 16;
/// The longest wait for an outage to be over.
const OUTAGE_WAIT_MAX: SignedDuration = SignedDuration::from_hours(12);

/// What became of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The money came.
    Paid,
    /// No answer is known yet.
    Open,
    /// The issuer, or its processor, said no.
    Declined(DeclineReason<'a>),
    /// It surely never reached an issuer: our outage or a processor's. No attempt in the sense of M4.
    Outage,
}

/// One attempt at a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// When it was sent.
    pub at: Timestamp,
    /// By whom.
    pub initiator: Initiator,
    /// Which card: its fingerprint, which a re-created token shares.
    pub card: &'a str,
    /// What became of it.
    pub outcome: Outcome<'a>,
}

/// The card that would be charged now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card<'a> {
    /// Its fingerprint.
    pub fingerprint: &'a str,
    /// When its expiry or address last changed, or its holder last authenticated.
    pub changed_at: Option<Timestamp>,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Charge at this moment, never earlier; it is not past.
    Retry {
        /// When.
        at: Timestamp,
        /// Why then.
        because: String,
    },
    /// Nothing, until an open attempt's outcome is known.
    Wait(String),
    /// Nothing more by itself, and the customer is not bothered.
    Stop(String),
    /// Nothing more by itself; only the customer can help.
    AskCustomer(String),
}

/// When a debt is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    // At most one less than M4's three, increasing.
    days: Vec<u16>,
    outage_wait: SignedDuration,
}

/// Why a policy was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RetryPolicyError {
    /// M4.
    #[error("there are at most {} retries: {MERCHANT_ATTEMPTS_MAX} attempts in total", MERCHANT_ATTEMPTS_MAX - 1)]
    TooMany,
    /// Out of order, zero, or too far away.
    #[error("the days of retries must increase, from 1 to {DAYS_MAX} days after the first attempt")]
    Days,
}

impl Default for RetryPolicy {
    /// Three and seven days after the first attempt.
    fn default() -> Self {
        Self { days: vec![3, 7], outage_wait: OUTAGE_WAIT }
    }
}

impl RetryPolicy {
    /// A policy of these days after the first attempt.
    ///
    /// # Errors
    /// Too many, out of order, or too far away.
    pub fn new(days: Vec<u16>) -> Result<Self, RetryPolicyError> {
        if u32::try_from(days.len()).map_or(true, |count| count >= MERCHANT_ATTEMPTS_MAX) {
            return Err(RetryPolicyError::TooMany);
        }
        let within = days.iter().all(|day| (1..=DAYS_MAX).contains(day));
        let increasing = days.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        let policy = Self { days, outage_wait: OUTAGE_WAIT };
        if within && increasing { Ok(policy) } else { Err(RetryPolicyError::Days) }
    }

    /// The same, waiting so long for a first outage to be over. A wait is at least a second: what is due again at once
    /// would keep a run from ever ending.
    #[must_use]
    pub fn with_outage_wait(self, wait: SignedDuration) -> Self {
        Self { outage_wait: wait.clamp(SignedDuration::from_secs(1), OUTAGE_WAIT_MAX), ..self }
    }

    /// What comes next for a debt with these attempts, in the order of time, if this card would be charged.
    pub fn next(&self, history: &[Attempt<'_>], card: Card<'_>, now: Timestamp) -> Plan {
        if history.iter().any(|attempt| attempt.outcome == Outcome::Paid) {
            return Plan::Stop("It is paid.".into());
        }
        if history.iter().any(|attempt| attempt.outcome == Outcome::Open) {
            return Plan::Wait(
                "The outcome of an attempt is not known yet; nothing is sent before it is.".into(),
            );
        }
        let counted: Vec<&Attempt<'_>> = history.iter().filter(|attempt| counts(attempt)).collect();
        let made = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        if history.iter().filter_map(declined).any(|reason| reason.is_revocation()) {
            return Plan::Stop("The customer has withdrawn the agreement at the bank; it must end.".into());
        }
        if made >= MERCHANT_ATTEMPTS_MAX {
            let why = format!("All {MERCHANT_ATTEMPTS_MAX} attempts were declined; the customer has to pay.");
            return Plan::AskCustomer(why);
        }
        if let Some(refused) = refused_for(history, card) {
            return refused;
        }
        self.planned(history, &counted, card, now)
    }

    /// When an attempt that nothing speaks against is made.
    fn planned(
        &self,
        history: &[Attempt<'_>],
        counted: &[&Attempt<'_>],
        card: Card<'_>,
        now: Timestamp,
    ) -> Plan {
        let last_on_card = history
            .iter()
            .rev()
            .find(|attempt| declined(attempt).is_some() && attempt.card == card.fingerprint);
        let (slot, mut because) = match (counted.first(), last_on_card) {
            (None, None) => (now, "It has not been tried yet.".to_owned()),
            (_, None) => (now, "The customer has another card now, which has not been tried.".to_owned()),
            (_, Some(last)) if fixed_since(last, card) => {
                (now, "The card's data changed after the last decline.".to_owned())
            }
            (first, Some(last)) => match self.slot(first.copied().unwrap_or(last), counted.len()) {
                Some((at, day)) => (
                    at,
                    format!("The bank may approve later: tried again on day {day} after the first attempt."),
                ),
                None => {
                    return Plan::AskCustomer(
                        "No further attempt is planned; the customer has to pay.".into(),
                    );
                }
            },
        };
        let mut at = slot.max(now);
        let asked = last_on_card.and_then(|last| Some(after(last.at, declined(last)?.wait()?)));
        if let Some(earliest) = asked.filter(|earliest| *earliest > at) {
            at = earliest;
            because = String::from("The network asks to wait this long after the last decline.");
        }
        match self.outage_until(history) {
            Ok(Some(earliest)) if earliest > at => Plan::Retry {
                at: earliest,
                because: "The last try never reached the bank; it does not count.".into(),
            },
            Ok(_) => Plan::Retry { at, because },
            Err(()) => Plan::Stop(format!(
                "{OUTAGES_MAX} tries in a row never reached a bank; a person has to look."
            )),
        }
    }

    /// The planned moment after so many counted attempts, and its day.
    fn slot(&self, first: &Attempt<'_>, made: usize) -> Option<(Timestamp, u16)> {
        let day = *self.days.get(made.saturating_sub(1))?;
        Some((after(first.at, SignedDuration::from_hours(24 * i64::from(day))), day))
    }

    /// Until when the last outages are waited out; an error when there were too many in a row.
    fn outage_until(&self, history: &[Attempt<'_>]) -> Result<Option<Timestamp>, ()> {
        let in_row = history.iter().rev().take_while(|attempt| attempt.outcome == Outcome::Outage).count();
        let Some(last) = history.last().filter(|_| in_row > 0) else { return Ok(None) };
        let in_row = u32::try_from(in_row).map_err(|_| ())?;
        if in_row >= OUTAGES_MAX {
            return Err(());
        }
        let wait =
            self.outage_wait.checked_mul(1 << (in_row - 1)).unwrap_or(OUTAGE_WAIT_MAX).min(OUTAGE_WAIT_MAX);
        Ok(Some(after(last.at, wait)))
    }
}

/// Whether it is one of M4's three.
fn counts(attempt: &Attempt<'_>) -> bool {
    attempt.initiator == Initiator::Merchant && attempt.outcome != Outcome::Outage
}

fn declined<'a>(attempt: &Attempt<'a>) -> Option<DeclineReason<'a>> {
    match attempt.outcome {
        Outcome::Declined(reason) => Some(reason),
        _ => None,
    }
}

fn fixed_since(last: &Attempt<'_>, card: Card<'_>) -> bool {
    card.changed_at.is_some_and(|changed| changed > last.at)
        && declined(last).is_some_and(|reason| reason.class() == DeclineClass::Fix)
}

/// What the declines of this very card forbid, also those with the customer present.
fn refused_for(history: &[Attempt<'_>], card: Card<'_>) -> Option<Plan> {
    let own: Vec<&Attempt<'_>> = history
        .iter()
        .filter(|attempt| attempt.card == card.fingerprint && declined(attempt).is_some())
        .collect();
    let of = |class| {
        own.iter().filter(move |attempt| declined(attempt).is_some_and(|reason| reason.class() == class))
    };
    if of(DeclineClass::Hard).next().is_some() {
        return Some(Plan::AskCustomer(
            "The bank will never approve this card; another one is needed.".into(),
        ));
    }
    let last = own.last()?;
    let after_first_soft_once = own.iter().skip_while(|attempt| {
        declined(attempt).is_none_or(|reason| reason.class() != DeclineClass::SoftOnce)
    });
    match declined(last)?.class() {
        DeclineClass::Fix if !fixed_since(last, card) => {
            Some(Plan::AskCustomer("The card's data or its holder's confirmation is needed first.".into()))
        }
        DeclineClass::Operational => {
            Some(Plan::Stop("The decline is about how the payment was made, not about the customer; the merchant has to look.".into()))
        }
        _ if after_first_soft_once.count() > 1 => {
            Some(Plan::AskCustomer("The bank gave no reason, and one more try is all that such a decline allows.".into()))
        }
        _ => None,
    }
}

/// So long after a moment; at the end of time it stays there.
fn after(moment: Timestamp, wait: SignedDuration) -> Timestamp {
    moment.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
