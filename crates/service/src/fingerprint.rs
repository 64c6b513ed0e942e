//! Fingerprints: the same text for the same number within one account, and of no use to anybody else.
//!
//! A plain hash of a card number is as good as the number, since all of them can be tried. PCI DSS 3.5.1.1 therefore
//! asks for a keyed hash over the whole number, with the key managed like an encryption key.

use std::path::Path;

use aws_lc_rs::hmac;
use onfile_core::random::Random;

use crate::key_files::{KeyFilesError, create_key, read_key};
use crate::seal::push_length;

const FILE_NAME: &str = "fingerprint-1.key";
/// How many base-62 digits a fingerprint has: 95 bits. Among 10⁹ numbers of one account, the chance that any two
/// share a fingerprint is below 10⁻¹⁰.
const DIGITS: usize = 16;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Makes fingerprints with one key.
pub struct Fingerprints(hmac::Key);

impl std::fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fingerprints(..)")
    }
}

impl Fingerprints {
    /// Reads the key from `fingerprint-1.key` in the folder.
    ///
    /// # Errors
    /// When the file is missing, open to others, or not a key.
    pub fn open(folder: &Path) -> Result<Self, KeyFilesError> {
        let key = read_key(&folder.join(FILE_NAME))?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// Makes the key. It is never replaced: with it every known fingerprint would be lost.
    ///
    /// # Errors
    /// When there is one already.
    pub fn create_first(folder: &Path, random: &dyn Random) -> Result<(), KeyFilesError> {
        create_key(folder, FILE_NAME, random)
    }

    /// The fingerprint of `number` in `account`. `kind` keeps apart what may have the same digits, such as a card and
    /// a bank account.
    pub fn of(&self, account: &str, kind: &str, number: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [b"onfile fingerprint 1", account.as_bytes(), kind.as_bytes(), number] {
            let mut length = Vec::with_capacity(8);
            push_length(&mut length, part.len());
            context.update(&length);
            context.update(part);
        }
        let tag = context.sign();
        let mut value = tag.as_ref().first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        let mut text = String::with_capacity(DIGITS);
        for _ in 0..DIGITS {
            let index = usize::try_from(value % 62).unwrap_or(0);
            text.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'0')));
            value /= 62;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemRandom;

    fn fingerprints() -> Fingerprints {
        let folder = tempfile::tempdir().unwrap();
        Fingerprints::create_first(folder.path(), &SystemRandom).unwrap();
        Fingerprints::open(folder.path()).unwrap()
    }

    #[test]
    fn a_fingerprint_depends_on_everything_it_is_made_of_and_on_nothing_else() {
        let (ours, theirs) = (fingerprints(), fingerprints());
        let first = ours.of("acct_1", "card", b"123");
        assert_eq!(ours.of("acct_1", "card", b"123"), first);
        for (what, other) in [
            ("account", ours.of("acct_2", "card", b"123")),
            ("kind", ours.of("acct_1", "bank", b"123")),
            ("number", ours.of("acct_1", "card", b"124")),
            ("key", theirs.of("acct_1", "card", b"123")),
            ("boundary", ours.of("acct_1", "card1", b"23")),
            ("boundary", ours.of("acct_", "1card", b"123")),
        ] {
            assert_ne!(other, first, "{what}");
        }
    }

    #[test]
    fn a_fingerprint_is_sixteen_letters_and_digits_that_look_random() {
        let ours = fingerprints();
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..2_000u32 {
            let text = ours.of("acct_1", "card", &number.to_be_bytes());
            assert!(text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_alphanumeric()), "{text}");
            assert!(seen.insert(text));
        }
    }

    #[test]
    fn the_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        Fingerprints::create_first(folder.path(), &SystemRandom).unwrap();
        let again = Fingerprints::create_first(folder.path(), &SystemRandom);
        assert!(matches!(again, Err(KeyFilesError::Exists { .. })));
    }
}
