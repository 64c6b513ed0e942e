//! The search as a whole: everything that is planted is found, in every form and in two of them one upon the other.

use std::io::Write;
use std::sync::LazyLock;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::select;

use super::blocks::BLOCK_BYTES;
use super::found::{Form, Found};
use super::numbers::is_plain;
use super::search::{Search, Wanted};

static WANTED: LazyLock<Wanted> = LazyLock::new(|| Wanted::read(true).unwrap());
const PLAIN: &str = "000000000009";

fn search(data: &[u8]) -> Vec<String> {
    let mut found = Found::default();
    Search::new(&WANTED).bytes(data, Form::RAW, &mut found).unwrap();
    found.all().map(|(what, form)| format!("{what} ({form})")).collect()
}

type Encode = fn(&[u8]) -> Vec<u8>;

fn each(data: &[u8], spell: impl Fn(u8) -> String) -> Vec<u8> {
    data.iter().map(|byte| spell(*byte)).collect::<String>().into_bytes()
}

fn utf16(data: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    data.iter().flat_map(|byte| bytes(u16::from(*byte))).collect()
}

fn unless_letter(byte: u8, spell: impl Fn(u8) -> String) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { spell(byte) }
}

/// Compressed, they take half a byte each: longer than a block, and nothing among them is stored as it is.
pub fn shuffled_letters() -> Vec<u8> {
    let mix = |n: u32, factor: u32| (n ^ (n >> 15)).wrapping_mul(factor);
    let hashes = (0..800_000).map(|n| mix(mix(n + 1, 0x85eb_ca77), 0xc2b2_ae3d).to_be_bytes()[0]);
    hashes.map(|hash| b'g' + hash % 16).collect()
}

/// Each with a name.
const ENCODINGS: [(&str, Encode); 15] = [
    ("percent", |data| each(data, |byte| format!("%{byte:02X}"))),
    ("percent, as needed", |data| each(data, |byte| unless_letter(byte, |byte| format!("%{byte:02x}")))),
    ("quoted-printable", |data| each(data, |byte| format!("={byte:02X}"))),
    ("quoted-printable, as needed", |data| {
        let lines =
            data.chunks(5).map(|line| each(line, |byte| unless_letter(byte, |byte| format!("={byte:02X}"))));
        lines.collect::<Vec<_>>().join(&b"=\r\n"[..])
    }),
    ("escapes", |data| each(data, |byte| format!("\\x{byte:02x}"))),
    ("escapes, as needed", |data| each(data, |byte| unless_letter(byte, |byte| format!("\\\\x{byte:02x}")))),
    ("base64", |data| BASE64.encode(data).into_bytes()),
    ("base64, 1 before", |data| BASE64.encode(&[b"x", data].concat()).into_bytes()),
    ("base64, 2 before", |data| BASE64URL_NOPAD.encode(&[b"\xfb\xff", data].concat()).into_bytes()),
    ("hex", |data| HEXLOWER.encode(data).into_bytes()),
    ("hex at an odd place", |data| format!("A{}", HEXUPPER.encode(data)).into_bytes()),
    ("hex dump", |data| each(data, |byte| format!("{byte:02x} "))),
    ("utf-16, little end first", |data| utf16(data, u16::to_le_bytes)),
    ("utf-16, big end first", |data| utf16(data, u16::to_be_bytes)),
    ("gzip", |data| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }),
];

/// What is read of UTF-16 is printable ASCII.
fn makes_sense(name: &str, data: &[u8]) -> bool {
    !name.starts_with("utf-16") || data.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

fn grouped(number: &str, separator: &str) -> Vec<u8> {
    let groups: Vec<&[u8]> = number.as_bytes().chunks(4).collect();
    groups.join(separator.as_bytes())
}

/// As it is, in each encoding, and in each pair of them, with a name.
fn written(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("raw".to_owned(), text.to_vec())];
    for (inner, encode) in ENCODINGS.iter().filter(|(name, _)| makes_sense(name, text)) {
        let once = encode(text);
        for (outer, encode) in ENCODINGS.iter().filter(|(name, _)| makes_sense(name, &once)) {
            all.push((format!("{outer} of {inner}"), encode(&once)));
        }
        all.push(((*inner).to_owned(), once));
    }
    all
}

fn numbers() -> impl Strategy<Value = String> {
    let numbers = &WANTED.numbers;
    let all = numbers.published.iter().chain(&numbers.canaries).filter(|number| !is_plain(number));
    select(all.cloned().collect::<Vec<_>>())
}

const SEPARATORS: [&str; 7] = ["", " ", "-", "+", ".", "\u{a0}", "\u{2009}"];

