//! Occurrences: by number, after a moment, one after the other.

use std::iter::Peekable;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Recurrence;
use super::business_days::BusinessDays;
use super::rule::End;
use super::steps::days_after;
use super::walk::Walk;

/// How many days a moment may be away from the date that its zone calls it by, and its neighbours (a zone that changes
/// its side of the date line leaves out a day).
const ZONE_DAYS: i64 = 2;

/// One charge of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// `k`, from 0. It never restarts and names the occurrence for ever: of an agreement and a `k` there is one charge.
    pub index: u32,
    /// The nominal local date, which is also the first day of the period that is paid.
    pub date: Date,
    /// The local date on which the next period begins; the first day that is no longer paid.
    pub period_end: Date,
    /// The local date of the charge: [`Self::date`], unless it was moved to a business day.
    pub charge_date: Date,
    /// When the charge is due. A time of day that the clocks leave out moves forward by as much as they do; of one that
    /// they show twice it is the first.
    pub due: Timestamp,
}

impl Occurrence {
    /// The number for people: the first one is 1.
    pub fn number(&self) -> u64 {
        u64::from(self.index) + 1
    }
}

/// A schedule's occurrences in order.
#[derive(Debug)]
pub struct Occurrences<'a> {
    of: &'a Recurrence,
    days: BusinessDays<'a>,
    walk: Peekable<Walk<'a>>,
}

impl Recurrence {
    /// Occurrence `k`: a function of the anchor and of `k` alone. None after the schedule's end, or the calendar's.
    ///
    /// For all usual rules it costs the same for every `k`; others are walked from the anchor on.
    pub fn occurrence(&self, index: u32, days: BusinessDays<'_>) -> Option<Occurrence> {
        self.occurrences_from(index, days).next()
    }

    /// All occurrences, from `k` on.
    pub fn occurrences_from<'a>(&'a self, index: u32, days: BusinessDays<'a>) -> Occurrences<'a> {
        Occurrences { of: self, days, walk: Walk::from_index(self, index).peekable() }
    }

    /// The first occurrence whose charge is due after this moment.
    pub fn next_after(&self, moment: Timestamp, days: BusinessDays<'_>) -> Option<Occurrence> {
        let date = self.zone.to_datetime(moment).date();
        let early = days_after(date, -(ZONE_DAYS + i64::from(self.roll.days_max()))).unwrap_or(date);
        let mut walk = Walk::from_date(self, early).peekable();
        while walk.next_if(|(_, date)| *date < early).is_some() {}
        let mut occurrences = Occurrences { of: self, days, walk };
        occurrences.find(|occurrence| occurrence.due > moment)
    }

    fn due(&self, date: Date) -> Option<Timestamp> {
        self.zone.to_timestamp(date.to_datetime(self.time)).ok()
    }

    fn is_over(&self, index: u32, date: Date) -> bool {
        match self.rule.end() {
            End::Never => false,
            End::Count(count) => index >= count,
            End::Until(until) => date > until,
        }
    }
}

impl Iterator for Occurrences<'_> {
    type Item = Occurrence;

    fn next(&mut self) -> Option<Occurrence> {
        let (index, date) = self.walk.next_if(|(index, date)| !self.of.is_over(*index, *date))?;
        let (_, period_end) = *self.walk.peek()?;
        let charge_date = self.of.roll.apply(date, &self.days);
        Some(Occurrence { index, date, period_end, charge_date, due: self.of.due(charge_date)? })
    }
}
