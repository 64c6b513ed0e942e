//! Percentages, exact to so many decimals: integers, never floats (M6).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most digits before the point that are read: more than any percentage has, and far from an overflow.
const WHOLE_DIGITS_MAX: usize = 4;

/// A percentage from 0 to 100 with at most `DECIMALS` decimals, at most 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Percent<const DECIMALS: u32>(u32);

/// Why a text is no percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PercentError {
    /// Not digits, or digits, a point and digits.
    #[error("write it in digits with a point before the decimals, as in 12.5")]
    Shape,
    /// More decimals than are kept: they are refused, never rounded.
    #[error("it can have at most {most} decimals")]
    TooPrecise {
        /// How many there may be.
        most: u32,
    },
    /// More than 100.
    #[error("it must be between 0 and 100")]
    OutOfRange,
}

impl<const DECIMALS: u32> Percent<DECIMALS> {
    /// How many parts one per cent has.
    const PARTS: u32 = 10_u32.pow(DECIMALS);
    /// How many parts all of it has.
    pub const WHOLE: u32 = 100 * Self::PARTS;

    /// Reads a percentage: `25`, `12.5`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, PercentError> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(decimals) {
            return Err(PercentError::Shape);
        }
        let (decimals, width) = (decimals.trim_end_matches('0'), Self::width());
        if decimals.len() > width {
            return Err(PercentError::TooPrecise { most: DECIMALS });
        }
        if whole.len() > WHOLE_DIGITS_MAX {
            return Err(PercentError::OutOfRange);
        }
        match format!("{whole}{decimals:0<width$}").parse() {
            Ok(parts) if parts <= Self::WHOLE => Ok(Self(parts)),
            _ => Err(PercentError::OutOfRange),
        }
    }

    /// How many of its [`Self::WHOLE`] parts it is.
    pub fn parts(self) -> u32 {
        self.0
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This share of an amount that is not negative, rounded once, half up, to a multiple of `step` (at least 1).
    pub fn of(self, amount: i64, step: i64) -> i64 {
        ratio(amount, self.0, Self::WHOLE, step)
    }

    fn width() -> usize {
        usize::try_from(DECIMALS).unwrap_or_default()
    }
}

/// `amount · numerator / denominator`, rounded half up to a multiple of `step`. Amounts below zero are taken for zero.
pub(crate) fn ratio(amount: i64, numerator: u32, denominator: u32, step: i64) -> i64 {
    let step = i128::from(step.max(1));
    let parts = i128::from(denominator.max(1)) * step;
    let exact = i128::from(amount.max(0)) * i128::from(numerator);
    let rounded = (exact + parts / 2) / parts * step;
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

impl<const DECIMALS: u32> fmt::Display for Percent<DECIMALS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, below) = (self.0 / Self::PARTS, self.0 % Self::PARTS);
        if below == 0 {
            return write!(f, "{whole}");
        }
        let width = Self::width();
        write!(f, "{whole}.{}", format!("{below:0width$}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_kept_exactly_and_written_without_needless_zeros() {
        for (text, parts, want) in [
            ("25", 2500, "25"),
            ("25.00", 2500, "25"),
            ("25.50000", 2550, "25.5"),
            ("33.33", 3333, "33.33"),
            ("0.05", 5, "0.05"),
            ("0", 0, "0"),
            ("100", 10_000, "100"),
            ("007", 700, "7"),
        ] {
            let percent = Percent::<2>::parse(text).unwrap();
            assert_eq!((percent.parts(), percent.to_string().as_str()), (parts, want), "{text}");
            let json = serde_json::to_string(&percent).unwrap();
            assert_eq!(serde_json::from_str::<Percent<2>>(&json).unwrap(), percent);
        }
        assert_eq!(Percent::<4>::parse("8.8750").unwrap().to_string(), "8.875");
    }

    #[test]
    fn what_is_no_percentage_is_told_why() {
        use PercentError::{OutOfRange, Shape, TooPrecise};
        for (text, want) in [
            ("", Shape),
            (".5", Shape),
            ("5.", Shape),
            ("-5", Shape),
            ("+5", Shape),
            ("1e1", Shape),
            ("5%", Shape),
            (" 5", Shape),
            ("1,5", Shape),
            ("33.333", TooPrecise { most: 2 }),
            ("100.01", OutOfRange),
            ("101", OutOfRange),
            ("99999999999", OutOfRange),
        ] {
            assert_eq!(Percent::<2>::parse(text), Err(want), "{text:?}");
        }
    }

    #[test]
    fn a_share_is_rounded_half_up_to_what_can_be_charged() {
        for (percent, amount, step, want) in [
            ("50", 1900, 1, 950),
            ("50", 1, 1, 1),
            ("50", 3, 1, 2),
            ("33.33", 100, 1, 33),
            ("0.01", 4_999, 1, 0),
            ("0.01", 5_000, 1, 1),
            ("100", i64::MAX, 1, i64::MAX),
            ("10", 1_240, 10, 120),
            ("10", 1_250, 10, 130),
            ("25", 200, 100, 100),
            ("50", -100, 1, 0),
        ] {
            assert_eq!(Percent::<2>::parse(percent).unwrap().of(amount, step), want, "{percent} of {amount}");
        }
    }
}
