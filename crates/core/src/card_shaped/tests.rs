use proptest::prelude::*;

use super::*;

#[test]
fn card_numbers_are_found_however_people_write_them() {
    for text in [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "42 42 42 42 42 42 42 42",
        "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
        "card4242424242424242",
        "4242424242424242exp1227",
        "x.4242424242424242",
        "my card is 4242424242424242.",
        "room 12 4242 4242 4242 4242 12/27 123",
        "3782 822463 10005",
        "tel +378282246310005",
        "note=my+card+4242424242424242",
        "36227206271667",
        "4222222222222",
        "6799990100000000019",
        "2223003122003222",
        "3088000000000017",
        "{\"number\":\"5555555555554444\"}",
        "{\"number\":5555555555554444}",
        "order_4242424242424242",
        "pm_card_4242424242424242",
        "ref_holder4242424242424242holder",
        "C4242424242424242-424242-4242",
        "C1-4242-4242-4242-4242",
        "C1042-424242-4242-424242",
        "0042424242424242424242 4242424242424242",
        "12.34.4242424242424242",
        "-4242424242424242-",
        "Kärtchen•4242424242424242•",
    ] {
        assert!(contains(text.as_bytes()), "{text:?}");
        assert!(!contains(mask(text).as_bytes()), "{text:?}");
    }
}

#[test]
fn numbers_that_are_no_card_numbers_pass() {
    for text in [
        "",
        "4242424242424241",
        // A serial number with a right check sum, of no brand.
        "1234567890123452",
        "9999999999999995",
        // Right sum, but no length of the brand.
        "42424242424242424242424242424242",
        "424242424242424",
        "55555555555544445",
        // Two separators end a run.
        "4242  4242  4242  4242",
        "4242, 4242, 4242, 4242",
        "4242/4242/4242/4242",
        // Our label, alone and in a sentence.
        "C1042-424242-4242",
        "see C1042-424242-4242 (Exp: 12/2025).",
        "C4242-424242-4242",
        "C42-424242-4242.",
        // A version 4 UUID: 4123-8123-12345673 is a Visa number.
        "7e3a9c1e-5b0f-4123-8123-12345673abcd",
        "order-7e3a9c1e-5b0f-4123-8123-12345673abcd-1",
        // An id and a key that hold a number by chance, and a digest.
        "cus_1A4242424242424242xQz0123456789",
        "sk_test_onfile_4242424242424242aBcDeFgHiJkL",
        "9f4242424242424242e0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2",
        // A German mobile number: 13 digits that pass as an old Visa number.
        "+49 151 23456787",
        "+4915123456787",
        // Measurements.
        "0.4242424242424242",
        "{\"lat\":4.242424242424242}",
        "-0.4242424242424242,",
        // Dates and times.
        "2026-11-22 10.30.00",
        "1763805000000",
    ] {
        assert!(!contains(text.as_bytes()), "{text:?}");
        assert!(matches!(mask(text), Cow::Borrowed(same) if same == text), "{text:?}");
    }
}

