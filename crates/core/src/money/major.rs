//! Amounts as people write them: `29.99`, in whole units of the currency and exact decimals. Never a float (M6).

use super::{Amount, AmountError, Money};
use crate::currency::Currency;

/// The most digits before the point that are read: more than any amount has, and far from an overflow.
const WHOLE_DIGITS_MAX: usize = 12;

/// Why a text is no amount of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MajorError {
    /// Not digits, or digits, a point and digits.
    #[error("write the amount in digits with a point before the decimals, as in 29.99")]
    Shape,
    /// More decimals than the currency has: they are refused, never rounded.
    #[error("the amount has {given} decimals, and {currency} has {most}")]
    Decimals {
        /// How many there are.
        given: usize,
        /// How many there may be.
        most: u32,
        /// In which currency.
        currency: Currency,
    },
    /// It cannot be charged.
    #[error(transparent)]
    Amount(#[from] AmountError),
}

impl Money {
    /// For other programs: `29.99`, with all decimals of the currency and nothing else.
    pub fn to_major(self) -> String {
        let unit = 10_u64.pow(self.currency.decimals());
        let (whole, rest) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        let sign = if self.minor < 0 { "-" } else { "" };
        match usize::try_from(self.currency.decimals()).unwrap_or_default() {
            0 => format!("{sign}{whole}"),
            width => format!("{sign}{whole}.{rest:0width$}"),
        }
    }
}

impl Amount {
    /// Reads an amount in major units. Missing decimals are zero: `29` and `29.0` are 29.00 US dollars. Signs, spaces,
    /// separators of thousands and exponents are refused.
    ///
    /// # Errors
    /// Says what is wrong with the text, or why the amount cannot be charged.
    pub fn from_major(text: &str, currency: Currency) -> Result<Self, MajorError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(MajorError::Shape),
            Some((whole, fraction)) => (whole, fraction),
            None => (text, ""),
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(MajorError::Shape);
        }
        let most = currency.decimals();
        let width = usize::try_from(most).unwrap_or_default();
        if fraction.len() > width {
            return Err(MajorError::Decimals { given: fraction.len(), most, currency });
        }
        if whole.len() > WHOLE_DIGITS_MAX {
            return Err(AmountError::TooLarge.into());
        }
        let minor: i64 = format!("{whole}{fraction:0<width$}").parse().map_err(|_| AmountError::TooLarge)?;
        Ok(Self::new(minor, currency)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_with_all_its_decimals_and_reads_back() {
        for (minor, code, want) in [
            (2_999, "usd", "29.99"),
            (2_900, "usd", "29.00"),
            (1, "eur", "0.01"),
            (-123_450, "eur", "-1234.50"),
            (2_900, "jpy", "2900"),
            (29_990, "kwd", "29.990"),
            (i64::MIN, "usd", "-92233720368547758.08"),
        ] {
            let money = Money::new(minor, Currency::parse(code).unwrap());
            assert_eq!(money.to_major(), want);
            if minor > 1 {
                assert_eq!(Amount::from_major(want, money.currency).unwrap().money(), money);
            }
        }
    }

    #[test]
    fn an_amount_is_read_exactly_or_refused() {
        use MajorError::Shape;
        let decimals = |given, most, code: &str| {
            Err(MajorError::Decimals { given, most, currency: Currency::parse(code).unwrap() })
        };
        for (text, code, want) in [
            ("29.99", "usd", Ok(2_999)),
            ("29", "usd", Ok(2_900)),
            ("29.9", "eur", Ok(2_990)),
            ("0.01", "usd", Ok(1)),
            ("007.50", "usd", Ok(750)),
            ("999999.99", "usd", Ok(99_999_999)),
            ("2900", "jpy", Ok(2_900)),
            ("29.990", "kwd", Ok(29_990)),
            ("500", "isk", Ok(50_000)),
            ("29.999", "usd", decimals(3, 2, "usd")),
            ("29.990", "usd", decimals(3, 2, "usd")),
            ("29.0", "jpy", decimals(1, 0, "jpy")),
            ("29.999", "kwd", Err(AmountError::NotAMultiple { step: 10 }.into())),
            ("0", "usd", Err(AmountError::TooSmall.into())),
            ("1000000.00", "usd", Err(AmountError::TooLarge.into())),
            ("99999999999999999999", "usd", Err(AmountError::TooLarge.into())),
            ("", "usd", Err(Shape)),
            (".", "usd", Err(Shape)),
            ("29.", "usd", Err(Shape)),
            (".99", "usd", Err(Shape)),
            ("-29.99", "usd", Err(Shape)),
            ("+29.99", "usd", Err(Shape)),
            ("29,99", "usd", Err(Shape)),
            ("1,000.00", "usd", Err(Shape)),
            ("1e3", "usd", Err(Shape)),
            ("29.9.9", "usd", Err(Shape)),
            ("$29.99", "usd", Err(Shape)),
            (" 29.99", "usd", Err(Shape)),
            ("٢٩", "usd", Err(Shape)),
        ] {
            let read = Amount::from_major(text, Currency::parse(code).unwrap());
            assert_eq!(read.map(|amount| amount.money().minor), want, "{text} {code}");
        }
    }
}
