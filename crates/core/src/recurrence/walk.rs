//! The nominal dates of a schedule in order, from any of them on, as if it had no end.

use std::vec::IntoIter;

use jiff::civil::Date;

use super::pace::Pace;
use super::rule::Frequency;
use super::steps::Steps;
use super::{GAP_YEARS_MAX, Recurrence};

/// How many steps are walked at most: every day for 400 years. A schedule whose steps cannot be counted ends there.
const STEPS_WALKED_MAX: u32 = 146_097;

/// Dates with their numbers, the first one being 0.
#[derive(Debug)]
pub struct Walk<'a> {
    steps: Steps<'a>,
    next_step: u32,
    last_step: u32,
    dates: IntoIter<Date>,
    next_index: u32,
    empty_steps_max: u32,
}

impl<'a> Walk<'a> {
    fn from_step(steps: Steps<'a>, step: u32, index: u32, last_step: u32) -> Self {
        let per_year = match steps.unit {
            Frequency::Daily => 366,
            Frequency::Weekly => 53,
            Frequency::Monthly => 12,
            Frequency::Yearly => 1,
        };
        let empty_steps_max = u32::from(GAP_YEARS_MAX) * per_year / u32::from(steps.rule().interval);
        Self {
            steps,
            next_step: step,
            last_step,
            dates: vec![].into_iter(),
            next_index: index,
            empty_steps_max,
        }
    }

    /// From this occurrence on.
    pub fn from_index(of: &'a Recurrence, index: u32) -> Self {
        let steps = Steps::new(of);
        let located = Pace::of(&steps)
            .and_then(|pace| pace.locate(u64::from(index) + u64::from(before_start(&steps)?)));
        if let Some((step, place)) = located.filter(|(step, _)| *step > 0) {
            let mut walk = Self::from_step(steps, step, index, u32::MAX);
            walk.load();
            walk.dates.by_ref().take(place).for_each(drop);
            return walk;
        }
        let mut walk = Self::from_start(of);
        // Without a number there is nothing at the place; `nth` counts from zero.
        if let Some(before) = index.checked_sub(1) {
            walk.nth(usize::try_from(before).unwrap_or(usize::MAX));
        }
        walk
    }

    /// From the step on in which this date lies, or from an earlier one.
    pub fn from_date(of: &'a Recurrence, date: Date) -> Self {
        let steps = Steps::new(of);
        let step = steps.step_of(date);
        let index = || {
            let before = Pace::of(&steps)?.before(step)?.checked_sub(u64::from(before_start(&steps)?))?;
            u32::try_from(before).ok()
        };
        match index() {
            Some(index) if step > 0 => Self::from_step(steps, step, index, u32::MAX),
            _ => Self::from_start(of),
        }
    }

    fn from_start(of: &'a Recurrence) -> Self {
        let steps = Steps::new(of);
        let counted = Pace::of(&steps).is_some();
        Self::from_step(steps, 0, 0, if counted { u32::MAX } else { STEPS_WALKED_MAX })
    }

    /// Takes the next step's dates. None beyond the last step.
    fn load(&mut self) -> Option<()> {
        if self.next_step >= self.last_step {
            return None;
        }
        let mut dates = self.steps.dates(self.next_step)?;
        if self.next_step == 0 {
            dates.retain(|date| *date >= self.steps.of.start());
        }
        self.dates = dates.into_iter();
        self.next_step += 1;
        Some(())
    }
}

impl Iterator for Walk<'_> {
    type Item = (u32, Date);

    fn next(&mut self) -> Option<Self::Item> {
        for _ in 0..=self.empty_steps_max {
            if let Some(date) = self.dates.next() {
                let index = self.next_index;
                self.next_index = index.checked_add(1)?;
                return Some((index, date));
            }
            self.load()?;
        }
        None
    }
}

/// How many dates the first step would have before the anchor.
fn before_start(steps: &Steps<'_>) -> Option<u32> {
    let dates = steps.dates(0)?;
    u32::try_from(dates.iter().filter(|date| **date < steps.of.start()).count()).ok()
}