#[test]
fn the_exempt_examples_would_be_found_without_their_shape() {
    for text in ["4123-8123-12345673", "49 151 23456787", "4915123456787", "4 242424242424242"] {
        assert!(contains(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn masking_keeps_the_last_four_digits_and_the_separators() {
    for (text, want) in [
        ("4242 4242 4242 4242", "**** **** **** 4242"),
        ("Karte 378282246310005!", "Karte ***********0005!"),
        ("a 4242424242424242, b 5555-5555-5555-4444", "a ************4242, b ****-****-****-4444"),
        ("4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "* * * * * * * * * * * * 4 2 4 2"),
        ("•4242424242424242•", "•************4242•"),
        // The last four digits of one number begin the next.
        ("4242 4242 4242 4242 4242 4242 4242", "**** **** **** **** **** **** 4242"),
        ("C1042-424242-4242 4242424242424242", "C1042-424242-4242 ************4242"),
    ] {
        assert_eq!(mask(text), want);
    }
}

#[test]
fn a_number_is_found_across_any_cut() {
    let text = b"note: 4242 4242 4242 4242 thanks";
    for cut in 0..text.len() {
        let (head, tail) = text.split_at(cut);
        let mut scanner = Scanner::new();
        scanner.push(head);
        scanner.push(tail);
        assert!(scanner.finish(), "cut at {cut}");
    }
}

#[test]
fn a_long_stream_is_searched_in_bounded_memory_up_to_its_last_byte() {
    let mut scanner = Scanner::new();
    for _ in 0..100 {
        assert!(!scanner.push(&b"7".repeat(10_000)));
        assert!(!scanner.push(&b"C1042-424242-4242 1234567890123452, ".repeat(300)));
    }
    assert!(!scanner.push(b", 4242424242424242"));
    assert!(scanner.finish());
}

/// Text of pieces that matter here: digits in groups, separators, valid numbers, exempt shapes, letters.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[0-9]{1,8}",
        4 => "[ .+-]",
        2 => "[ a-zA-Z_:,é•]{1,3}",
        2 => card_number(),
        1 => Just("C1042-424242-4242".to_owned()),
        1 => Just("7e3a9c1e-5b0f-4123-8123-12345673abcd".to_owned()),
        1 => Just("cus_1A4242424242424242xQz0123456789".to_owned()),
        1 => Just("+49 151 23456787".to_owned()),
        1 => Just("0.4242424242424242".to_owned()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A valid number of some brand, its groups now and then set apart.
fn card_number() -> impl Strategy<Value = String> {
    let start =
        prop::sample::select(vec![("4", 16), ("4", 13), ("51", 16), ("37", 15), ("36", 14), ("6011", 16)]);
    (start, any::<u64>(), prop::sample::select(vec!["", " ", "-", "."])).prop_map(
        |((prefix, length), seed, gap)| {
            let mut digits = format!("{prefix}{seed:020}").into_bytes();
            digits.truncate(length - 1);
            digits.push(b'0');
            while !luhn(&digits) {
                *digits.last_mut().unwrap() += 1;
            }
            let groups: Vec<&str> =
                digits.chunks(4).map(|group| std::str::from_utf8(group).unwrap()).collect();
            groups.join(gap)
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        contains(&bytes);
        mask(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_valid_number_between_other_things_is_found(
        before in "[a-z ]{0,5}[:,;!]",
        number in card_number(),
        after in "([:,;!]|[a-z])[a-z ]{0,5}",
    ) {
        // Except for a decimal number or the like: none of these contexts makes one.
        let text = format!("{before}{number}{after}");
        prop_assert!(contains(text.as_bytes()), "{text:?}");
    }

    #[test]
    fn masked_text_holds_nothing_card_shaped_and_is_changed_in_digits_alone(text in text()) {
        let masked = mask(&text);
        prop_assert!(!contains(masked.as_bytes()), "{text:?} became {masked:?}");
        let again = mask(&masked);
        prop_assert_eq!(again.as_ref(), masked.as_ref());
        prop_assert_eq!(matches!(&masked, Cow::Owned(_)), contains(text.as_bytes()));
        prop_assert_eq!(masked.len(), text.len());
        for (is, was) in masked.bytes().zip(text.bytes()) {
            prop_assert!(is == was || is == b'*' && was.is_ascii_digit());
        }
    }

    #[test]
    fn a_stream_gives_the_same_answer_as_the_whole(
        parts in prop::collection::vec(text(), 0..8),
        padding in 0_usize..1200,
        size in 1_usize..700,
    ) {
        let text = parts.join(&"y".repeat(padding));
        let mut scanner = Scanner::new();
        for piece in text.as_bytes().chunks(size) {
            scanner.push(piece);
        }
        prop_assert_eq!(scanner.finish(), contains(text.as_bytes()));
    }
}
