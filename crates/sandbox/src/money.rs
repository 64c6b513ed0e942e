//! Currencies as the wire writes them, and amounts as a person reads them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest amount of one operation in minor units: ISO 8583 field 4 has twelve digits.
pub const AMOUNT_MAX: u64 = 999_999_999_999;

/// Currencies without minor units (ISO 4217, as Stripe lists them).
const NO_DECIMALS: [&[u8; 3]; 16] = [
    b"bif", b"clp", b"djf", b"gnf", b"jpy", b"kmf", b"krw", b"mga", b"pyg", b"rwf", b"ugx", b"vnd", b"vuv",
    b"xaf", b"xof", b"xpf",
];
/// Currencies with a thousandth as minor unit.
const THREE_DECIMALS: [&[u8; 3]; 5] = [b"bhd", b"jod", b"kwd", b"omr", b"tnd"];

/// Three lower-case letters. Whether the code is assigned is not the sandbox's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Takes a code from outside.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_lowercase).then_some(Self(bytes))
    }

    fn decimals(self) -> usize {
        if NO_DECIMALS.contains(&&self.0) {
            0
        } else if THREE_DECIMALS.contains(&&self.0) {
            3
        } else {
            2
        }
    }

    /// `amount` minor units for a person: `12.50 EUR`.
    pub fn show(self, amount: u64) -> String {
        let decimals = self.decimals();
        let digits = format!("{amount:0>width$}", width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let point = if decimals == 0 { "" } else { "." };
        format!("{whole}{point}{fraction} {}", self.to_string().to_ascii_uppercase())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| fmt::Write::write_char(f, char::from(byte)))
    }
}

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a currency is three lower-case letters")
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_with_the_currencys_own_decimals() {
        for (amount, code, want) in [
            (1_250, "eur", "12.50 EUR"),
            (5, "usd", "0.05 USD"),
            (0, "usd", "0.00 USD"),
            (500, "jpy", "500 JPY"),
            (1_234, "kwd", "1.234 KWD"),
        ] {
            assert_eq!(Currency::parse(code).unwrap().show(amount), want);
        }
    }

    #[test]
    fn only_three_lower_case_letters_are_a_currency() {
        for bad in ["", "eu", "EUR", "euro", "e1r", "éu"] {
            assert_eq!(Currency::parse(bad), None, "{bad:?}");
        }
    }
}
