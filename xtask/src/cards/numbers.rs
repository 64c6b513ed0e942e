//! What is searched for: the product's own test cards and test bank accounts, and canaries.

use std::collections::BTreeSet;
use std::fs;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use sha2::{Digest, Sha256};

use crate::failure::{Context, Failure, Outcome};
use crate::toolchain;

/// The source of the product's tables, from the checkout's root. It is read as text: what knows card numbers as types
/// stays behind its wall.
const TABLES: [&str; 2] =
    ["crates/account-data/src/test_cards/cards.rs", "crates/account-data/src/test_cards/banks.rs"];
/// Fewer numbers in the tables than this, and they have moved.
const PUBLISHED_MIN: usize = 20;
/// How many digits a card or account number of the tables has.
const PUBLISHED_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// Prefix and length by brand: Visa, Mastercard, American Express, Discover.
const CANARY_BRANDS: [(&str, usize); 4] = [("4", 16), ("53", 16), ("37", 15), ("6011", 16)];
const CANARIES: usize = 100;

/// A number with fewer digits other than zero stands in files by chance.
const NOT_ZERO_MIN: usize = 5;

/// The numbers, and a machine that finds them among digits.
pub struct Numbers {
    /// In the product's tables.
    pub published: Vec<String>,
    /// Valid numbers of no test card, the same ones every time: tests type them in, and they may be found nowhere.
    pub canaries: Vec<String>,
    machine: AhoCorasick,
}

impl Numbers {
    /// Reads the tables in the checkout.
    ///
    /// # Errors
    /// When they cannot be read, or hold too little to be the tables.
    pub fn read() -> Outcome<Self> {
        let mut published = BTreeSet::new();
        for path in TABLES {
            let text = fs::read_to_string(toolchain::root().join(path)).context(format!("reading {path}"))?;
            published.extend(quoted_numbers(&text).map(str::to_owned));
        }
        if published.len() < PUBLISHED_MIN {
            let count = published.len();
            return Err(Failure::new(format!("only {count} numbers in {TABLES:?}: have the tables moved?")));
        }
        Self::new(published.into_iter().collect(), (0..CANARIES).filter_map(canary).collect())
    }

    fn new(published: Vec<String>, canaries: Vec<String>) -> Outcome<Self> {
        let machine = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(published.iter().chain(&canaries))
            .context("preparing the search")?;
        Ok(Self { published, canaries, machine })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.published.len() + self.canaries.len()
    }

    /// Every number within these digits. A plain one counts where it is all there is, if it counts at all.
    pub fn within<'a>(&'a self, digits: &'a [u8], plain: Plain) -> impl Iterator<Item = &'a str> {
        let found = self.machine.find_overlapping_iter(Input::new(digits));
        found.filter_map(move |found| {
            let all = self.published.iter().chain(&self.canaries);
            let number = all.map(String::as_str).nth(found.pattern().as_usize())?;
            let counts = !is_plain(number) || (plain == Plain::ByThemselves && number.len() == digits.len());
            counts.then_some(number)
        })
    }
}

/// Whether numbers that are as good as counters are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plain {
    /// Only where no other digits are joined to them.
    ByThemselves,
    /// Not at all: where nothing stands between one thing and the next, they are found by chance.
    Never,
}

/// Whether a number is as good as a counter: `000000000009` stands within padded counters, in the names of
/// `PostgreSQL`'s log segments and in ids of zeros.
pub fn is_plain(number: &str) -> bool {
    number.bytes().filter(|digit| *digit != b'0').count() < NOT_ZERO_MIN
}

fn quoted_numbers(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').filter(|part| {
        PUBLISHED_DIGITS.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Made of the last decimal digits of a hash, behind a brand's prefix and before the digit that makes it valid.
fn canary(index: usize) -> Option<String> {
    let (prefix, length) = CANARY_BRANDS[index % CANARY_BRANDS.len()];
    let digits = length - prefix.len() - 1;
    let modulus = 10_u64.pow(u32::try_from(digits).ok()?);
    let hash = Sha256::digest(format!("canary {index}"));
    let random = hash.iter().fold(0, |value, byte| (value * 256 + u64::from(*byte)) % modulus);
    let body = format!("{prefix}{random:0digits$}");
    (0..10).map(|check| format!("{body}{check}")).find(|number| is_luhn(number))
}

/// ISO/IEC 7812-1, annex B.
fn is_luhn(number: &str) -> bool {
    let digits = number.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let doubled = digits.enumerate().map(|(index, digit)| if index % 2 == 1 { digit * 2 } else { digit });
    doubled.map(|value| value / 10 + value % 10).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_products_tables_are_found() {
        let numbers = Numbers::read().unwrap();
        assert_eq!(numbers.canaries.len(), CANARIES);
        for known in ["4242424242424242", "378282246310005", "000123456789", "000000000009"] {
            assert!(numbers.published.iter().any(|number| number == known), "{known}");
        }
    }

    #[test]
    fn canaries_are_valid_no_test_cards_and_always_the_same() {
        let numbers = Numbers::read().unwrap();
        for number in &numbers.canaries {
            assert!(is_luhn(number) && !is_plain(number) && !numbers.published.contains(number), "{number}");
        }
        assert_eq!(numbers.canaries.iter().collect::<BTreeSet<_>>().len(), CANARIES);
        let first: Vec<usize> = numbers.canaries.iter().take(4).map(String::len).collect();
        assert_eq!(first, [16, 16, 15, 16]);
        // Computed once by hand from `printf 'canary 0' | sha256sum`.
        assert_eq!(numbers.canaries[0], "4951496569217582");
    }

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        for (number, want) in [("4242424242424242", true), ("4242424242424241", false), ("79927398713", true)]
        {
            assert_eq!(is_luhn(number), want, "{number}");
        }
    }

    #[test]
    fn a_number_is_found_within_others_and_a_plain_one_by_itself_alone() {
        let number = |text: &str| text.to_owned();
        let numbers = Numbers::new(vec![number("4000056655665556"), number("000000000009")], vec![]).unwrap();
        for (digits, plain, want) in [
            ("4000056655665556", Plain::Never, &["4000056655665556"][..]),
            ("00124000056655665556340000000000090", Plain::ByThemselves, &["4000056655665556"]),
            ("000000000009", Plain::ByThemselves, &["000000000009"]),
            ("000000000009", Plain::Never, &[]),
            ("0000000000090", Plain::ByThemselves, &[]),
            ("1000000000009", Plain::ByThemselves, &[]),
            ("400005665566555", Plain::ByThemselves, &[]),
        ] {
            assert_eq!(
                numbers.within(digits.as_bytes(), plain).collect::<Vec<_>>(),
                want,
                "{digits} {plain:?}"
            );
        }
    }
}
