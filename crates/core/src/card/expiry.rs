//! The month in which a card ends.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// How many years ahead an expiry typed by a person may lie. Cards last five years, some ten; beyond twenty it is a typo.
pub const YEARS_AHEAD_MAX: u16 = 20;
/// A card is valid through the last day of its month, somewhere: the last place on earth where that day ends.
const LAST_ZONE: Offset = Offset::constant(-12);

/// The last month in which a card is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Expiry {
    // The order of the fields gives the order of time.
    year: u16,
    month: u8,
}

/// Why an expiry was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// Not 1 to 12.
    #[error("the expiry month must be between 1 and 12")]
    Month,
    /// Not two digits or 20YY, or more than [`YEARS_AHEAD_MAX`] ahead.
    #[error("the expiry year is invalid")]
    Year,
    /// The card's last month has ended.
    #[error("the card has expired")]
    Past,
}

impl Expiry {
    /// An expiry as kept: month 1–12, year 2000–2099. It may lie in the past.
    pub fn new(month: u8, year: u16) -> Result<Self, ExpiryError> {
        if !(1..=12).contains(&month) {
            return Err(ExpiryError::Month);
        }
        if !(2000..=2099).contains(&year) {
            return Err(ExpiryError::Year);
        }
        Ok(Self { year, month })
    }

    /// An expiry as typed by a person or sent by a program: `7` or `07`, and `27` or `2027`.
    /// It must not be past, nor more than [`YEARS_AHEAD_MAX`] years ahead.
    pub fn parse(month: &str, year: &str, now: Timestamp) -> Result<Self, ExpiryError> {
        let month = small_number(month, 2).ok_or(ExpiryError::Month)?;
        let month = u8::try_from(month).map_err(|_| ExpiryError::Month)?;
        let digits = year.trim().len();
        let year = small_number(year, 4).ok_or(ExpiryError::Year)?;
        let year = match digits {
            2 => 2000 + year,
            4 => year,
            _ => return Err(ExpiryError::Year),
        };
        Self::new(month, year)?.checked_for_new_card(now)
    }

    /// This expiry, if a card that is saved at `now` may have it.
    pub fn checked_for_new_card(self, now: Timestamp) -> Result<Self, ExpiryError> {
        if self.is_expired(now) {
            return Err(ExpiryError::Past);
        }
        let this_year = u16::try_from(LAST_ZONE.to_datetime(now).year()).unwrap_or(0);
        if self.year > this_year.saturating_add(YEARS_AHEAD_MAX) {
            return Err(ExpiryError::Year);
        }
        Ok(self)
    }

    /// 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// Four digits.
    pub fn year(self) -> u16 {
        self.year
    }

    /// Whether the last month has ended everywhere on earth: the first of the next month, 12:00 UTC.
    pub fn is_expired(self, now: Timestamp) -> bool {
        let there: DateTime = LAST_ZONE.to_datetime(now);
        let (year, month) = (i32::from(there.year()), i32::from(there.month()));
        (year, month) > (i32::from(self.year), i32::from(self.month))
    }

    /// The first moment at which [`Self::is_expired`] is true: what an index over expiries holds.
    /// None beyond the calendar's end, which the years of an `Expiry` never reach.
    pub fn expired_from(self) -> Option<Timestamp> {
        let first_after = self.last_day()?.tomorrow().ok()?;
        let midnight = first_after.to_zoned(TimeZone::fixed(LAST_ZONE)).ok()?;
        Some(midnight.timestamp())
    }

    /// The last day on which the card is valid. None is never returned for the years of an `Expiry`.
    pub fn last_day(self) -> Option<Date> {
        let year = i16::try_from(self.year).ok()?;
        let month = i8::try_from(self.month).ok()?;
        Date::new(year, month, 1).ok().map(Date::last_of_month)
    }
}

/// A number of 1 to `digits_max` ASCII digits, white space around it forgiven.
fn small_number(text: &str, digits_max: usize) -> Option<u16> {
    let text = text.trim();
    let plain = !text.is_empty() && text.len() <= digits_max && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_card_expires_when_its_last_month_has_ended_in_the_last_time_zone() {
        for (month, year, now, expired) in [
            (12, 2025, "2025-12-31T23:59:59Z", false),
            (12, 2025, "2026-01-01T11:59:59.999Z", false),
            (12, 2025, "2026-01-01T12:00:00Z", true),
            (2, 2028, "2028-03-01T11:59:59Z", false),
            (2, 2028, "2028-03-01T12:00:00Z", true),
            (6, 2027, "2026-12-01T00:00:00Z", false),
            (6, 2027, "2028-01-01T00:00:00Z", true),
        ] {
            let expiry = Expiry::new(month, year).unwrap();
            assert_eq!(expiry.is_expired(at(now)), expired, "{month}/{year} at {now}");
            assert_eq!(expiry.expired_from().unwrap() <= at(now), expired, "{month}/{year} at {now}");
        }
    }

    #[test]
    fn an_expiry_is_taken_in_the_forms_that_people_type_and_refused_when_past_or_absurd() {
        let now = at("2026-11-22T10:00:00Z");
        let ok = |month, year| Ok(Expiry::new(month, year).unwrap());
        for (month, year, want) in [
            ("12", "2026", ok(12, 2026)),
            ("1", "27", ok(1, 2027)),
            ("01", "2027", ok(1, 2027)),
            (" 7 ", " 30 ", ok(7, 2030)),
            ("11", "26", ok(11, 2026)),
            ("12", "2046", ok(12, 2046)),
            ("10", "26", Err(ExpiryError::Past)),
            ("12", "2025", Err(ExpiryError::Past)),
            ("1", "2047", Err(ExpiryError::Year)),
            ("1", "99", Err(ExpiryError::Year)),
            ("1", "1999", Err(ExpiryError::Year)),
            ("1", "2127", Err(ExpiryError::Year)),
            ("1", "7", Err(ExpiryError::Year)),
            ("1", "027", Err(ExpiryError::Year)),
            ("1", "", Err(ExpiryError::Year)),
            ("0", "27", Err(ExpiryError::Month)),
            ("13", "27", Err(ExpiryError::Month)),
            ("", "27", Err(ExpiryError::Month)),
            ("001", "27", Err(ExpiryError::Month)),
            ("+1", "27", Err(ExpiryError::Month)),
            ("１", "27", Err(ExpiryError::Month)),
        ] {
            assert_eq!(Expiry::parse(month, year, now), want, "{month:?}/{year:?}");
        }
    }

    #[test]
    fn expiries_sort_by_time() {
        let [a, b, c] = [(12, 2026), (1, 2027), (2, 2027)].map(|(m, y)| Expiry::new(m, y).unwrap());
        assert!(a < b && b < c);
        assert_eq!(a.last_day(), Some(jiff::civil::date(2026, 12, 31)));
    }
}
