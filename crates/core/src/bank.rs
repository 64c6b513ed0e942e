//! Routing numbers of US banks. They name the bank and are no secret; account numbers live behind the wall.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ABA routing number that passed its check.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoutingNumber(String);

/// Why a routing number was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoutingNumberError {
    /// Not nine digits.
    #[error("a routing number must have 9 digits")]
    Shape,
    /// The first two digits are assigned to no Federal Reserve district or institution.
    #[error("no bank has a routing number that starts like this")]
    Prefix,
    /// The check digit is wrong.
    #[error("the routing number's check digit is wrong")]
    Checksum,
}

impl RoutingNumber {
    /// Takes nine digits, white space around them forgiven.
    ///
    /// 00–12 are government and districts, 21–32 thrifts, 61–72 electronic, 80 traveller's cheques;
    /// 3(d1+d4+d7) + 7(d2+d5+d8) + (d3+d6+d9) must be a multiple of ten (American Bankers Association).
    pub fn parse(text: &str) -> Result<Self, RoutingNumberError> {
        let text = text.trim();
        if text.len() != 9 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(RoutingNumberError::Shape);
        }
        let digits = || text.bytes().map(|b| u32::from(b - b'0'));
        let first_two = digits().take(2).fold(0, |value, digit| value * 10 + digit);
        if !matches!(first_two, 0..=12 | 21..=32 | 61..=72 | 80) {
            return Err(RoutingNumberError::Prefix);
        }
        let sum: u32 =
            digits().zip([3, 7, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
        // Nine zeros satisfy the sum, and are what an empty form field turns into.
        if sum == 0 || !sum.is_multiple_of(10) {
            return Err(RoutingNumberError::Checksum);
        }
        Ok(Self(text.to_owned()))
    }

    /// The nine digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoutingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RoutingNumber {
    type Error = RoutingNumberError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<RoutingNumber> for String {
    fn from(number: RoutingNumber) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routing_number_is_taken_only_with_its_prefix_and_check_digit() {
        for (text, want) in [
            ("110000000", Ok(())),
            ("021000021", Ok(())),
            (" 021000021 ", Ok(())),
            ("011401533", Ok(())),
            ("021000022", Err(RoutingNumberError::Checksum)),
            ("201000021", Err(RoutingNumberError::Prefix)),
            ("000000000", Err(RoutingNumberError::Checksum)),
            ("130000006", Err(RoutingNumberError::Prefix)),
            ("990000008", Err(RoutingNumberError::Prefix)),
            ("02100002", Err(RoutingNumberError::Shape)),
            ("0210000210", Err(RoutingNumberError::Shape)),
            ("02100002a", Err(RoutingNumberError::Shape)),
            ("", Err(RoutingNumberError::Shape)),
        ] {
            assert_eq!(RoutingNumber::parse(text).map(|_| ()), want, "{text:?}");
        }
    }

    #[test]
    fn every_single_wrong_digit_is_noticed() {
        for place in 0..9 {
            for digit in b'0'..=b'9' {
                let mut text = b"021000021".to_vec();
                if text[place] == digit {
                    continue;
                }
                text[place] = digit;
                assert!(RoutingNumber::parse(std::str::from_utf8(&text).unwrap()).is_err(), "{text:?}");
            }
        }
    }
}
