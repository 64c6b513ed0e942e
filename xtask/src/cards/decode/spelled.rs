//! Encodings that spell single characters and leave the others as they are.

use std::ops::Range;

use memchr::memchr;

use super::BETWEEN;
use crate::cards::borders::{self, REACH};

/// Two spelled characters further apart than this have nothing to do with each other.
const APART: usize = 4 * REACH;
/// Texts within texts: each level doubles the backslashes and adds one.
const BACKSLASHES_MAX: usize = 64;

/// Where a character is spelled, and the bytes that are meant.
struct Spelled {
    place: Range<usize>,
    meant: [u8; 4],
    length: usize,
}

impl Spelled {
    fn new(place: Range<usize>, bytes: &[u8]) -> Self {
        let mut meant = [0; 4];
        meant.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self { place, meant, length: bytes.len() }
    }
}

/// `%34` (RFC 3986).
pub fn percent(data: &[u8], out: &mut Vec<u8>) {
    rewrite(data, b'%', out, |data, start| {
        let byte = hexadecimal(data.get(start + 1..start + 3)?)?;
        Some(Spelled::new(start..start + 3, &[u8::try_from(byte).ok()?]))
    });
}

/// `=34`, and lines that go on after a `=` at their end (RFC 2045).
pub fn quoted_printable(data: &[u8], out: &mut Vec<u8>) {
    rewrite(data, b'=', out, |data, start| match data.get(start + 1..)? {
        [b'\n', ..] => Some(Spelled::new(start..start + 2, b"")),
        [b'\r', b'\n', ..] => Some(Spelled::new(start..start + 3, b"")),
        [one, two, ..] => {
            let byte = hexadecimal(&[*one, *two])?;
            Some(Spelled::new(start..start + 3, &[u8::try_from(byte).ok()?]))
        }
        _ => None,
    });
}

/// `\u0034` and `\x34`, in texts within texts with more backslashes.
pub fn escapes(data: &[u8], out: &mut Vec<u8>) {
    rewrite(data, b'\\', out, |data, start| {
        let backslashes =
            data.get(start..)?.iter().take(BACKSLASHES_MAX).take_while(|byte| **byte == b'\\').count();
        let letter = start + backslashes;
        match data.get(letter)? {
            b'u' => {
                let character = char::from_u32(hexadecimal(data.get(letter + 1..letter + 5)?)?)?;
                Some(Spelled::new(start..letter + 5, character.encode_utf8(&mut [0; 4]).as_bytes()))
            }
            b'x' => {
                let byte = hexadecimal(data.get(letter + 1..letter + 3)?)?;
                Some(Spelled::new(start..letter + 3, &[u8::try_from(byte).ok()?]))
            }
            _ => None,
        }
    });
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

/// Appends the data with what is spelled put in, but only the surroundings of such places: a number anywhere else is
/// seen without.
fn rewrite(data: &[u8], mark: u8, out: &mut Vec<u8>, spelled: impl Fn(&[u8], usize) -> Option<Spelled>) {
    let (mut copied, mut looked, mut any) = (0, 0, false);
    while let Some(start) = memchr(mark, &data[looked..]).map(|ahead| looked + ahead) {
        let Some(found) = spelled(data, start) else {
            looked = start + 1;
            continue;
        };
        if start - copied > APART {
            if any {
                out.extend_from_slice(&data[copied..end_of_surroundings(data, copied)]);
                out.push(BETWEEN);
            }
            let place = start - REACH;
            copied = borders::before(data, place, REACH).unwrap_or(place);
        }
        out.extend_from_slice(&data[copied..start]);
        out.extend_from_slice(&found.meant[..found.length]);
        (copied, looked, any) = (found.place.end, found.place.end, true);
    }
    if any {
        out.extend_from_slice(&data[copied..end_of_surroundings(data, copied)]);
    }
}

fn end_of_surroundings(data: &[u8], place: usize) -> usize {
    let end = (place + REACH).min(data.len());
    borders::after(data, end, REACH).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Decode = fn(&[u8], &mut Vec<u8>);

    fn text(decode: Decode, data: &[u8]) -> String {
        let mut out = Vec::new();
        decode(data, &mut out);
        out.escape_ascii().to_string()
    }

    #[test]
    fn characters_are_read_as_they_are_spelled() {
        let cases: [(Decode, &str, &str); 7] = [
            (percent, "a%34%2d%C3%a9b%", r"a4-\xc3\xa9b%"),
            (percent, "100% %zz %3", ""),
            (quoted_printable, "12=\r\n34=\n56=37=", "1234567="),
            (quoted_printable, "a=b, c=", ""),
            (escapes, r"\u0034\x35\u00a0\u2009z", r"45\xc2\xa0\xe2\x80\x89z"),
            (escapes, r"\\u0034\\\\x35", "45"),
            (escapes, r"\n \ud800 \x3", ""),
        ];
        for (decode, data, want) in cases {
            assert_eq!(text(decode, data.as_bytes()), want, "{data}");
        }
    }

    #[test]
    fn only_surroundings_are_kept_and_they_end_where_nothing_is_cut() {
        let far = "0123456789,".repeat(APART);
        let data = format!("{far}a%34b{far}c%35d{far}");
        let mut out = Vec::new();
        percent(data.as_bytes(), &mut out);
        let parts: Vec<&[u8]> = out.split(|byte| *byte == BETWEEN).collect();
        assert_eq!(parts.len(), 2);
        for (part, middle) in parts.iter().zip(["9,a4b0", "9,c5d0"]) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(part.starts_with("0123456789,") || part.starts_with(",0123456789"), "{}", &part[..20]);
            assert!(part.ends_with("0123456789,") || part.ends_with(",0123456789"));
            let place = part.find(middle).unwrap();
            assert!((REACH - 3..REACH + 20).contains(&place) && part.len() > 2 * REACH, "{place}");
        }
    }

    #[test]
    fn places_that_are_near_each_other_are_kept_with_everything_between() {
        let data = format!("%34{}%35", "x".repeat(APART));
        let mut out = Vec::new();
        percent(data.as_bytes(), &mut out);
        assert_eq!(out.len(), APART + 2);
    }
}
