//! What a discount takes off, from which lines, and until when. Integers only; a percentage is rounded once for a discount
//! and an invoice (M6), and the shares of the lines sum exactly to it.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::percent::Percent;

/// How much a discount takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// A share of what it applies to: more than nothing.
    Percent(Percent<2>),
    /// So many minor units, as far as there is something to take them from.
    Amount(i64),
}

/// How long a discount applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    /// To one invoice.
    Once,
    /// To whatever is due within so many months.
    Repeating {
        /// Months of the calendar.
        months: u32,
    },
    /// For good.
    Forever,
}

impl Duration {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Repeating { .. } => "repeating",
            Self::Forever => "forever",
        }
    }

    /// The months of one that repeats.
    pub fn months(self) -> Option<u32> {
        match self {
            Self::Repeating { months } => Some(months),
            Self::Once | Self::Forever => None,
        }
    }

    /// The first Unix second at which a discount that began at `start` does not apply any more, where the calendar says
    /// so: months from then on in UTC, a day that a month does not have being its last one. None for what has no such
    /// end, and beyond the calendar.
    pub fn end(self, start: i64) -> Option<i64> {
        let span = Span::new().try_months(self.months()?).ok()?;
        let start = Timestamp::from_second(start).ok()?.to_zoned(TimeZone::UTC);
        Some(start.checked_add(span).ok()?.timestamp().as_second())
    }
}

/// A line as a discount finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// What earlier discounts have left of it, minor units; negative for a credit.
    pub left: i64,
    /// Whether the discount may take something off it.
    pub applies: bool,
}

/// Takes a discount off the lines and answers each one's share, in their order. `step` is that of the currency.
///
/// Only what is positive and applies is touched, in proportion to what is left of it. Neither a line nor the sum of all
/// lines ever falls below zero: credits count. The sum of the shares does not depend on the order of the lines, and
/// neither does what lines of different amounts get.
pub fn take(lines: &mut [Target], off: Off, step: i64) -> Vec<i64> {
    let weight = |line: &Target| if line.applies { line.left.max(0) } else { 0 };
    let weights: Vec<i64> = lines.iter().map(weight).collect();
    let sum = |amounts: &mut dyn Iterator<Item = i64>| amounts.fold(0_i64, i64::saturating_add);
    let base = sum(&mut weights.iter().copied());
    let total = sum(&mut lines.iter().map(|line| line.left)).max(0);
    // Where an amount is no multiple of the step already, there is none to keep.
    let step = if step > 0 && lines.iter().all(|line| line.left % step == 0) { step } else { 1 };
    let wanted = match off {
        Off::Percent(percent) => percent.of(base, step),
        Off::Amount(amount) => amount.max(0) / step * step,
    };
    let shares = spread(wanted.min(base).min(total), &weights, step);
    for (line, share) in lines.iter_mut().zip(&shares) {
        line.left -= share;
    }
    shares
}

/// Spreads an amount over weights in proportion to them: everybody gets their share rounded down to the step, and what is
/// then missing goes, a step each, to those who lost most by that, heavier ones first, then earlier ones. The amount is at
/// most the sum of the weights, so nobody gets more than their weight.
fn spread(amount: i64, weights: &[i64], step: i64) -> Vec<i64> {
    let sum: i128 = weights.iter().copied().map(i128::from).sum();
    let steps = i128::from(amount / step);
    if sum == 0 || steps == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: i64| steps * i128::from(weight);
    let mut shares: Vec<i128> = weights.iter().map(|&weight| exact(weight) / sum).collect();
    let mut order: Vec<(i128, i64, usize)> =
        weights.iter().enumerate().map(|(at, &weight)| (exact(weight) % sum, weight, at)).collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
    let missing = usize::try_from(steps - shares.iter().sum::<i128>()).unwrap_or_default();
    for (_, _, at) in order.into_iter().take(missing) {
        if let Some(share) = shares.get_mut(at) {
            *share += 1;
        }
    }
    shares.into_iter().map(|share| i64::try_from(share * i128::from(step)).unwrap_or(i64::MAX)).collect()
}

#[cfg(test)]
mod tests;
