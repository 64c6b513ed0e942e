//! Finds what looks like a card number in text that must not hold one.
//!
//! A run is card-shaped when it is digits, with at most one space, dash or dot between two of them; stands between
//! non-digits; starts as a known brand's numbers do; has a length of that brand; and passes the Luhn check. The check
//! sum is demanded of every brand here, also where the vault only warns: a tenth of all serial numbers passes Luhn, so
//! brand, length and sum together are what keeps ordinary numbers in. Serial numbers of no brand pass.
//!
//! Letters beside a run do not protect it (`card4242…` is just what a hurried person types). What does is in
//! the module `exempt`: shapes that nobody types a card in, and that would otherwise be refused now and then by chance.
//!
//! The work per byte is bounded by constants ([`LENGTH_MAX`] digits ahead, some 300 bytes around a hit), so the time
//! is linear in the input, whatever it holds. It scans decoded text: percent-encoding is the caller's to undo.

mod exempt;
mod stream;

use std::borrow::Cow;
use std::ops::Range;

use crate::card::{Brand, LENGTH_MAX, LENGTH_MIN, luhn};

pub use stream::Scanner;

/// Whether anything card-shaped is in the bytes.
pub fn contains(bytes: &[u8]) -> bool {
    next(bytes, 0..bytes.len()).is_some()
}

/// The text with all but the last four digits of everything card-shaped replaced by `*`; separators stay.
/// The result is as long as the text and holds nothing card-shaped.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut bytes: Option<Vec<u8>> = None;
    let mut from = 0;
    loop {
        let current = bytes.as_deref().unwrap_or(text.as_bytes());
        let Some(hit) = next(current, from..current.len()) else { break };
        let kept_from = last_four(current, &hit);
        let changed = bytes.get_or_insert_with(|| text.as_bytes().to_vec());
        for byte in changed.iter_mut().take(kept_from).skip(hit.start) {
            if byte.is_ascii_digit() {
                *byte = b'*';
            }
        }
        // The four that stay may begin another number together with what follows, so the search goes on with them.
        from = kept_from;
    }
    match bytes.map(String::from_utf8) {
        None => Cow::Borrowed(text),
        // Only ASCII digits became ASCII stars, so this is UTF-8; were it not, nothing may be shown.
        Some(masked) => Cow::Owned(masked.unwrap_or_default()),
    }
}

/// The first card-shaped run that starts in this part of the bytes.
fn next(bytes: &[u8], starts: Range<usize>) -> Option<Range<usize>> {
    let before = starts.start.checked_sub(1).and_then(|i| bytes.get(i));
    let mut after_digit = before.is_some_and(u8::is_ascii_digit);
    for (start, byte) in bytes.iter().enumerate().take(starts.end).skip(starts.start) {
        let digit = byte.is_ascii_digit();
        let end = if digit && !after_digit { number_at(bytes, start) } else { None };
        if let Some(end) = end {
            return Some(start..end);
        }
        after_digit = digit;
    }
    None
}

/// The end of the longest card-shaped run that starts exactly here, at the first digit of a group.
fn number_at(bytes: &[u8], start: usize) -> Option<usize> {
    let mut digits = [0_u8; LENGTH_MAX];
    let mut count = 0;
    let mut at = start;
    let mut found = None;
    while let Some(&byte) = bytes.get(at).filter(|b| b.is_ascii_digit()) {
        let Some(slot) = digits.get_mut(count) else { break };
        *slot = byte;
        count += 1;
        at += 1;
        let next_is_digit = bytes.get(at).is_some_and(u8::is_ascii_digit);
        if next_is_digit {
            continue;
        }
        if digits.get(..count).is_some_and(is_number) && !exempt::is_exempt(bytes, &(start..at)) {
            found = Some(at);
        }
        if bytes.get(at).copied().is_some_and(is_separator) {
            at += 1;
        }
    }
    found
}

fn is_number(digits: &[u8]) -> bool {
    (LENGTH_MIN..=LENGTH_MAX).contains(&digits.len())
        && Brand::of(digits).is_some_and(|brand| brand.accepts_length(digits.len()))
        && luhn(digits)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.')
}

/// Where the last four digits of a run begin.
fn last_four(bytes: &[u8], run: &Range<usize>) -> usize {
    let digits = run.clone().rev().filter(|&i| bytes.get(i).is_some_and(u8::is_ascii_digit));
    digits.take(4).last().unwrap_or(run.end)
}

#[cfg(test)]
mod tests;
