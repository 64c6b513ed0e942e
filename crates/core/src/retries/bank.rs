//! Returned bank debits (Nacha's return codes), and whether they are presented again.
//!
//! At most two more presentments within 180 days of the original settlement, for missing funds alone, with the same
//! amount and company and the description `RETRY PYMT` (bankfivenine.com's return reference guide and legalclarity.org
//! on Nacha's re-initiation rules, read in November 2026).

use jiff::{SignedDuration, Timestamp};

use super::{Plan, RetryPolicy, after};

/// How often a returned debit is presented again.
pub const REPRESENTMENTS_MAX: u32 = 2;
/// How long after the original settlement.
pub const REPRESENTMENT_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 180);

/// What may follow a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnClass {
    /// The same debit again, later.
    Represent,
    /// Only with other account details.
    NewDetails,
    /// The authorisation is withdrawn or denied: the mandate ends.
    MandateEnds,
    /// The customer stopped this payment: only with their new consent.
    NewConsent,
    /// It was not what was agreed: corrected, and sent within 60 days.
    Correct,
    /// A person has to look.
    Manual,
    /// The fault is ours or the bank's: the customer is not bothered.
    Operational,
}

/// Nacha's codes. Sources: see the module; jackhenry.dev for the formatting codes.
const RETURNS: &[(ReturnClass, &[&str])] = &[
    (ReturnClass::Represent, &["R01", "R09"]),
    (ReturnClass::NewDetails, &["R02", "R03", "R04", "R12", "R13", "R20", "R28"]),
    (ReturnClass::MandateEnds, &["R05", "R07", "R10", "R29", "R51"]),
    (ReturnClass::NewConsent, &["R08"]),
    (ReturnClass::Correct, &["R11"]),
    (ReturnClass::Manual, &["R14", "R15", "R16"]),
    (ReturnClass::Operational, &["R06", "R17", "R18", "R19", "R21", "R22", "R23", "R24", "R25", "R26"]),
];

impl ReturnClass {
    /// The class of a return code. What nobody knows is looked at by a person.
    pub fn of(code: &str) -> Self {
        let row = RETURNS.iter().find(|(_, codes)| codes.contains(&code));
        row.map_or(Self::Manual, |(class, _)| *class)
    }
}

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
        match ReturnClass::of(returned.code) {
            ReturnClass::Represent => self.represent(returned, now),
            ReturnClass::NewDetails => {
                Plan::AskCustomer("The bank account cannot be debited; other details are needed.".into())
            }
            ReturnClass::MandateEnds => Plan::Stop(
                "The authorisation was withdrawn or denied at the bank; the mandate must end.".into(),
            ),
            ReturnClass::NewConsent => {
                Plan::AskCustomer("The customer stopped this payment; it needs their new consent.".into())
            }
            ReturnClass::Correct => Plan::Stop(
                "The debit was not what was agreed; the merchant has to correct it within 60 days.".into(),
            ),
            ReturnClass::Manual => Plan::Stop("The return needs a person to look at it.".into()),
            ReturnClass::Operational => Plan::Stop(
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
