//! Base64 of both alphabets, also where it is part of a longer word.

use std::sync::LazyLock;

use data_encoding::BASE64_NOPAD;

use super::BETWEEN;
use crate::cards::runs::{Class, runs};

/// Fewer characters hold no number, however it was cut.
const RUN_MIN: usize = 10;
const CHARACTER_BITS: usize = 6;
/// After so many characters a text begins at a whole byte again.
const GROUP: usize = 4;

static ALPHABET: LazyLock<Class> = LazyLock::new(|| {
    Class::of(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'))
});

/// All four beginnings: what stands before the text in the same run shifts it by whole characters.
pub fn decode(data: &[u8], out: &mut Vec<u8>) {
    let (mut padded, mut bits) = (Vec::new(), Vec::new());
    for run in runs(data, &ALPHABET, RUN_MIN) {
        padded.clear();
        padded.extend(run.iter().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        }));
        padded.resize(run.len().next_multiple_of(GROUP), b'A');
        bits.resize(padded.len() / GROUP * 3, 0);
        if BASE64_NOPAD.decode_mut(&padded, &mut bits).is_err() {
            continue; // never: all are of the alphabet
        }
        for skipped in 0..GROUP {
            out.push(BETWEEN);
            shifted(&bits, skipped * CHARACTER_BITS, run.len() * CHARACTER_BITS, out);
        }
    }
}

/// The whole bytes between one bit and another.
fn shifted(bits: &[u8], first: usize, end: usize, out: &mut Vec<u8>) {
    let count = (end - first) / 8;
    let bytes = &bits[first / 8..];
    match u32::try_from(first % 8).unwrap_or_default() {
        0 => out.extend_from_slice(&bytes[..count]),
        left => out.extend(bytes.windows(2).take(count).map(|pair| pair[0] << left | pair[1] >> (8 - left))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        decode(text.as_bytes(), &mut out);
        out.split(|byte| *byte == BETWEEN).skip(1).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn a_text_is_read_from_each_of_its_first_four_characters() {
        let parts = decoded("MTIzNDU2Nzg5MDEy");
        assert_eq!(parts[0], b"123456789012");
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [12, 11, 10, 9]);
        assert_eq!(decoded("xyMTIzNDU2Nzg5MDEy")[2], b"123456789012");
        assert_eq!(decoded("MTIzNDU2N"), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn both_alphabets_may_be_mixed_and_bits_that_fill_no_byte_are_left_out() {
        let mut out = Vec::new();
        decode(b"+-/_MTIzNDU2Nw", &mut out);
        assert_eq!(out[1..11], *b"\xfb\xef\xff1234567");
        assert_eq!(out[11], BETWEEN);
    }

    proptest! {
        #[test]
        fn it_is_the_decoding_of_every_tail(text in "[A-Za-z0-9+/]{10,40}") {
            let mut want = Vec::new();
            for skipped in 0..GROUP {
                let tail = &text[skipped..];
                // A single character in the last group holds no byte.
                let whole = if tail.len() % GROUP == 1 { &tail[..tail.len() - 1] } else { tail };
                want.push(BETWEEN);
                let mut lenient = data_encoding::Specification::new();
                lenient.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
                lenient.check_trailing_bits = false;
                want.extend(lenient.encoding().unwrap().decode(whole.as_bytes()).unwrap());
            }
            let mut out = Vec::new();
            decode(text.as_bytes(), &mut out);
            prop_assert_eq!(out, want);
        }
    }
}
