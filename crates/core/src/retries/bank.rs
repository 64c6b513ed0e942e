//! Whether a returned bank debit is presented again, by its code's class ([`crate::ach`]).
//!
//! At most two more presentments within 180 days of the original settlement, for missing funds alone, with the same
//! amount and company and the description `RETRY PYMT` (bankfivenine.com's return reference guide and legalclarity.org
//! on Nacha's re-initiation rules, read in November 2026).

use jiff::{SignedDuration, Timestamp};

use super::{Plan, RetryPolicy, after};
use crate::ach::{REPRESENT_WITHIN_DAYS, REPRESENTMENTS_MAX, ReturnClass, ReturnCode};

/// How long after the original settlement.
pub const REPRESENTMENT_WINDOW: SignedDuration = SignedDuration::from_hours(24 * REPRESENT_WITHIN_DAYS);

/// A debit that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned<'a> {
    /// The latest return's code.
    pub code: &'a str,
    /// When the first presentment settled, or would have.
    pub settled_at: Timestamp,
    /// How often it was presented again already.
    pub represented: u32,
}

impl RetryPolicy {
    /// What comes next for a returned debit.
    pub fn after_return(&self, returned: Returned<'_>, now: Timestamp) -> Plan {
        match ReturnCode::of(returned.code).class {
            ReturnClass::Represent => self.represent(returned, now),
            ReturnClass::NewDetails => {
                Plan::AskCustomer("The bank account cannot be debited; other details are needed.".into())
            }
            ReturnClass::Revoked => Plan::Stop(
                "The authorisation was withdrawn or denied at the bank; the mandate must end.".into(),
            ),
            ReturnClass::NewConsent => {
                Plan::AskCustomer("The customer stopped this payment; it needs their new consent.".into())
            }
            ReturnClass::Correct => Plan::Stop(
                "The debit was not what was agreed; the merchant has to correct it within 60 days.".into(),
            ),
            ReturnClass::Manual => Plan::Stop("The return needs a person to look at it.".into()),
            ReturnClass::Operator => Plan::Stop(
                "The debit was sent wrongly or taken back by a bank; the merchant has to look.".into(),
            ),
        }
    }

    fn represent(&self, returned: Returned<'_>, now: Timestamp) -> Plan {
        if returned.represented >= REPRESENTMENTS_MAX {
            let why =
                format!("The debit was presented again {REPRESENTMENTS_MAX} times; the customer has to pay.");
            return Plan::AskCustomer(why);
        }
        let day = usize::try_from(returned.represented).ok().and_then(|at| self.days.get(at).copied());
        let Some(day) = day else {
            return Plan::AskCustomer("No further presentment is planned; the customer has to pay.".into());
        };
        let at = after(returned.settled_at, SignedDuration::from_hours(24 * i64::from(day))).max(now);
        if at > after(returned.settled_at, REPRESENTMENT_WINDOW) {
            return Plan::AskCustomer(
                "180 days after its settlement a debit may not be presented again.".into(),
            );
        }
        let because =
            format!("The account had not enough funds; presented again from day {day} after the settlement.");
        Plan::Retry { at, because }
    }
}
