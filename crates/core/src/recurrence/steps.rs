//! The dates of one period of a rule, straight from its number.
//!
//! Step `n` is the `n`th day, week, month or year (times the interval) counted from the anchor's own. Its dates depend
//! on nothing else, so that no step inherits what another one did to a date.

use jiff::SignedDuration;
use jiff::civil::Date;

use super::rule::{Frequency, Rule, WeekdayOfMonth};
use super::{FifthWeekday, MonthEnd, Recurrence};

const HOURS_PER_DAY: i64 = 24;
const DAYS_PER_WEEK: i64 = 7;
const MONTHS_PER_YEAR: i64 = 12;

/// A schedule, seen as steps.
#[derive(Debug, Clone, Copy)]
pub struct Steps<'a> {
    pub of: &'a Recurrence,
    /// The unit of a step.
    pub unit: Frequency,
}

impl<'a> Steps<'a> {
    pub fn new(of: &'a Recurrence) -> Self {
        let rule = &of.rule;
        // Every weekday of every week is counted faster by weeks.
        let weekly = rule.interval == 1 && !rule.days.is_empty() && rule.month_days.is_empty();
        let unit = match rule.frequency {
            Frequency::Daily if weekly => Frequency::Weekly,
            other => other,
        };
        Self { of, unit }
    }

