//! Security codes.

use std::fmt;

use onfile_core::card::Brand;
use zeroize::Zeroizing;

/// The security code of a card: in memory for one authorisation, never on a disk, encrypted or not (PCI DSS 3.3.1).
/// Wiped on drop.
pub struct Cvc(Zeroizing<String>);

/// Why a security code was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CvcError {
    /// Something else than digits.
    #[error("the security code is not a number")]
    NotDigits,
    /// Fewer digits than the brand's codes have.
    #[error("the security code is incomplete")]
    Incomplete,
    /// More digits than the brand's codes have.
    #[error("the security code has too many digits")]
    TooLong,
}

impl Cvc {
    /// Takes a code as typed, white space around it dropped. Its length must be the brand's: four digits for American
    /// Express, three for others.
    pub fn parse(raw: Zeroizing<String>, brand: Brand) -> Result<Self, CvcError> {
        let code = raw.trim();
        if !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CvcError::NotDigits);
        }
        if !brand.accepts_cvc_length(code.len()) {
            let longer_fits = (code.len()..=4).any(|length| brand.accepts_cvc_length(length));
            return Err(if longer_fits { CvcError::Incomplete } else { CvcError::TooLong });
        }
        Ok(Self(Zeroizing::new(code.to_owned())))
    }

    /// The code, for one authorisation request to a processor, at the place that the placement table names.
    pub fn expose_to_processor(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cvc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cvc(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_length_of_its_brand() {
        for (text, brand, want) in [
            ("123", Brand::Visa, Ok("123")),
            (" 123 ", Brand::Visa, Ok("123")),
            ("1234", Brand::Amex, Ok("1234")),
            ("007", Brand::Maestro, Ok("007")),
            ("123", Brand::Unknown, Ok("123")),
            ("1234", Brand::Unknown, Ok("1234")),
            ("123", Brand::Amex, Err(CvcError::Incomplete)),
            ("12", Brand::Visa, Err(CvcError::Incomplete)),
            ("", Brand::Visa, Err(CvcError::Incomplete)),
            ("1234", Brand::Visa, Err(CvcError::TooLong)),
            ("12345", Brand::Amex, Err(CvcError::TooLong)),
            ("12a", Brand::Visa, Err(CvcError::NotDigits)),
            ("١٢٣", Brand::Visa, Err(CvcError::NotDigits)),
        ] {
            let got = Cvc::parse(Zeroizing::new(text.to_owned()), brand);
            assert_eq!(
                got.as_ref().map(Cvc::expose_to_processor),
                want.as_ref().copied(),
                "{text:?} {brand}"
            );
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        let cvc = Cvc::parse(Zeroizing::new("123".to_owned()), Brand::Visa).unwrap();
        assert_eq!(format!("{cvc:?}"), "Cvc(..)");
    }
}
