//! How many dates each step has, where that can be known without looking: then an occurrence is found by arithmetic,
//! however far away it is. Where it cannot be known (29 February skipped, Friday the 13th), steps are walked.

use super::MonthEnd;
use super::rule::{Frequency, WeekdayOfMonth};
use super::steps::{Steps, month_number, place};

/// After how many months the months of the year repeat.
const MONTHS_PER_YEAR: u32 = 12;
/// The days of the month that every month has.
const DAYS_ALWAYS: i8 = 28;

/// Steps come in cycles of `cycle`; those at the offsets `hits` have `per_hit` dates each, the others none.
#[derive(Debug, PartialEq, Eq)]
pub struct Pace {
    cycle: u32,
    hits: Vec<u32>,
    per_hit: u32,
}

/// How many dates a month has for a rule.
#[derive(Debug, Clone, Copy)]
struct Size {
    least: u32,
    /// Whether it is never more.
    always: bool,
}

impl Pace {
    /// The pace of a schedule, or none when its steps have to be walked.
    pub fn of(steps: &Steps<'_>) -> Option<Self> {
        let rule = steps.rule();
        let (hits, size) = match steps.unit {
            Frequency::Daily => {
                let plain = rule.months.is_empty() && rule.month_days.is_empty() && rule.days.is_empty();
                (vec![0], Size { least: 1, always: plain })
            }
            Frequency::Weekly => {
                let least = u32::try_from(rule.days.len().max(1)).ok()?;
                (vec![0], Size { least, always: rule.months.is_empty() })
            }
            Frequency::Monthly => (month_hits(steps)?, month_size(steps)?),
            Frequency::Yearly => {
                let months = u32::try_from(steps.months_of_year().len()).ok()?;
                let Size { least, always } = month_size(steps)?;
                (vec![0], Size { least: least * months, always })
            }
        };
        let walked = matches!(steps.unit, Frequency::Daily | Frequency::Weekly) && !size.always;
        let per_hit = if walked { None } else { selected(&rule.positions, size) }?;
        let cycle = if steps.unit == Frequency::Monthly { month_cycle(steps) } else { 1 };
        (per_hit > 0 && !hits.is_empty()).then_some(Self { cycle, hits, per_hit })
    }

    /// The step that holds the `n`th date of all steps, and the date's place in it.
    pub fn locate(&self, n: u64) -> Option<(u32, usize)> {
        let (hit, place) = (n / u64::from(self.per_hit), n % u64::from(self.per_hit));
        let per_cycle = u64::try_from(self.hits.len()).ok()?;
        let offset = self.hits.get(usize::try_from(hit % per_cycle).ok()?)?;
        let step = (hit / per_cycle).checked_mul(u64::from(self.cycle))? + u64::from(*offset);
        Some((u32::try_from(step).ok()?, usize::try_from(place).ok()?))
    }

    /// How many dates all steps before this one have.
    pub fn before(&self, step: u32) -> Option<u64> {
        let per_cycle = u64::try_from(self.hits.len()).ok()?;
        let started = self.hits.iter().filter(|hit| **hit < step % self.cycle).count();
        let hits = u64::from(step / self.cycle) * per_cycle + u64::try_from(started).ok()?;
        hits.checked_mul(u64::from(self.per_hit))
    }
}

/// After how many steps of so many months the months of the year repeat.
fn month_cycle(steps: &Steps<'_>) -> u32 {
    let interval = u32::from(steps.rule().interval);
    if steps.rule().months.is_empty() { 1 } else { MONTHS_PER_YEAR / gcd(MONTHS_PER_YEAR, interval) }
}

/// Which steps of the cycle fall into a month of BYMONTH.
fn month_hits(steps: &Steps<'_>) -> Option<Vec<u32>> {
    let rule = steps.rule();
    let first = u32::try_from(month_number(steps.of.start)).ok()?;
    let hits = (0..month_cycle(steps)).filter(|step| {
        let month = (first + step * u32::from(rule.interval)) % MONTHS_PER_YEAR + 1;
        rule.months.is_empty() || rule.months.iter().any(|wanted| u32::try_from(*wanted) == Ok(month))
    });
    Some(hits.collect())
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn month_size(steps: &Steps<'_>) -> Option<Size> {
    let rule = steps.rule();
    match (rule.month_days.as_slice(), rule.days.as_slice()) {
        ([], []) => month_days_size(steps, &[steps.of.start.day()]),
        (days, []) => month_days_size(steps, days),
        ([], days) => weekdays_size(steps, days),
        _ => None,
    }
}

/// Days of the month exist everywhere, and no two of them can be the same day.
fn month_days_size(steps: &Steps<'_>, days: &[i8]) -> Option<Size> {
    let clamped = steps.of.month_end == MonthEnd::Clamp;
    let exist = clamped || days.iter().all(|day| day.abs() <= DAYS_ALWAYS);
    let from_one_end = same_sign(days.iter().map(|day| i16::from(*day)));
    let differ =
        days.len() == 1 || from_one_end && days.iter().filter(|day| day.abs() >= DAYS_ALWAYS).count() <= 1;
    let least = u32::try_from(days.len()).ok()?;
    (exist && differ).then_some(Size { least, always: true })
}

fn weekdays_size(steps: &Steps<'_>, days: &[WeekdayOfMonth]) -> Option<Size> {
    let count = u32::try_from(days.len()).ok()?;
    if days.iter().all(|day| day.nth.is_none()) {
        return Some(Size { least: count * 4, always: false });
    }
    let settled = days.iter().all(|day| {
        let alike = || days.iter().filter(|other| other.weekday == day.weekday);
        let alone = alike().count() == 1;
        let from_one_end = same_sign(alike().filter_map(|day| day.nth).map(i16::from));
        let exists = day.nth.is_some()
            && (!day.is_fifth() || steps.of.fifth_weekday == Some(super::FifthWeekday::Last));
        exists && (alone || from_one_end && alike().all(|day| day.nth.is_some() && !day.is_fifth()))
    });
    settled.then_some(Size { least: count, always: true })
}

fn same_sign(numbers: impl Iterator<Item = i16> + Clone) -> bool {
    numbers.clone().all(|n| n > 0) || numbers.into_iter().all(|n| n < 0)
}

/// How many dates BYSETPOS leaves of a step with so many, if that is always the same.
fn selected(positions: &[i16], size: Size) -> Option<u32> {
    let count = usize::try_from(size.least).ok()?;
    let chosen = if positions.is_empty() {
        size.always.then_some(count)?
    } else if size.always {
        let mut places: Vec<usize> =
            positions.iter().filter_map(|p| place(*p, count)).filter(|place| *place < count).collect();
        places.sort_unstable();
        places.dedup();
        places.len()
    } else {
        let sure = positions.iter().all(|p| usize::from(p.unsigned_abs()) <= count);
        (sure && same_sign(positions.iter().copied())).then_some(positions.len())?
    };
    u32::try_from(chosen).ok()
}
