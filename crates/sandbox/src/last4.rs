//! The last four digits of a card number: what everybody may know of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Last4([u8; 4]);

impl Last4 {
    /// The end of `digits`; `None` when they are fewer than four or not digits.
    pub fn of(digits: &str) -> Option<Self> {
        let last: [u8; 4] = *digits.as_bytes().last_chunk()?;
        last.iter().all(u8::is_ascii_digit).then_some(Self(last))
    }
}

impl fmt::Display for Last4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&digit| fmt::Write::write_char(f, char::from(digit)))
    }
}

impl TryFrom<String> for Last4 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::of(&text).filter(|_| text.len() == 4).ok_or("exactly four digits")
    }
}

impl From<Last4> for String {
    fn from(last4: Last4) -> Self {
        last4.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_number_is_kept() {
        assert_eq!(Last4::of("4242424242421234").unwrap().to_string(), "1234");
        for bad in ["", "123", "12 4", "123é"] {
            assert_eq!(Last4::of(bad), None, "{bad:?}");
        }
        assert!(Last4::try_from("4242424242421234".to_owned()).is_err(), "a ledger must not hold more");
    }
}