#[test]
fn every_number_is_found_in_every_encoding_and_every_pair() {
    let numbers = &WANTED.numbers;
    let all = numbers.published.iter().chain(&numbers.canaries).filter(|number| !is_plain(number));
    for (number, separator) in all.zip(SEPARATORS.iter().cycle()) {
        let wanted = format!("number ending in {}", &number[number.len() - 4..]);
        for (name, text) in written(&grouped(number, separator)) {
            let data = [b"\xe9{\"a\":\"", &text[..], b"\"}\0"].concat();
            let found = search(&data).iter().any(|what| what.starts_with(&wanted));
            assert!(found, "{name}: {}", data.escape_ascii());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_no_number_is_not_found(data in prop::collection::vec(any::<u8>(), 0..200_000)) {
        let text = BASE64.encode(&data);
        for data in [&data[..], text.as_bytes()] {
            prop_assert!(search(data).iter().all(|what| !what.starts_with("number")));
        }
    }
}

proptest! {
    // Each case searches as many long texts as there are encodings, and twice as many.
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_number_is_found_at_whatever_place_of_a_long_text(
        number in numbers(),
        filler in select(vec!["{\"id\":\"pm_1\",\"n\":17}\n", "a line of words\n", "\0", "\u{fc}", "AAAA", "%41 "]),
        place in 0..400_000_usize,
    ) {
        let wanted = format!("number ending in {}", &number[number.len() - 4..]);
        let long = filler.as_bytes().repeat(450_000 / filler.len());
        for (name, encode) in ENCODINGS {
            let once = encode(number.as_bytes());
            for text in [BASE64.encode(&once).into_bytes(), once] {
                let data = [&long[..place], &text, &long[place..]].concat();
                prop_assert!(search(&data).iter().any(|what| what.starts_with(&wanted)), "{name} at {place}");
            }
        }
    }
}

#[test]
fn security_codes_are_found_in_every_encoding_and_every_pair() {
    for text in ["cvc=737", "{\"cvc\": \"7373\"}", "a security code 123."] {
        // Shorter than what is looked at in hexadecimal, base64 and UTF-16: it stands in a text.
        let text = format!("{{\"number\":\"\",\"note\":\"{text}\",\"x\":1}}");
        for (name, data) in written(text.as_bytes()) {
            assert!(search(&data).iter().any(|what| what.starts_with("security code")), "{name}: {text}");
        }
    }
}

#[test]
fn a_security_code_is_found_where_one_block_ends_and_the_next_begins() {
    let text = b"\"cvc\" : \"737\"";
    for place in BLOCK_BYTES - 2 * text.len()..BLOCK_BYTES + text.len() {
        let data = [&vec![b','; place], &text[..], &vec![b','; BLOCK_BYTES / 2]].concat();
        assert_ne!(search(&data), [""; 0], "{place}");
    }
}

#[test]
fn a_plain_number_is_found_by_itself_in_every_encoding_and_every_pair() {
    for separator in ["", " "] {
        let number = grouped(PLAIN, separator);
        for (name, data) in written(&[b"{\"account_number\":\"", &number[..], b"\"}"].concat()) {
            assert!(search(&data).iter().any(|what| what.contains("0009")), "{name}: {separator:?}");
        }
    }
}

#[test]
fn a_plain_number_is_no_part_of_a_counter() {
    let whole = |name: &str| ["escapes", "base64", "hex", "hex dump", "gzip"].contains(&name);
    for text in [
        format!("{{\"id\":\"1{PLAIN}\"}}"),
        format!("segment 000000010000{PLAIN}.partial"),
        format!("00000000-0000-0000-0000-{PLAIN}"),
    ] {
        assert_eq!(search(text.as_bytes()), [""; 0], "{text}");
        for (name, encode) in ENCODINGS.iter().filter(|(name, _)| whole(name)) {
            assert_eq!(search(&encode(text.as_bytes())), [""; 0], "{name}: {text}");
        }
    }
}

#[test]
fn counters_are_not_cut_into_plain_numbers() {
    for counter in [format!("1{PLAIN},"), format!("1{PLAIN}\n"), format!("segment 0000{PLAIN}\0\0")] {
        assert_eq!(search(counter.repeat(100_000).as_bytes()), [""; 0], "{counter}");
    }
}

#[test]
fn memory_is_searched_for_what_is_not_found_by_chance() {
    let wanted = Wanted::read(false).unwrap();
    let mut found = Found::default();
    let data = format!("cvc=737 {PLAIN} {PLAIN}\0 4000 0566 5566 5556");
    Search::new(&wanted).bytes(data.as_bytes(), Form::RAW, &mut found).unwrap();
    assert_eq!(found.all().map(|(what, _)| what).collect::<Vec<_>>(), ["number ending in 5556"]);
}

#[test]
fn a_large_compressed_text_is_searched_to_its_end_wherever_it_stands() {
    let (_, gzip) = ENCODINGS[14];
    let compressed = gzip(&[&shuffled_letters()[..], b" 4000056655665556"].concat());
    for (data, form) in [
        ([b"before ", &compressed[..]].concat(), "gzip"),
        (gzip(&[b"before ", &compressed[..]].concat()), "gzip, gzip"),
        ([b"{\"body\":\"", BASE64.encode(&compressed).as_bytes(), b"\"}"].concat(), "base64, gzip"),
    ] {
        assert!(data.len() > 350_000);
        assert_eq!(search(&data), [format!("number ending in 5556 ({form})")]);
    }
}

#[test]
fn the_form_that_is_named_is_the_plainest() {
    let number = "4000056655665556";
    assert_eq!(search(number.as_bytes()), ["number ending in 5556 (raw)"]);
    let once = BASE64.encode(number.as_bytes());
    assert_eq!(search(once.as_bytes()), ["number ending in 5556 (base64)"]);
    let twice = format!("{} {number}", HEXLOWER.encode(once.as_bytes()));
    assert_eq!(search(HEXLOWER.encode(once.as_bytes()).as_bytes()), ["number ending in 5556 (hex, base64)"]);
    assert_eq!(search(twice.as_bytes()), ["number ending in 5556 (raw)"]);
}
