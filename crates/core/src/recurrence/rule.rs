//! The rule: a part of RFC 5545's RRULE.

use std::fmt;

use jiff::civil::{Date, Weekday};

mod parse;

/// The longest text of a rule.
pub const RULE_CHARS_MAX: usize = 500;
/// The most occurrences that a rule may count: one a day for 270 years.
pub const COUNT_MAX: u32 = 100_000;

/// The unit in which a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// Days.
    Daily,
    /// Weeks.
    Weekly,
    /// Months.
    Monthly,
    /// Years.
    Yearly,
}

impl Frequency {
    /// Every frequency.
    pub const ALL: [Self; 4] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Yearly];

    /// RFC 5545's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Yearly => "YEARLY",
        }
    }

    /// Stripe's word (`recurring[interval]`), which is also the English one.
    pub fn interval(self) -> &'static str {
        match self {
            Self::Daily => "day",
            Self::Weekly => "week",
            Self::Monthly => "month",
            Self::Yearly => "year",
        }
    }

    /// The frequency with Stripe's word.
    pub fn from_interval(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|frequency| frequency.interval() == word)
    }

    /// The longest interval in this unit: ten years. Nobody keeps a card for longer.
    pub fn interval_max(self) -> u16 {
        match self {
            Self::Daily => 3_660,
            Self::Weekly => 520,
            Self::Monthly => 120,
            Self::Yearly => 10,
        }
    }
}

/// A weekday, or the nth one of a month: `FR`, `1FR`, `-1FR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekdayOfMonth {
    /// 1 to 5 from the month's beginning, -1 to -5 from its end; none for every one.
    pub(super) nth: Option<i8>,
    pub(super) weekday: Weekday,
}

impl WeekdayOfMonth {
    pub(super) fn is_fifth(self) -> bool {
        self.nth.is_some_and(|nth| nth.abs() == 5)
    }
}

impl fmt::Display for WeekdayOfMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nth) = self.nth {
            write!(f, "{nth}")?;
        }
        f.write_str(parse::weekday_word(self.weekday))
    }
}

/// When a schedule is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// When somebody ends it.
    Never,
    /// After so many occurrences.
    Count(u32),
    /// After this local date; an occurrence on it is the last.
    Until(Date),
}

/// Which days. Read strictly from text: capital letters, no spaces, every part once, nothing that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u16,
    // Each list without doubles and in order, so that equal rules are equal.
    pub(super) months: Vec<i8>,
    pub(super) month_days: Vec<i8>,
    pub(super) days: Vec<WeekdayOfMonth>,
    pub(super) positions: Vec<i16>,
    pub(super) week_start: Weekday,
    pub(super) end: End,
}

/// Why a rule was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Over-long.
    #[error("a rule has at most {RULE_CHARS_MAX} characters")]
    TooLong,
    /// Not `NAME=VALUE`.
    #[error("{0:?} is not a part of a rule: a rule reads like FREQ=MONTHLY;BYMONTHDAY=15")]
    Shape(String),
    /// A part that is not understood.
    #[error("a rule has no part {0:?}: there are {list}", list = parse::PARTS.join(", "))]
    UnknownPart(String),
    /// Twice.
    #[error("the rule says {0} more than once")]
    Repeated(&'static str),
    /// No frequency.
    #[error("the rule says no FREQ: it is one of DAILY, WEEKLY, MONTHLY and YEARLY")]
    NoFrequency,
    /// A part's value.
    #[error("{part}={value} is not possible: {want}")]
    Value {
        /// Which part.
        part: &'static str,
        /// What it said.
        value: String,
        /// What it may say.
        want: String,
    },
    /// Two ends.
    #[error("the rule says both COUNT and UNTIL: it can have one end only")]
    CountAndUntil,
    /// An nth weekday of what?
    #[error("BYDAY={0} counts within a month: it needs FREQ=MONTHLY, or FREQ=YEARLY with BYMONTH")]
    NthWithoutMonth(WeekdayOfMonth),
    /// RFC 5545 forbids it.
    #[error("BYMONTHDAY cannot stand with FREQ=WEEKLY: a week has no days of the month")]
    MonthDayInWeek,
    /// Nothing to choose from.
    #[error("BYSETPOS chooses among the days of a period: it needs BYDAY or BYMONTHDAY, and no FREQ=DAILY")]
    PositionOfNothing,
    /// 31 April.
    #[error(
        "BYMONTHDAY={day} does not exist in any month of BYMONTH={months}: for a month's last day write BYMONTHDAY=-1"
    )]
    NoSuchDay {
        /// The day.
        day: i8,
        /// The months, as they stand in the rule.
        months: String,
    },
}

impl Rule {
    /// Reads a rule: `FREQ=MONTHLY;INTERVAL=3;BYDAY=1FR;COUNT=8`.
    ///
    /// # Errors
    /// Says in a sentence what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        parse::parse(text)
    }

    /// Every `interval` days, weeks, months or years; the anchor says the rest.
    ///
    /// # Errors
    /// An interval out of bounds.
    pub fn every(frequency: Frequency, interval: i64) -> Result<Self, RuleError> {
        Ok(Self {
            frequency,
            interval: parse::interval(frequency, &interval.to_string())?,
            months: vec![],
            month_days: vec![],
            days: vec![],
            positions: vec![],
            week_start: Weekday::Monday,
            end: End::Never,
        })
    }

    /// The same days, this often.
    ///
    /// # Errors
    /// A count out of bounds.
    pub fn counting(mut self, count: i64) -> Result<Self, RuleError> {
        self.end = End::Count(parse::count(&count.to_string())?);
        Ok(self)
    }

    /// The same days, up to this one.
    #[must_use]
    pub fn until(mut self, last: Date) -> Self {
        self.end = End::Until(last);
        self
    }

    /// The unit.
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// How many units lie between one period and the next.
    pub fn interval(&self) -> u16 {
        self.interval
    }

    /// When it is over.
    pub fn end(&self) -> End {
        self.end
    }

    /// The first fifth weekday that it asks for.
    pub(super) fn fifth_weekday(&self) -> Option<WeekdayOfMonth> {
        self.days.iter().copied().find(|day| day.is_fifth())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.frequency.as_str())?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        list(f, "BYMONTH", &self.months)?;
        list(f, "BYMONTHDAY", &self.month_days)?;
        list(f, "BYDAY", &self.days)?;
        list(f, "BYSETPOS", &self.positions)?;
        if self.week_start != Weekday::Monday {
            write!(f, ";WKST={}", parse::weekday_word(self.week_start))?;
        }
        match self.end {
            End::Never => Ok(()),
            End::Count(count) => write!(f, ";COUNT={count}"),
            End::Until(until) => write!(f, ";UNTIL={}", until.strftime("%Y%m%d")),
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, part: &str, items: &[T]) -> fmt::Result {
    if items.is_empty() { Ok(()) } else { write!(f, ";{part}={}", joined(items)) }
}

fn joined<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}
