//! Hexadecimal digits, joined or as in a dump: pairs with a space or colon in between.

use std::sync::LazyLock;

use data_encoding::HEXLOWER_PERMISSIVE;

use super::BETWEEN;
use crate::cards::runs::{Class, runs};

/// Two for each digit of the shortest number.
const DIGITS_MIN: usize = 24;

static ALPHABET: LazyLock<Class> =
    LazyLock::new(|| Class::of(|byte| byte.is_ascii_hexdigit() || is_separator(byte)));

/// Both beginnings: the text may stand behind an odd number of digits.
pub fn decode(data: &[u8], out: &mut Vec<u8>) {
    let mut digits = Vec::new();
    for run in runs(data, &ALPHABET, DIGITS_MIN) {
        for part in run.chunk_by(|one, other| !(is_separator(*one) && is_separator(*other))) {
            digits.clear();
            digits.extend(part.iter().filter(|byte| !is_separator(**byte)));
            if digits.len() < DIGITS_MIN {
                continue;
            }
            for skipped in 0..2 {
                out.push(BETWEEN);
                pairs(&digits[skipped..], out);
            }
        }
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b':')
}

fn pairs(digits: &[u8], out: &mut Vec<u8>) {
    let bytes = digits.len() / 2;
    let start = out.len();
    out.resize(start + bytes, 0);
    if HEXLOWER_PERMISSIVE.decode_mut(&digits[..bytes * 2], &mut out[start..]).is_err() {
        out.truncate(start); // never: all are of the alphabet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_from_both_beginnings_over_single_separators() {
        for (text, want) in [
            ("313233343536373839303132", &b"\xff123456789012\xff\x13#3CScs\x83\x93\x03\x13"[..]),
            ("a313233343536373839303132", b"\xff\xa3\x13#3CScs\x83\x93\x03\x13\xff123456789012"),
            ("31 32:33 34 35 36 37 38 39 30 4a 4B", b"\xff1234567890JK\xff\x13#3CScs\x83\x93\x04\xa4"),
            ("31323334353637383930313", b""),
            ("31 32 33 34 35 36  37 38 39 30 31 32", b""),
        ] {
            let mut out = Vec::new();
            decode(text.as_bytes(), &mut out);
            assert_eq!(out.escape_ascii().to_string(), want.escape_ascii().to_string(), "{text}");
        }
    }
}
