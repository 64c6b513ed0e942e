//! What one unit of something costs: exact to a trillionth of a minor unit, rounded once for a whole line (M6).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::currency::Currency;
use crate::money::{AMOUNT_MAX, Money, MoneyError};

/// How many decimals of a minor unit a price may have: Stripe's limit.
pub const DECIMALS_MAX: usize = 12;
/// 10 to the power of [`DECIMALS_MAX`]: how many parts a minor unit has here.
const PARTS: u128 = 1_000_000_000_000;

/// The price of one unit: nothing, or up to [`AMOUNT_MAX`] minor units, with up to twelve decimals. As text, in JSON
/// too, `2000` or `0.5`: without needless zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitAmount(u128);

/// Why something is not the price of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnitAmountError {
    /// Not digits with at most one point between them; a sign, an exponent and white space are not taken either.
    #[error("it must be digits, with a decimal point if need be, for example 0.5")]
    NotADecimal,
    /// Finer than a trillionth of a minor unit.
    #[error("it may have at most {DECIMALS_MAX} decimal places")]
    TooPrecise,
    /// Below nothing.
    #[error("it must not be negative")]
    Negative,
    /// More than [`AMOUNT_MAX`].
    #[error("it must be no more than {AMOUNT_MAX}")]
    TooLarge,
    /// A whole amount that is not a multiple of [`Currency::step`], and so could not be charged.
    #[error("it must be a multiple of {step} in this currency")]
    NotAMultiple {
        /// Of what.
        step: i64,
    },
}

impl UnitAmount {
    /// A price in whole minor units, which can be charged as it is.
    ///
    /// # Errors
    /// When it is negative, too large, or not a multiple of the currency's step.
    pub fn whole(minor: i64, currency: Currency) -> Result<Self, UnitAmountError> {
        if minor > AMOUNT_MAX {
            return Err(UnitAmountError::TooLarge);
        }
        let parts = u128::try_from(minor).map_err(|_| UnitAmountError::Negative)?;
        let step = currency.step();
        if minor % step != 0 {
            return Err(UnitAmountError::NotAMultiple { step });
        }
        Ok(Self(parts * PARTS))
    }

    /// A price as it is written: `2000`, `0.5`, `12.000000000001`. It need not be a multiple of the currency's step,
    /// since a line is rounded to one.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UnitAmountError> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(decimals) {
            return Err(UnitAmountError::NotADecimal);
        }
        let decimals = decimals.trim_end_matches('0');
        if decimals.len() > DECIMALS_MAX {
            return Err(UnitAmountError::TooPrecise);
        }
        // What does not fit 128 bits is beyond the limit in any case.
        let number = |digits: &str| digits.parse::<u128>().map_err(|_| UnitAmountError::TooLarge);
        let below = number(&format!("{decimals:0<DECIMALS_MAX$}"))?;
        let parts = number(whole)?.checked_mul(PARTS).and_then(|parts| parts.checked_add(below));
        match parts {
            Some(parts) if parts <= u128::from(AMOUNT_MAX.unsigned_abs()) * PARTS => Ok(Self(parts)),
            _ => Err(UnitAmountError::TooLarge),
        }
    }

    /// In minor units, where it is whole.
    pub fn minor(self) -> Option<i64> {
        if self.0.is_multiple_of(PARTS) { i64::try_from(self.0 / PARTS).ok() } else { None }
    }

    /// What a line of `quantity` units comes to. The exact product is rounded once, half up, to what can be charged: a
    /// multiple of [`Currency::step`]. Three units at half a cent are two cents, not three times one.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when the line does not fit 64 bits.
    pub fn line(self, quantity: u64, currency: Currency) -> Result<Money, MoneyError> {
        let step = u128::from(currency.step().unsigned_abs());
        let exact = self.0.checked_mul(u128::from(quantity)).ok_or(MoneyError::Overflow)?;
        let raised = exact.checked_add(step * PARTS / 2).ok_or(MoneyError::Overflow)?;
        let steps = raised / (step * PARTS);
        let minor = steps.checked_mul(step).and_then(|minor| i64::try_from(minor).ok());
        minor.map(|minor| Money::new(minor, currency)).ok_or(MoneyError::Overflow)
    }
}

impl fmt::Display for UnitAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, below) = (self.0 / PARTS, self.0 % PARTS);
        if below == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{below:0DECIMALS_MAX$}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl Serialize for UnitAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnitAmount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
