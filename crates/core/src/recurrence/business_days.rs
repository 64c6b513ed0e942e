//! Days on which banks work, and what becomes of a charge on another one.

use jiff::civil::{Date, Weekday};

/// How far a charge is moved at most, in days. A closure longer than this is no calendar of business days; the charge
/// then stays where it is.
const ROLL_DAYS_MAX: u8 = 14;

/// Which days are business days: not Saturday, not Sunday, and not one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusinessDays<'a> {
    holidays: &'a [Date],
}

impl<'a> BusinessDays<'a> {
    /// No day off but Saturday and Sunday.
    pub const WEEKDAYS: BusinessDays<'static> = BusinessDays { holidays: &[] };

    /// With these days off too.
    pub fn without(holidays: &'a [Date]) -> Self {
        Self { holidays }
    }

    fn contains(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.holidays.contains(&date)
    }
}

/// Where a charge goes that falls on a day without banks. Only the charge: its period and the anchor stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Roll {
    /// It stays.
    #[default]
    None,
    /// To the next business day.
    NextBusiness,
    /// To the business day before.
    PrevBusiness,
    /// To the next business day, unless that is in another month: then to the one before.
    ModifiedFollowing,
}

impl Roll {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::None, Self::NextBusiness, Self::PrevBusiness, Self::ModifiedFollowing];

    /// The word on the wire and in the text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NextBusiness => "next_business",
            Self::PrevBusiness => "prev_business",
            Self::ModifiedFollowing => "modified_following",
        }
    }

    /// The way with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }

    /// How many days a charge may be away from its nominal date.
    pub(super) fn days_max(self) -> u8 {
        if self == Self::None { 0 } else { ROLL_DAYS_MAX }
    }

    /// Where a charge of this date goes. Never past another one: a later date is not moved to an earlier day than an
    /// earlier date is.
    pub fn apply(self, date: Date, days: &BusinessDays<'_>) -> Date {
        let next = || find(date, |day| day.tomorrow().ok(), days);
        let previous = || find(date, |day| day.yesterday().ok(), days);
        let moved = match self {
            Self::None => None,
            Self::NextBusiness => next(),
            Self::PrevBusiness => previous(),
            Self::ModifiedFollowing => {
                next().filter(|day| day.first_of_month() == date.first_of_month()).or_else(previous)
            }
        };
        moved.unwrap_or(date)
    }
}

fn find(from: Date, step: impl Fn(Date) -> Option<Date>, days: &BusinessDays<'_>) -> Option<Date> {
    let mut date = from;
    for _ in 0..=ROLL_DAYS_MAX {
        if days.contains(date) {
            return Some(date);
        }
        date = step(date)?;
    }
    None
}
