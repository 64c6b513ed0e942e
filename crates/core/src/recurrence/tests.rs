//! The dates that the rules promise, and what holds for every schedule.

use jiff::Timestamp;

use super::*;

mod days;
mod properties;
mod refused;
mod words;
mod zones;

const PLAIN: BusinessDays<'_> = BusinessDays::WEEKDAYS;

fn schedule(text: &str) -> Recurrence {
    Recurrence::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A rule that starts on this date, at nine in New York.
fn from(start: &str, rule: &str) -> Recurrence {
    schedule(&format!("{start}T09:00[America/New_York] {rule}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The nominal dates, as many as there are wanted ones, at least.
fn dates(recurrence: &Recurrence, count: usize) -> Vec<String> {
    recurrence.occurrences_from(0, PLAIN).take(count).map(|each| each.date.to_string()).collect()
}
