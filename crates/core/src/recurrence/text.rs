//! The text form of a schedule, and of its parts.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use super::{FifthWeekday, MonthEnd, Parts, Recurrence, RecurrenceError, Roll, Rule};

/// The longest text of a date, a time or a zone that is looked at, and repeated in an error.
const PART_CHARS_MAX: usize = 80;
/// Entries of a system's zone folder that are no zones of the IANA database, or count leap seconds.
const NO_ZONES: [&str; 5] = ["posix/", "right/", "posixrules", "localtime", "Factory"];

/// A date as `2027-01-31`.
///
/// # Errors
/// Repeats what is not one.
pub fn date(text: &str) -> Result<Date, RecurrenceError> {
    let read = Date::strptime("%Y-%m-%d", text).ok().filter(|date| date.to_string() == text);
    read.ok_or_else(|| RecurrenceError::Date(repeated(text)))
}

/// A time of day as `09:00` or `09:00:00`.
///
/// # Errors
/// Repeats what is not one.
pub fn time(text: &str) -> Result<Time, RecurrenceError> {
    let read = ["%H:%M", "%H:%M:%S"].into_iter().find_map(|form| {
        let time = Time::strptime(form, text).ok()?;
        (time.strftime(form).to_string() == text).then_some(time)
    });
    read.ok_or_else(|| RecurrenceError::Time(repeated(text)))
}

/// A zone by its name in the IANA database, spelt as there.
///
/// # Errors
/// Repeats what is not one.
pub fn zone(name: &str) -> Result<TimeZone, RecurrenceError> {
    let refused = || RecurrenceError::Zone(repeated(name));
    if name.len() > PART_CHARS_MAX || NO_ZONES.iter().any(|no| name.starts_with(no)) {
        return Err(refused());
    }
    let zone = TimeZone::get(name).map_err(|_| refused())?;
    let known = !zone.is_unknown() && zone.iana_name() == Some(name);
    known.then_some(zone).ok_or_else(refused)
}

fn repeated(text: &str) -> String {
    text.chars().take(PART_CHARS_MAX).collect()
}

pub(super) fn parse(text: &str) -> Result<Recurrence, RecurrenceError> {
    let mut words = text.split(' ');
    let anchor = words.next().and_then(|word| word.strip_suffix(']')).ok_or(RecurrenceError::Shape)?;
    let (moment, zone_name) = anchor.split_once('[').ok_or(RecurrenceError::Shape)?;
    let (start, at) = moment.split_once('T').ok_or(RecurrenceError::Shape)?;
    let rule = words.next().ok_or(RecurrenceError::Shape)?;
    let mut parts = Parts {
        rule: Rule::parse(rule)?,
        start: date(start)?,
        time: time(at)?,
        zone: zone(zone_name)?,
        month_end: MonthEnd::default(),
        roll: Roll::default(),
        fifth_weekday: None,
    };
    for word in words {
        option(&mut parts, word).ok_or(RecurrenceError::Shape)?;
    }
    let read = Recurrence::new(parts)?;
    // Nothing twice, out of order, or longer than it has to be: one schedule has one text.
    if read.to_string() == text { Ok(read) } else { Err(RecurrenceError::Shape) }
}

fn option(parts: &mut Parts, word: &str) -> Option<()> {
    let (name, value) = word.split_once('=')?;
    match name {
        "month_end" => parts.month_end = MonthEnd::parse(value)?,
        "roll" => parts.roll = Roll::parse(value)?,
        "fifth_weekday" => parts.fifth_weekday = Some(FifthWeekday::parse(value)?),
        _ => return None,
    }
    Some(())
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = if self.time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
        write!(f, "{}T{}[{}] {}", self.start, self.time.strftime(seconds), self.zone_name, self.rule)?;
        if self.month_end != MonthEnd::default() {
            write!(f, " month_end={}", self.month_end.as_str())?;
        }
        if self.roll != Roll::default() {
            write!(f, " roll={}", self.roll.as_str())?;
        }
        if let Some(fifth) = self.fifth_weekday {
            write!(f, " fifth_weekday={}", fifth.as_str())?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Recurrence {
    type Error = RecurrenceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl Serialize for Recurrence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