    pub fn rule(&self) -> &'a Rule {
        &self.of.rule
    }

    /// The dates of a step in order, in the first step also those before the anchor. None beyond the calendar's end.
    pub fn dates(&self, step: u32) -> Option<Vec<Date>> {
        let ahead = i64::from(step) * i64::from(self.rule().interval);
        let start = self.of.start;
        let dates = match self.unit {
            Frequency::Daily => {
                let date = days_after(start, ahead)?;
                if self.fits(date) { vec![date] } else { vec![] }
            }
            Frequency::Weekly => self.week(days_after(self.first_week(), ahead * DAYS_PER_WEEK)?)?,
            Frequency::Monthly => self.month(months_after(start, ahead)?),
            Frequency::Yearly => self.year(months_after(start, ahead * MONTHS_PER_YEAR)?.year())?,
        };
        Some(self.selected(dates))
    }

    /// The step in which a date lies, or the last one before it.
    pub fn step_of(&self, date: Date) -> u32 {
        let start = self.of.start;
        let units = match self.unit {
            Frequency::Daily => days_between(start, date),
            Frequency::Weekly => days_between(self.first_week(), date).div_euclid(DAYS_PER_WEEK),
            Frequency::Monthly => month_number(date) - month_number(start),
            Frequency::Yearly => i64::from(date.year()) - i64::from(start.year()),
        };
        u32::try_from(units.div_euclid(i64::from(self.rule().interval))).unwrap_or(0)
    }

    /// The months that a yearly rule looks at.
    pub fn months_of_year(&self) -> Vec<i8> {
        let rule = self.rule();
        if !rule.months.is_empty() {
            rule.months.clone()
        } else if rule.month_days.is_empty() && rule.days.is_empty() {
            vec![self.of.start.month()]
        } else {
            (1..=12).collect()
        }
    }

    /// The weekdays of a weekly rule.
    pub fn is_weekday(&self, date: Date) -> bool {
        match self.rule().days.as_slice() {
            [] => date.weekday() == self.of.start.weekday(),
            days => days.iter().any(|day| day.weekday == date.weekday()),
        }
    }

    fn first_week(&self) -> Date {
        let start = self.of.start;
        let into = i64::from(start.weekday().since(self.rule().week_start));
        days_after(start, -into).unwrap_or(start)
    }

    fn in_months(&self, date: Date) -> bool {
        let months = &self.rule().months;
        months.is_empty() || months.contains(&date.month())
    }

    /// Whether a day of a daily rule passes its limits.
    fn fits(&self, date: Date) -> bool {
        let rule = self.rule();
        let in_days = rule.days.is_empty() || rule.days.iter().any(|day| day.weekday == date.weekday());
        let month_day = || {
            rule.month_days
                .iter()
                .any(|day| self.month_day(date.first_of_month(), *day) & bit(date.day()) != 0)
        };
        self.in_months(date) && in_days && (rule.month_days.is_empty() || month_day())
    }

    fn week(&self, first: Date) -> Option<Vec<Date>> {
        let days: Option<Vec<Date>> = (0..DAYS_PER_WEEK).map(|day| days_after(first, day)).collect();
        Some(days?.into_iter().filter(|date| self.is_weekday(*date) && self.in_months(*date)).collect())
    }

    fn year(&self, year: i16) -> Option<Vec<Date>> {
        let mut dates = Vec::new();
        for month in self.months_of_year() {
            dates.append(&mut self.month(Date::new(year, month, 1).ok()?));
        }
        Some(dates)
    }

    fn month(&self, first: Date) -> Vec<Date> {
        if !self.in_months(first) {
            return vec![];
        }
        let rule = self.rule();
        let by_day = || rule.days.iter().fold(0, |mask, day| mask | self.weekdays(first, *day));
        let mask = match (rule.month_days.is_empty(), rule.days.is_empty()) {
            (true, true) => self.month_day(first, self.of.start.day()),
            (true, false) => by_day(),
            (false, _) => {
                let days = rule.month_days.iter().fold(0, |mask, day| mask | self.month_day(first, *day));
                if rule.days.is_empty() { days } else { days & by_day() }
            }
        };
        let days = (1..=first.days_in_month()).filter(|day| mask & bit(*day) != 0);
        days.filter_map(|day| Date::new(first.year(), first.month(), day).ok()).collect()
    }

    /// A day of the month, counted from either end, as a bit; no bit where it does not exist and is skipped.
    fn month_day(&self, first: Date, day: i8) -> u32 {
        let last = first.days_in_month();
        let wanted = if day > 0 { day } else { last + 1 + day };
        match self.of.month_end {
            _ if (1..=last).contains(&wanted) => bit(wanted),
            MonthEnd::Clamp => bit(wanted.clamp(1, last)),
            MonthEnd::Skip => 0,
        }
    }

    /// Every such weekday of the month, or the nth, as bits.
    fn weekdays(&self, first: Date, day: WeekdayOfMonth) -> u32 {
        let earliest = 1 + day.weekday.since(first.weekday());
        let count = (first.days_in_month() - earliest) / 7 + 1;
        let place = |nth: i8| bit(earliest + 7 * (nth - 1));
        let Some(nth) = day.nth else { return (1..=count).fold(0, |mask, nth| mask | place(nth)) };
        let wanted = if nth > 0 { nth } else { count + 1 + nth };
        match self.of.fifth_weekday {
            _ if (1..=count).contains(&wanted) => place(wanted),
            Some(FifthWeekday::Last) => place(wanted.clamp(1, count)),
            Some(FifthWeekday::Skip) | None => 0,
        }
    }

    /// BYSETPOS: the nth of a step's dates.
    fn selected(&self, dates: Vec<Date>) -> Vec<Date> {
        let positions = &self.rule().positions;
        if positions.is_empty() {
            return dates;
        }
        let mut chosen: Vec<Date> =
            positions.iter().filter_map(|p| dates.get(place(*p, dates.len())?).copied()).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

/// The index of a position, counted from either end, among so many; it may be too large.
pub fn place(position: i16, count: usize) -> Option<usize> {
    let steps = usize::from(position.unsigned_abs());
    if position > 0 { steps.checked_sub(1) } else { count.checked_sub(steps) }
}

fn bit(day: i8) -> u32 {
    u32::try_from(day).ok().and_then(|day| 1_u32.checked_shl(day)).unwrap_or(0)
}

pub fn days_after(date: Date, days: i64) -> Option<Date> {
    date.checked_add(SignedDuration::try_from_hours(days.checked_mul(HOURS_PER_DAY)?)?).ok()
}

fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / HOURS_PER_DAY
}

/// Months since the beginning of our era.
pub fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * MONTHS_PER_YEAR + i64::from(date.month()) - 1
}

/// The first of the month so many months after a date's own.
fn months_after(date: Date, months: i64) -> Option<Date> {
    let number = month_number(date).checked_add(months)?;
    let year = i16::try_from(number.div_euclid(MONTHS_PER_YEAR)).ok()?;
    Date::new(year, i8::try_from(number.rem_euclid(MONTHS_PER_YEAR)).ok()? + 1, 1).ok()
}
