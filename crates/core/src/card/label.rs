//! The texts by which people know a card.

use std::fmt;

use super::{Brand, Expiry};

/// The most digits of a customer number in a label; fewer than any card number has, so that none can hide there.
pub const CUSTOMER_NUMBER_DIGITS_MAX: usize = 10;
const CUSTOMER_NUMBER_MAX: u64 = 9_999_999_999;

/// `•••• 4242`.
pub fn masked(last4: &str) -> String {
    format!("•••• {last4}")
}

/// `Visa •••• 4242 (Exp: 12/2025)`, or without the bracket where only the day of the notice is kept.
pub fn display_line(brand: Brand, last4: &str, expiry: Option<Expiry>) -> String {
    let card = format!("{brand} •••• {last4}");
    match expiry {
        Some(expiry) => format!("{card} (Exp: {:02}/{})", expiry.month(), expiry.year()),
        None => card,
    }
}

/// The label for the phone, `C1042-424242-4242`: customer number, first six and last four digits. It can be searched
/// for and authorises nothing. Two cards can share it, since it holds only what PCI DSS lets a truncated number keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CardLabel {
    customer_number: u64,
    first6: String,
    last4: String,
}

impl CardLabel {
    /// The label of a customer's card. None unless `first6` and `last4` are six and four digits and the number fits.
    pub fn new(customer_number: u64, first6: &str, last4: &str) -> Option<Self> {
        let fits = customer_number <= CUSTOMER_NUMBER_MAX;
        let label = || Self { customer_number, first6: first6.to_owned(), last4: last4.to_owned() };
        (fits && is_digits(first6, 6) && is_digits(last4, 4)).then(label)
    }

    /// A label as typed in a search field: the `C` in either case, white space around it.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix(['C', 'c'])?;
        let mut parts = rest.split('-');
        let (number, first6, last4) = (parts.next()?, parts.next()?, parts.next()?);
        let plain = number.len() <= CUSTOMER_NUMBER_DIGITS_MAX && number.bytes().all(|b| b.is_ascii_digit());
        if !plain || parts.next().is_some() {
            return None;
        }
        Self::new(number.parse().ok()?, first6, last4)
    }

    /// The merchant's number of the customer.
    pub fn customer_number(&self) -> u64 {
        self.customer_number
    }

    /// The first six digits.
    pub fn first6(&self) -> &str {
        &self.first6
    }

    /// The last four digits.
    pub fn last4(&self) -> &str {
        &self.last4
    }
}

impl fmt::Display for CardLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}-{}-{}", self.customer_number, self.first6, self.last4)
    }
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_shown_as_people_know_it() {
        let expiry = Expiry::new(12, 2025).ok();
        assert_eq!(display_line(Brand::Visa, "4242", expiry), "Visa •••• 4242 (Exp: 12/2025)");
        assert_eq!(
            display_line(Brand::Amex, "0005", Expiry::new(3, 2030).ok()),
            "American Express •••• 0005 (Exp: 03/2030)"
        );
        assert_eq!(display_line(Brand::Visa, "4242", None), "Visa •••• 4242");
        assert_eq!(masked("4242"), "\u{2022}\u{2022}\u{2022}\u{2022} 4242");
    }

    #[test]
    fn a_label_is_written_and_read_back() {
        let label = CardLabel::new(1042, "424242", "4242").unwrap();
        assert_eq!(label.to_string(), "C1042-424242-4242");
        for text in ["C1042-424242-4242", " c1042-424242-4242 "] {
            assert_eq!(CardLabel::parse(text), Some(label.clone()), "{text:?}");
        }
        assert_eq!((label.customer_number(), label.first6(), label.last4()), (1042, "424242", "4242"));
    }

    #[test]
    fn what_is_no_label_is_not_taken_for_one() {
        for bad in [
            "",
            "C",
            "C-424242-4242",
            "C1042-42424-4242",
            "C1042-424242-424",
            "C1042-424242-4242-1",
            "1042-424242-4242",
            "C4242424242424242-424242-4242",
            "C+1-424242-4242",
            "C1042-42424a-4242",
            "C1042–424242–4242",
        ] {
            assert_eq!(CardLabel::parse(bad), None, "{bad:?}");
        }
        assert_eq!(CardLabel::new(10_000_000_000, "424242", "4242"), None);
        assert!(CardLabel::new(9_999_999_999, "424242", "4242").is_some());
        assert!(CardLabel::new(0, "424242", "4242").is_some());
    }
}
