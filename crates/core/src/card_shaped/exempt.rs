//! Shapes in which a card-shaped run stands by chance. Each is one that nobody types a card number in.

use std::ops::Range;

use super::is_separator;
use crate::card::CUSTOMER_NUMBER_DIGITS_MAX;

/// The longest word that is looked at; longer ones are exempt from nothing.
const WORD_MAX: usize = 255;
/// The fewest characters of randomness in one of our ids and keys (131 bits in base 62).
const RANDOM_CHARS_MIN: usize = 22;
/// MD5, SHA-1, SHA-256, SHA-512 in hexadecimal.
const DIGEST_CHARS: [usize; 4] = [32, 40, 64, 128];
const UUID_CHARS: usize = 36;
/// `C`, the customer number, and `-424242-4242`.
const LABEL_CHARS_MAX: usize = 1 + CUSTOMER_NUMBER_DIGITS_MAX + LABEL_TAIL_CHARS;
const LABEL_TAIL_CHARS: usize = 12;
/// German and Austrian mobile numbers, the longest in use, with country code. Amex (15 digits) and Diners (14) numbers
/// behind a plus are still found.
const PHONE_DIGITS_MAX: usize = 13;
/// The most digits before the point of a decimal number, and the fewest behind it.
const DECIMAL_WHOLE_MAX: usize = 3;
const DECIMAL_FRACTION_MIN: usize = 9;

/// Whether the run overlaps a shape that is not a card.
pub(super) fn is_exempt(bytes: &[u8], run: &Range<usize>) -> bool {
    in_uuid(bytes, run)
        || in_label(bytes, run)
        || in_named_word(bytes, run.start)
        || in_named_word(bytes, run.end.saturating_sub(1))
        || in_phone_number(bytes, run)
        || in_decimal(bytes, run)
}

/// A UUID: its third group starts with 4 in version 4, as Visa numbers do, so that about one in 8,000 would be hit.
fn in_uuid(bytes: &[u8], run: &Range<usize>) -> bool {
    (run.start.saturating_sub(UUID_CHARS - 1)..run.end).any(|at| {
        let Some(text) = bytes.get(at..at + UUID_CHARS) else { return false };
        let shaped = text.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
        shaped && !follows_alphanumeric(bytes, at) && !is_alphanumeric_at(bytes, at + UUID_CHARS)
    })
}

/// Our own label for the phone, `C1042-424242-4242`. Its customer number is too short to be a card number.
fn in_label(bytes: &[u8], run: &Range<usize>) -> bool {
    (run.start.saturating_sub(LABEL_CHARS_MAX)..=run.start)
        .any(|at| label_end(bytes, at).is_some_and(|end| end > run.start))
}

fn label_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'C') || follows_alphanumeric(bytes, at) {
        return None;
    }
    let tail_at = end_of_digits(bytes, at + 1);
    if !(1..=CUSTOMER_NUMBER_DIGITS_MAX).contains(&(tail_at - at - 1)) {
        return None;
    }
    let end = tail_at + LABEL_TAIL_CHARS;
    let shaped = bytes.get(tail_at..end)?.iter().enumerate().all(|(i, b)| match i {
        0 | 7 => *b == b'-',
        _ => b.is_ascii_digit(),
    });
    // A dash or dot and more digits behind it would make it something else than a label.
    let goes_on = is_alphanumeric_at(bytes, end)
        || matches!(bytes.get(end), Some(b'-' | b'.')) && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    (shaped && !goes_on).then_some(end)
}

/// One of our ids or keys (`cus_…`, `sk_test_…`), or a hexadecimal digest. An id hits once in some 10¹¹, and then
/// its customer could not be named in any request; a SHA-256 digest hits once in a few thousand. Only the
/// full length counts: `order_4242…` is a card number behind a word.
fn in_named_word(bytes: &[u8], at: usize) -> bool {
    let back = bytes.iter().take(at).rev().take(WORD_MAX + 1).take_while(|b| is_word(**b)).count();
    let ahead = bytes.iter().skip(at).take(WORD_MAX + 1).take_while(|b| is_word(**b)).count();
    if back + ahead > WORD_MAX {
        return false;
    }
    bytes.get(at - back..at + ahead).is_some_and(|word| is_id(word) || is_digest(word))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Lower-case words, each with its underscore, then a long random part in both cases and with digits.
fn is_id(word: &[u8]) -> bool {
    let mut parts = word.rsplit(|b| *b == b'_');
    let random = parts.next().unwrap_or_default();
    let mut words = parts.peekable();
    words.peek().is_some()
        && words.all(|part| part.first().is_some_and(u8::is_ascii_lowercase))
        && random.len() >= RANDOM_CHARS_MIN
        && random.iter().any(u8::is_ascii_lowercase)
        && random.iter().any(u8::is_ascii_uppercase)
}

fn is_digest(word: &[u8]) -> bool {
    DIGEST_CHARS.contains(&word.len())
        && word.iter().all(u8::is_ascii_hexdigit)
        && word.iter().any(u8::is_ascii_alphabetic)
}

/// An international telephone number, `+49 151 23456789`: 13 digits that begin with 4, like old Visa numbers.
fn in_phone_number(bytes: &[u8], run: &Range<usize>) -> bool {
    let span = 2 * PHONE_DIGITS_MAX;
    let lead = bytes.iter().take(run.start).rev().take(span);
    let back = lead.take_while(|b| b.is_ascii_digit() || is_separator(**b)).count();
    let Some(plus) = (run.start - back).checked_sub(1).filter(|&i| bytes.get(i) == Some(&b'+')) else {
        return false;
    };
    let mut digits = 0;
    let mut at = plus + 1;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) && digits <= PHONE_DIGITS_MAX {
        digits += 1;
        at += 1;
        let gap = bytes.get(at).copied().is_some_and(is_separator);
        if gap && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
    }
    digits <= PHONE_DIGITS_MAX && at >= run.end
}

/// A decimal number such as `0.4242424242424242` or `4.111111111111111`, as measurements and coordinates are written.
fn in_decimal(bytes: &[u8], run: &Range<usize>) -> bool {
    let inner = bytes.get(run.clone()).unwrap_or_default();
    let point = match inner.iter().position(|b| is_separator(*b)) {
        Some(i) => run.start + i,
        None => run.start.saturating_sub(1),
    };
    if bytes.get(point) != Some(&b'.') {
        return false;
    }
    let before = bytes.iter().take(point).rev();
    let whole = before.take(DECIMAL_WHOLE_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
    let starts = point - whole;
    let bounded = !follows_alphanumeric(bytes, starts)
        && starts.checked_sub(1).and_then(|i| bytes.get(i)).is_none_or(|b| *b != b'.');
    let end =
        bytes.iter().skip(point + 1).take(WORD_MAX).take_while(|b| b.is_ascii_digit()).count() + point + 1;
    (1..=DECIMAL_WHOLE_MAX).contains(&whole)
        && bounded
        && end - point > DECIMAL_FRACTION_MIN
        && end >= run.end
        && bytes.get(end) != Some(&b'.')
}

fn end_of_digits(bytes: &[u8], from: usize) -> usize {
    let longest = CUSTOMER_NUMBER_DIGITS_MAX + 1;
    from + bytes.iter().skip(from).take(longest).take_while(|b| b.is_ascii_digit()).count()
}

fn follows_alphanumeric(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| is_alphanumeric_at(bytes, before))
}

fn is_alphanumeric_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(u8::is_ascii_alphanumeric)
}
