//! Bank account numbers. The routing number beside them names only the bank: `onfile_core::bank`.

use std::fmt;

use zeroize::Zeroizing;

/// The fewest and the most digits of an account number in ACH files (Nacha field of 17 characters).
const DIGITS: std::ops::RangeInclusive<usize> = 4..=17;
/// The longest text that is looked at.
const TEXT_MAX: usize = 34;

/// The number of a US bank account, 4 to 17 digits; wiped on drop.
pub struct BankAccountNumber(Zeroizing<String>);

/// Why an account number was refused. Never holds any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BankAccountNumberError {
    /// Something else than digits, spaces and dashes.
    #[error("the account number is not a number")]
    NotDigits,
    /// Fewer than 4 or more than 17 digits.
    #[error("the account number must have 4 to 17 digits")]
    WrongLength,
}

impl BankAccountNumber {
    /// Takes a number as typed; spaces and dashes in it are dropped, leading zeros belong to it.
    pub fn parse(raw: Zeroizing<String>) -> Result<Self, BankAccountNumberError> {
        let digits = crate::pan::digits_of(&raw, TEXT_MAX).ok_or(BankAccountNumberError::NotDigits)?;
        if !DIGITS.contains(&digits.len()) {
            return Err(BankAccountNumberError::WrongLength);
        }
        Ok(Self(digits))
    }

    /// The last four digits, all that a page shows.
    pub fn last4(&self) -> &str {
        let from = self.0.len().saturating_sub(4);
        self.0.get(from..).unwrap_or_default()
    }

    /// The whole number, for a request to a processor, at the place that the placement table names. Nothing else.
    pub fn expose_to_processor(&self) -> &str {
        &self.0
    }

    /// The whole number, to be encrypted at once.
    pub fn expose_to_encryption(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The whole number, as input of a keyed hash, never of a plain one.
    pub fn expose_to_keyed_hash(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for BankAccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BankAccountNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_number_has_four_to_seventeen_digits() {
        for (text, want) in [
            ("000123456789", Ok(("000123456789", "6789"))),
            ("0001 2345-6789", Ok(("000123456789", "6789"))),
            ("1234", Ok(("1234", "1234"))),
            ("12345678901234567", Ok(("12345678901234567", "4567"))),
            ("123", Err(BankAccountNumberError::WrongLength)),
            ("123456789012345678", Err(BankAccountNumberError::WrongLength)),
            ("", Err(BankAccountNumberError::WrongLength)),
            ("12345x", Err(BankAccountNumberError::NotDigits)),
        ] {
            let got = BankAccountNumber::parse(Zeroizing::new(text.to_owned()));
            let seen = got.as_ref().map(|n| (n.expose_to_processor(), n.last4()));
            assert_eq!(seen, want.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        let number = BankAccountNumber::parse(Zeroizing::new("000123456789".to_owned())).unwrap();
        assert_eq!(format!("{number:?}"), "BankAccountNumber(..)");
    }
}
