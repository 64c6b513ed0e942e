//! Currencies and how many decimals their amounts have on the wire.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency that Stripe's wire knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Currency(&'static str);

/// No currency has this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown currency")]
pub struct UnknownCurrency;

/// Codes in Stripe's spelling, sorted (docs.stripe.com/currencies, presentment currencies).
const CODES: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bhd",
    "bif", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "clp", "cny", "cop",
    "crc", "cve", "czk", "djf", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip",
    "gmd", "gnf", "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "jod", "jpy",
    "kes", "kgs", "khr", "kmf", "krw", "kwd", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl",
    "mga", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok",
    "npr", "nzd", "omr", "pab", "pen", "pgk", "php", "pkr", "pln", "pyg", "qar", "ron", "rsd", "rub", "rwf",
    "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "tnd", "top",
    "try", "ttd", "twd", "tzs", "uah", "ugx", "usd", "uyu", "uzs", "vnd", "vuv", "wst", "xaf", "xcd", "xcg",
    "xof", "xpf", "yer", "zar", "zmw",
];
/// Amounts are in whole units.
const NO_DECIMALS: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf",
];
/// Amounts are in thousandths; Stripe wants the last digit to be 0, since the networks settle hundredths.
const THREE_DECIMALS: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];
/// ISO 4217 gives these no decimals (any more). Stripe's wire keeps two, which must be 00; so do we, and show none.
const WHOLE_UNITS_IN_HUNDREDTHS: &[&str] = &["isk", "ugx"];
/// What people write before an amount; other currencies are written with their code. Dollars other than the US one
/// carry their country, because a page may show several.
const SYMBOLS: &[(&str, &str)] = &[
    ("aud", "A$"),
    ("brl", "R$"),
    ("cad", "CA$"),
    ("cny", "CN¥"),
    ("eur", "€"),
    ("gbp", "£"),
    ("hkd", "HK$"),
    ("ils", "₪"),
    ("inr", "₹"),
    ("jpy", "¥"),
    ("krw", "₩"),
    ("mxn", "MX$"),
    ("ngn", "₦"),
    ("nzd", "NZ$"),
    ("php", "₱"),
    ("sgd", "S$"),
    ("twd", "NT$"),
    ("usd", "$"),
    ("vnd", "₫"),
];

impl Currency {
    /// US dollars.
    pub const USD: Self = Self("usd");
    /// Euros.
    pub const EUR: Self = Self("eur");

    /// The currency with this code, in either case.
    pub fn parse(code: &str) -> Result<Self, UnknownCurrency> {
        let lower = code.to_ascii_lowercase();
        let at = CODES.binary_search(&lower.as_str()).map_err(|_| UnknownCurrency)?;
        CODES.get(at).map(|code| Self(code)).ok_or(UnknownCurrency)
    }

    /// The code as on the wire, in lower case.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// How many decimals a minor unit stands for on the wire: 0, 2 or 3.
    pub fn decimals(self) -> u32 {
        if NO_DECIMALS.contains(&self.0) {
            0
        } else if THREE_DECIMALS.contains(&self.0) {
            3
        } else {
            2
        }
    }

    /// Of which number of minor units an amount must be a multiple.
    pub fn step(self) -> i64 {
        if WHOLE_UNITS_IN_HUNDREDTHS.contains(&self.0) {
            100
        } else if THREE_DECIMALS.contains(&self.0) {
            10
        } else {
            1
        }
    }

    /// How many decimals people see.
    pub(crate) fn decimals_shown(self) -> u32 {
        if WHOLE_UNITS_IN_HUNDREDTHS.contains(&self.0) { 0 } else { self.decimals() }
    }

    /// What people write before the amount, where it is not the code.
    pub(crate) fn symbol(self) -> Option<&'static str> {
        SYMBOLS.iter().find(|(code, _)| *code == self.0).map(|(_, symbol)| *symbol)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// By hand: a derived one would borrow from its input for ever, because the code inside is `'static`.
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_stripes_wire() {
        for (code, decimals, step) in [
            ("usd", 2, 1),
            ("USD", 2, 1),
            ("eur", 2, 1),
            ("huf", 2, 1),
            ("jpy", 0, 1),
            ("krw", 0, 1),
            ("kwd", 3, 10),
            ("bhd", 3, 10),
            ("isk", 2, 100),
            ("ugx", 2, 100),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!((currency.decimals(), currency.step()), (decimals, step), "{code}");
            assert_eq!(currency.as_str(), code.to_ascii_lowercase());
        }
        for bad in ["", "us", "usdx", "xxx", "btc", "u\u{17f}d"] {
            assert_eq!(Currency::parse(bad), Err(UnknownCurrency), "{bad:?}");
        }
    }

    #[test]
    fn the_tables_agree_with_each_other() {
        assert!(CODES.is_sorted());
        assert!(CODES.iter().all(|code| Currency::parse(code).is_ok()));
        let named = SYMBOLS.iter().map(|(code, _)| code);
        for code in named.chain(NO_DECIMALS).chain(THREE_DECIMALS).chain(WHOLE_UNITS_IN_HUNDREDTHS) {
            assert!(CODES.contains(code), "{code}");
        }
        assert_eq!((Currency::parse("usd"), Currency::parse("eur")), (Ok(Currency::USD), Ok(Currency::EUR)));
    }

    #[test]
    fn a_currency_is_its_code_in_json() {
        assert_eq!(serde_json::to_string(&Currency::USD).unwrap(), "\"usd\"");
        assert_eq!(serde_json::from_str::<Currency>("\"eur\"").unwrap(), Currency::EUR);
        assert!(serde_json::from_str::<Currency>("\"xxx\"").is_err());
    }
}
