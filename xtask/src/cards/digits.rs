//! Numbers in plain sight: digits with at most one separator between neighbours.

use std::sync::LazyLock;

use super::runs::{Class, runs};

/// No number that is searched for has fewer digits.
pub const DIGITS_MIN: usize = 12;

/// Digits, and every byte of every separator.
static IN_NUMBERS: LazyLock<Class> = LazyLock::new(|| {
    Class::of(|byte| byte.is_ascii_digit() || is_separator(byte) || matches!(byte, 0xc2 | 0xe2 | 0x80..=0xaf))
});

/// Calls `each` with every longest sequence of at least [`DIGITS_MIN`] digits, without its separators.
pub fn for_each(data: &[u8], mut each: impl FnMut(&[u8])) {
    let mut digits = Vec::new();
    let mut tell = |digits: &mut Vec<u8>| {
        if digits.len() >= DIGITS_MIN {
            each(digits);
        }
        digits.clear();
    };
    for run in runs(data, &IN_NUMBERS, DIGITS_MIN) {
        let mut rest = run;
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if first.is_ascii_digit() {
                digits.push(*first);
                rest = &rest[separator(rest)..];
            } else {
                tell(&mut digits);
            }
        }
        tell(&mut digits);
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'+' | b'.' | b'_' | b'/')
}

/// How many bytes of the beginning separate: one of ASCII, a no-break space (U+00A0), or one of U+2000 to U+202F, which
/// are the spaces and dashes of typesetters.
fn separator(text: &[u8]) -> usize {
    match text {
        [first, ..] if is_separator(*first) => 1,
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0x80..=0xaf, ..] => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_one_sequence_over_single_separators() {
        for (text, want) in [
            ("123456789012", &["123456789012"][..]),
            ("12345678901", &[]),
            ("a1234 5678-9012.3456b", &["1234567890123456"]),
            ("1234\u{a0}5678\u{2009}9012\u{2011}3", &["1234567890123"]),
            ("1+2_3/4 5 6 7 8 9 0 1 2 ", &["123456789012"]),
            ("123456789012  123456789013", &["123456789012", "123456789013"]),
            ("123456  789012", &[]),
            ("1234567890\u{a1}12", &[]),
            ("123456789012\u{2030}123456789013", &["123456789012", "123456789013"]),
            (" -123456789012-", &["123456789012"]),
        ] {
            let mut found = Vec::new();
            for_each(text.as_bytes(), |digits| found.push(String::from_utf8(digits.to_vec()).unwrap()));
            assert_eq!(found, want, "{text}");
        }
    }
}
