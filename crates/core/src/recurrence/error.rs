//! What is wrong with a schedule, in sentences.

use jiff::civil::Date;

use super::rule::{RuleError, WeekdayOfMonth};
use super::{GAP_YEARS_MAX, START_YEAR_MAX, START_YEAR_MIN};

/// Why a schedule was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// The rule itself is wrong.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Not a time zone of the IANA database.
    #[error("there is no time zone {0:?}: use a name such as America/New_York, Europe/Berlin or UTC")]
    Zone(String),
    /// An offset, or something made by hand.
    #[error("the time zone must be one with a name, such as America/New_York")]
    ZoneWithoutName,
    /// Not a date.
    #[error("{0:?} is not a date that exists: write it as 2027-01-31")]
    Date(String),
    /// Not a time.
    #[error("{0:?} is not a time of day: write it as 09:00 or 09:00:00")]
    Time(String),
    /// Before or after what can be meant.
    #[error("the start must lie between {START_YEAR_MIN} and {START_YEAR_MAX}")]
    StartYear,
    /// Charges are due at whole seconds.
    #[error("the time must be a whole second")]
    TimeFraction,
    /// It would be over before it starts.
    #[error("the schedule ends on {until}, before its start on {start}")]
    EndBeforeStart {
        /// Its last day.
        until: Date,
        /// Its first day.
        start: Date,
    },
    /// It would be over before the first charge.
    #[error("the schedule never occurs: it ends on {until}, before its first occurrence on {first}")]
    NoneBeforeEnd {
        /// Its last day.
        until: Date,
        /// When it would have charged first.
        first: Date,
    },
    /// No day fits the rule.
    #[error("the schedule never occurs: no day within {GAP_YEARS_MAX} years of its start fits the rule")]
    NeverOccurs,
    /// One day fits the rule, and none for longer than anybody waits.
    #[error("the schedule occurs too rarely: more than {GAP_YEARS_MAX} years lie between its first two days")]
    TooRare,
    /// Most months have four of each weekday.
    #[error(
        "BYDAY={0} does not exist in every month: say with fifth_weekday whether such a month is left out (skip) or has its last one (last)"
    )]
    FifthWeekdayUnsaid(WeekdayOfMonth),
    /// It would change nothing.
    #[error("fifth_weekday is only for rules with a fifth weekday, such as BYDAY=5FR")]
    FifthWeekdayUnused,
    /// The text form as a whole.
    #[error(
        "a schedule reads like 2027-01-31T09:00[America/New_York] FREQ=MONTHLY, then month_end=, roll= and fifth_weekday= where they are not the default"
    )]
    Shape,
}
