//! Card numbers.

use std::fmt;

use onfile_core::card::{Brand, LENGTH_MAX, LENGTH_MIN, LuhnRule, luhn};
use zeroize::Zeroizing;

/// The longest text that is looked at: [`LENGTH_MAX`] digits, each with a separator.
const TEXT_MAX: usize = 2 * LENGTH_MAX;

/// A card number of a known brand, with a length of that brand and a right check sum; wiped on drop.
pub struct Pan {
    digits: Zeroizing<String>,
    brand: Brand,
}

/// Why a card number was refused. Never holds any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PanError {
    /// Something else than digits, spaces and dashes.
    #[error("the card number is not a number")]
    NotDigits,
    /// Fewer digits than any number of the brand: typing is not finished.
    #[error("the card number is incomplete")]
    Incomplete,
    /// No number of the brand has this many digits.
    #[error("the card number has a wrong length")]
    WrongLength,
    /// A digit is wrong.
    #[error("the card number is invalid")]
    Checksum,
    /// No brand's numbers start like this.
    #[error("the card number belongs to no known brand")]
    UnknownBrand,
}

impl Pan {
    /// Takes a number as typed; spaces and dashes in it are dropped.
    ///
    /// Where genuine numbers of a brand fail the check sum ([`LuhnRule::Advisory`]), so may this one.
    pub fn parse(raw: Zeroizing<String>) -> Result<Self, PanError> {
        let digits = digits_of(&raw, TEXT_MAX).ok_or(PanError::NotDigits)?;
        if digits.len() < LENGTH_MIN {
            return Err(PanError::Incomplete);
        }
        let brand = Brand::of(digits.as_bytes()).ok_or(PanError::UnknownBrand)?;
        if digits.len() < brand.length_min() {
            return Err(PanError::Incomplete);
        }
        if !brand.accepts_length(digits.len()) {
            return Err(PanError::WrongLength);
        }
        if brand.luhn_rule() == LuhnRule::Required && !luhn(digits.as_bytes()) {
            return Err(PanError::Checksum);
        }
        Ok(Self { digits, brand })
    }

    /// The brand.
    pub fn brand(&self) -> Brand {
        self.brand
    }

    /// The first six digits, which PCI DSS lets staff see together with the last four.
    pub fn first6(&self) -> &str {
        self.digits.get(..6).unwrap_or_default()
    }

    /// The last four digits.
    pub fn last4(&self) -> &str {
        let from = self.digits.len().saturating_sub(4);
        self.digits.get(from..).unwrap_or_default()
    }

    /// How many digits it has: 12 to 19.
    pub fn digit_count(&self) -> usize {
        self.digits.len()
    }

    /// The whole number, for a request to a processor, at the place that the placement table names. Nothing else.
    pub fn expose_to_processor(&self) -> &str {
        &self.digits
    }

    /// The whole number, to be encrypted at once.
    pub fn expose_to_encryption(&self) -> &[u8] {
        self.digits.as_bytes()
    }

    /// The whole number, as input of a keyed hash (PCI DSS 3.5.1.1: never of a plain one).
    pub fn expose_to_keyed_hash(&self) -> &[u8] {
        self.digits.as_bytes()
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pan(..)")
    }
}

/// The digits of a text of digits, spaces and dashes; none when anything else is in it or it is over-long.
/// An over-long text is refused before it is read: no number is that long, whatever it holds.
pub(crate) fn digits_of(raw: &str, text_max: usize) -> Option<Zeroizing<String>> {
    let text = raw.trim();
    if text.len() > text_max {
        return None;
    }
    // As much room as there can be digits, so that pushing never moves the text and leaves a copy behind.
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' => {}
            _ => return None,
        }
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Pan, PanError> {
        Pan::parse(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_number_is_taken_as_people_type_it() {
        for (text, brand, first6, last4) in [
            ("4242424242424242", Brand::Visa, "424242", "4242"),
            (" 4242 4242 4242 4242 ", Brand::Visa, "424242", "4242"),
            ("4242-4242-4242-4242", Brand::Visa, "424242", "4242"),
            ("3782 822463 10005", Brand::Amex, "378282", "0005"),
            ("4222222222222", Brand::Visa, "422222", "2222"),
            ("6205500000000000004", Brand::UnionPay, "620550", "0004"),
            // UnionPay and Maestro have genuine numbers that fail Luhn.
            ("6200000000000006", Brand::UnionPay, "620000", "0006"),
            ("6799990100000000018", Brand::Maestro, "679999", "0018"),
        ] {
            let pan = parse(text).unwrap();
            assert_eq!((pan.brand(), pan.first6(), pan.last4()), (brand, first6, last4), "{text:?}");
            assert_eq!(pan.expose_to_processor().as_bytes(), pan.expose_to_encryption());
            assert_eq!(pan.expose_to_keyed_hash().len(), pan.digit_count());
        }
    }

    #[test]
    fn a_refused_number_says_what_is_wrong_with_it() {
        for (text, want) in [
            ("", PanError::Incomplete),
            ("4242", PanError::Incomplete),
            ("424242424242", PanError::Incomplete),
            ("37828224631000", PanError::Incomplete),
            ("42424242424242", PanError::WrongLength),
            ("42424242424242424", PanError::WrongLength),
            ("3782822463100050", PanError::WrongLength),
            ("42424242424242424242", PanError::WrongLength),
            ("4242424242424241", PanError::Checksum),
            ("1234567890123452", PanError::UnknownBrand),
            ("9999999999999995", PanError::UnknownBrand),
            ("4242.4242.4242.4242", PanError::NotDigits),
            ("4242x42424242424", PanError::NotDigits),
            ("４２４２４２４２４２４２４２４２", PanError::NotDigits),
            (&"4242".repeat(1000), PanError::NotDigits),
        ] {
            assert_eq!(parse(text).map(|pan| pan.digit_count()), Err(want), "{text:?}");
        }
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_digit() {
        let pan = parse("4242424242424242").unwrap();
        assert_eq!(format!("{pan:?}"), "Pan(..)");
        assert_eq!(format!("{:?}", Some(&pan)), "Some(Pan(..))");
        let error = parse("4242424242424241").unwrap_err();
        assert!(!format!("{error:?} {error}").contains(|c: char| c.is_ascii_digit()));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_a_taken_number_is_twelve_to_nineteen_digits_of_its_brand(
            text in prop_oneof!["[0-9 -]{0,45}", "(4|5[1-5]|62|67|3[47])[0-9]{10,18}", any::<String>()],
        ) {
            if let Ok(pan) = parse(&text) {
                let digits = pan.expose_to_processor();
                prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()));
                prop_assert!(pan.brand().accepts_length(digits.len()));
                prop_assert!(digits.starts_with(pan.first6()) && digits.ends_with(pan.last4()));
                prop_assert_eq!((pan.first6().len(), pan.last4().len()), (6, 4));
                prop_assert!(luhn(digits.as_bytes()) || pan.brand().luhn_rule() == LuhnRule::Advisory);
            }
        }
    }
}
