//! Printable ASCII in UTF-16, of either byte order.

use super::BETWEEN;
use crate::cards::digits;

/// Two bytes for each digit of the shortest number.
const RUN_MIN: usize = 2 * digits::DIGITS_MIN;

/// Stretches of NUL and printable bytes by turns, without the NULs.
pub fn decode(data: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    while let Some((window, _)) = rest.split_at_checked(RUN_MIN) {
        // As in `runs`: a stretch that begins here covers the whole window.
        let back = by_turns(window.iter().rev());
        if back < RUN_MIN {
            rest = &rest[RUN_MIN - back..];
            continue;
        }
        let (run, after) = rest.split_at(by_turns(rest.iter()));
        out.push(BETWEEN);
        out.extend(run.iter().filter(|byte| **byte != 0));
        rest = after;
    }
}

/// How many bytes from the first on are NUL and printable by turns.
fn by_turns<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    let mut last = None;
    let is_next = |byte: &&u8| {
        let kind = **byte == 0;
        let fits = (kind || matches!(**byte, b' '..=b'~')) && last != Some(kind);
        last = Some(kind);
        fits
    };
    bytes.take_while(is_next).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(data: &[u8]) -> String {
        let mut out = Vec::new();
        decode(data, &mut out);
        out.escape_ascii().to_string()
    }

    #[test]
    fn both_byte_orders_are_read_wherever_they_stand() {
        let text = "number 123456789012";
        for before in 0..30 {
            for filler in [0, 1, b'x', 0xff] {
                let mut little = vec![filler; before];
                little.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                little.extend(b"\x01\x02");
                let mut big = vec![filler; before];
                big.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
                for data in [little, big] {
                    let found = decoded(&data);
                    assert!(found.contains("123456789012"), "{before} of {filler}: {found}");
                }
            }
        }
    }

    #[test]
    fn what_is_too_short_or_no_text_is_left_out() {
        let short: Vec<u8> = "12345678901".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&short), "");
        assert_eq!(decoded(&[0; 100]), "");
        assert_eq!(decoded(&[b'1'; 100]), "");
        assert_eq!(decoded(&b"\x011".repeat(50)), "");
    }
}
