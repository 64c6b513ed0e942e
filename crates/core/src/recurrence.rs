//! Schedules: on which days an agreement charges, and at which moments.
//!
//! A schedule is a rule (a part of RFC 5545), the local date from which it counts, a time of day and an IANA zone.
//! Occurrence `k` is always a function of these and of `k`, never of the occurrence before it: 31 January, 28 February,
//! 31 March. Local dates are kept, never offsets, so that a charge at 09:00 stays at 09:00 when the clocks change.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;

mod business_days;
mod describe;
mod error;
mod occurrence;
mod pace;
mod rule;
mod steps;
mod text;
mod walk;

pub use business_days::{BusinessDays, Roll};
pub use error::RecurrenceError;
pub use occurrence::{Occurrence, Occurrences};
pub use rule::{End, Frequency, Rule, RuleError, WeekdayOfMonth};
pub use text::{date, time, zone};

/// When a charge is due on its day, unless something else is said: not midnight, when clocks change, days begin
/// elsewhere, and nobody is there to answer a customer.
pub const CHARGE_TIME: Time = Time::constant(9, 0, 0, 0);
/// The first year in which a schedule may start: an imported agreement may be old.
pub const START_YEAR_MIN: i16 = 1970;
/// The last year in which a schedule may start.
pub const START_YEAR_MAX: i16 = 2199;
/// How long a schedule may go without an occurrence. A rule whose first one is farther away than this never occurs for
/// anybody who set it, and one that pauses longer is over. 29 February on a Saturday needs 40 years.
pub const GAP_YEARS_MAX: u16 = 100;

/// A day of the month that a shorter month does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MonthEnd {
    /// The month's last day instead (`SKIP=BACKWARD` of RFC 7529), and the day itself again in the next month.
    #[default]
    Clamp,
    /// No occurrence in that month, as plain RFC 5545 has it.
    Skip,
}

impl MonthEnd {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Clamp, Self::Skip];

    /// The word on the wire and in the text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clamp => "clamp",
            Self::Skip => "skip",
        }
    }

    /// The way with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

/// A fifth weekday that a month does not have. It has to be said by whoever asks for a fifth one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FifthWeekday {
    /// No occurrence in that month.
    Skip,
    /// The fourth instead, which then is the last one.
    Last,
}

impl FifthWeekday {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Skip, Self::Last];

    /// The word on the wire and in the text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Last => "last",
        }
    }

    /// The way with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

/// What a [`Recurrence`] is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Which days.
    pub rule: Rule,
    /// The anchor: the first day that may be an occurrence, the phase of the rule's interval, and what the rule leaves
    /// open (the day of a rule that just says "monthly").
    pub start: Date,
    /// The time of day at which a charge is due, in whole seconds.
    pub time: Time,
    /// Where the dates are: a zone with a name in the IANA database.
    pub zone: TimeZone,
    /// What becomes of the 31st in April.
    pub month_end: MonthEnd,
    /// What becomes of a charge on a day without banks.
    pub roll: Roll,
    /// What becomes of the fifth Friday in a month with four.
    pub fifth_weekday: Option<FifthWeekday>,
}

/// A schedule. See the module.
///
/// Its text form, which is also how it is stored, reads
/// `2027-01-31T09:00[America/New_York] FREQ=MONTHLY;BYMONTHDAY=31 month_end=skip roll=next_business`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Recurrence {
    rule: Rule,
    start: Date,
    time: Time,
    zone: TimeZone,
    // Beside the zone, which may not have one.
    zone_name: String,
    month_end: MonthEnd,
    roll: Roll,
    fifth_weekday: Option<FifthWeekday>,
}

impl Recurrence {
    /// A schedule of these parts, if it can ever charge.
    ///
    /// # Errors
    /// Says in a sentence what does not fit together.
    pub fn new(parts: Parts) -> Result<Self, RecurrenceError> {
        let Parts { rule, start, time, zone, month_end, roll, fifth_weekday } = parts;
        let zone_name = zone.iana_name().ok_or(RecurrenceError::ZoneWithoutName)?.to_owned();
        if !(START_YEAR_MIN..=START_YEAR_MAX).contains(&start.year()) {
            return Err(RecurrenceError::StartYear);
        }
        if time.subsec_nanosecond() != 0 {
            return Err(RecurrenceError::TimeFraction);
        }
        match (rule.fifth_weekday(), fifth_weekday) {
            (Some(day), None) => return Err(RecurrenceError::FifthWeekdayUnsaid(day)),
            (None, Some(_)) => return Err(RecurrenceError::FifthWeekdayUnused),
            _ => {}
        }
        if let End::Until(until) = rule.end()
            && until < start
        {
            return Err(RecurrenceError::EndBeforeStart { until, start });
        }
        let made = Self { rule, start, time, zone, zone_name, month_end, roll, fifth_weekday };
        let mut walk = walk::Walk::from_index(&made, 0);
        let (_, first) = walk.next().ok_or(RecurrenceError::NeverOccurs)?;
        // Without a second one nobody can say which period the first one pays.
        walk.next().ok_or(RecurrenceError::TooRare)?;
        match made.rule.end() {
            End::Until(until) if until < first => Err(RecurrenceError::NoneBeforeEnd { until, first }),
            _ => Ok(made),
        }
    }

    /// What Stripe's prices say: every `count` days, weeks, months or years from `billing_cycle_anchor` on, in UTC. A
    /// day that a month does not have becomes the month's last, and comes back in the next one.
    ///
    /// # Errors
    /// A count out of bounds, or an anchor that lies too far away or is no whole second.
    pub fn every(frequency: Frequency, count: i64, anchor: Timestamp) -> Result<Self, RecurrenceError> {
        let anchor = TimeZone::UTC.to_datetime(anchor);
        Self::new(Parts {
            rule: Rule::every(frequency, count)?,
            start: anchor.date(),
            time: anchor.time(),
            zone: TimeZone::UTC,
            month_end: MonthEnd::Clamp,
            roll: Roll::None,
            fifth_weekday: None,
        })
    }

    /// Reads the text form. Strictly: what [`Self`] prints, and nothing looser.
    ///
    /// # Errors
    /// Says in a sentence what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, RecurrenceError> {
        text::parse(text)
    }

    /// The days.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The anchor.
    pub fn start(&self) -> Date {
        self.start
    }

    /// When a charge is due on its day.
    pub fn time(&self) -> Time {
        self.time
    }

    /// Where the dates are.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The name of [`Self::zone`] in the IANA database.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// What becomes of the 31st in April.
    pub fn month_end(&self) -> MonthEnd {
        self.month_end
    }

    /// What becomes of a charge on a day without banks.
    pub fn roll(&self) -> Roll {
        self.roll
    }

    /// What becomes of the fifth Friday in a month with four.
    pub fn fifth_weekday(&self) -> Option<FifthWeekday> {
        self.fifth_weekday
    }
}

#[cfg(test)]
mod tests;
