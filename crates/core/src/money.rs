//! Amounts: integers of minor units and their currency (M6). Nothing here is a float.

use std::fmt;

use crate::currency::Currency;

mod major;

pub use major::MajorError;

/// The smallest amount that can be charged, in minor units.
pub const AMOUNT_MIN: i64 = 1;
/// The largest amount that can be charged, in minor units: Stripe's eight digits.
pub const AMOUNT_MAX: i64 = 99_999_999;

/// An amount of money, which may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units: cents, yen, fils.
    pub minor: i64,
    /// Of what.
    pub currency: Currency,
}

/// Why two amounts could not be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Dollars and euros.
    #[error("amounts of different currencies cannot be put together")]
    CurrencyMismatch,
    /// Beyond 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// `minor` minor units of `currency`.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The sum.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_add)
    }

    /// The difference.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    /// `quantity` times the amount.
    pub fn checked_mul(self, quantity: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(quantity).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    fn with(self, other: Self, combine: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor = combine(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }
}

/// For people: `$29.00`, `¥2,900`, `KWD 29.000`, `-€1,234.50`. Grouped by thousands with a comma, as in English text.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(self.currency.decimals());
        let (whole, rest) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        let sign = if self.minor < 0 { "-" } else { "" };
        match self.currency.symbol() {
            Some(symbol) => write!(f, "{sign}{symbol}")?,
            None => write!(f, "{} {sign}", self.currency.as_str().to_ascii_uppercase())?,
        }
        f.write_str(&grouped(whole))?;
        // An amount that should be whole but is not is shown as it is.
        let decimals = if rest == 0 { self.currency.decimals_shown() } else { self.currency.decimals() };
        if decimals == 0 {
            return Ok(());
        }
        let width = usize::try_from(decimals).unwrap_or_default();
        write!(f, ".{rest:0width$}")
    }
}

fn grouped(whole: u64) -> String {
    let digits = whole.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount that can be charged: within [`AMOUNT_MIN`] and [`AMOUNT_MAX`], and a multiple of the currency's step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount(Money);

/// Why an amount cannot be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Less than [`AMOUNT_MIN`].
    #[error("the amount must be at least {AMOUNT_MIN}")]
    TooSmall,
    /// More than [`AMOUNT_MAX`].
    #[error("the amount must be no more than {AMOUNT_MAX}")]
    TooLarge,
    /// Not a multiple of [`Currency::step`].
    #[error("the amount must be a multiple of {step}")]
    NotAMultiple {
        /// Of what.
        step: i64,
    },
}

impl Amount {
    /// Checks an amount.
    pub fn new(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        if minor < AMOUNT_MIN {
            return Err(AmountError::TooSmall);
        }
        if minor > AMOUNT_MAX {
            return Err(AmountError::TooLarge);
        }
        let step = currency.step();
        if minor % step != 0 {
            return Err(AmountError::NotAMultiple { step });
        }
        Ok(Self(Money::new(minor, currency)))
    }

    /// In minor units.
    pub fn minor(self) -> i64 {
        self.0.minor
    }

    /// Of what.
    pub fn currency(self) -> Currency {
        self.0.currency
    }

    /// As money to calculate with.
    pub fn money(self) -> Money {
        self.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap())
    }

    #[test]
    fn money_is_written_as_people_write_it() {
        for (minor, code, want) in [
            (2900, "usd", "$29.00"),
            (5, "usd", "$0.05"),
            (0, "usd", "$0.00"),
            (123_456_789, "usd", "$1,234,567.89"),
            (100_000, "usd", "$1,000.00"),
            (99_999, "usd", "$999.99"),
            (-2900, "usd", "-$29.00"),
            (2900, "eur", "€29.00"),
            (2900, "gbp", "£29.00"),
            (2900, "cad", "CA$29.00"),
            (2900, "jpy", "¥2,900"),
            (29_000, "kwd", "KWD 29.000"),
            (-29_000, "kwd", "KWD -29.000"),
            (2900, "chf", "CHF 29.00"),
            (290_000, "isk", "ISK 2,900"),
            (290_050, "isk", "ISK 2,900.50"),
            (i64::MIN, "usd", "-$92,233,720,368,547,758.08"),
        ] {
            assert_eq!(money(minor, code).to_string(), want);
        }
    }

    #[test]
    fn an_amount_has_stripes_limits() {
        for (minor, code, want) in [
            (1, "usd", Ok(1)),
            (99_999_999, "usd", Ok(99_999_999)),
            (0, "usd", Err(AmountError::TooSmall)),
            (-5, "usd", Err(AmountError::TooSmall)),
            (100_000_000, "usd", Err(AmountError::TooLarge)),
            (i64::MAX, "jpy", Err(AmountError::TooLarge)),
            (29_005, "kwd", Err(AmountError::NotAMultiple { step: 10 })),
            (29_010, "kwd", Ok(29_010)),
            (150, "isk", Err(AmountError::NotAMultiple { step: 100 })),
            (200, "ugx", Ok(200)),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!(Amount::new(minor, currency).map(Amount::minor), want, "{minor} {code}");
        }
    }

    #[test]
    fn currencies_never_mix_and_sums_never_wrap() {
        assert_eq!(money(1, "usd").checked_add(money(1, "eur")), Err(MoneyError::CurrencyMismatch));
        assert_eq!(money(1, "usd").checked_sub(money(1, "eur")), Err(MoneyError::CurrencyMismatch));
        assert_eq!(money(i64::MAX, "usd").checked_add(money(1, "usd")), Err(MoneyError::Overflow));
        assert_eq!(money(i64::MIN, "usd").checked_sub(money(1, "usd")), Err(MoneyError::Overflow));
        assert_eq!(money(i64::MAX, "usd").checked_mul(2), Err(MoneyError::Overflow));
        assert_eq!(money(250, "usd").checked_mul(3), Ok(money(750, "usd")));
    }

    proptest! {
        #[test]
        fn what_is_written_has_every_digit_of_the_amount(minor: i64) {
            let digits: String = money(minor, "usd").to_string().chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(digits.parse::<u64>().unwrap(), minor.unsigned_abs());
        }
    }
}
