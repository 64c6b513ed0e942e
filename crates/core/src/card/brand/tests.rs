use proptest::prelude::*;

use super::*;

#[test]
fn the_longest_prefix_decides_the_brand() {
    for (digits, want) in [
        ("4", Some(Brand::Visa)),
        ("4242424242424242", Some(Brand::Visa)),
        ("510510", Some(Brand::Mastercard)),
        ("559999", Some(Brand::Mastercard)),
        ("222099", None),
        ("222100", Some(Brand::Mastercard)),
        ("272099", Some(Brand::Mastercard)),
        ("272100", None),
        ("2221", None),
        ("220000", Some(Brand::Mir)),
        ("220499", Some(Brand::Mir)),
        ("220500", None),
        ("340000", Some(Brand::Amex)),
        ("370000", Some(Brand::Amex)),
        ("350000", None),
        ("352800", Some(Brand::Jcb)),
        ("358999", Some(Brand::Jcb)),
        ("359000", None),
        ("308800", Some(Brand::Jcb)),
        ("309499", Some(Brand::Jcb)),
        ("309500", Some(Brand::Diners)),
        ("309600", Some(Brand::Jcb)),
        ("300000", Some(Brand::Diners)),
        ("305999", Some(Brand::Diners)),
        ("306000", None),
        ("360000", Some(Brand::Diners)),
        ("390000", Some(Brand::Diners)),
        ("601100", Some(Brand::Discover)),
        ("644000", Some(Brand::Discover)),
        ("650000", Some(Brand::Discover)),
        ("640000", None),
        ("620000", Some(Brand::UnionPay)),
        // Discover's cards under UnionPay's prefix are UnionPay's to the reader.
        ("622126", Some(Brand::UnionPay)),
        ("810000", Some(Brand::UnionPay)),
        ("817199", Some(Brand::UnionPay)),
        ("817200", None),
        ("501800", Some(Brand::Maestro)),
        ("589300", Some(Brand::Maestro)),
        ("581700", Some(Brand::Maestro)),
        ("581801", None),
        ("670000", Some(Brand::Maestro)),
        ("600000", None),
        ("6", None),
        ("123456", None),
        ("", None),
        ("x4", None),
    ] {
        assert_eq!(Brand::of(digits.as_bytes()), want, "{digits}");
    }
}

#[test]
fn rows_stand_longest_prefix_first_and_none_is_hidden_by_another_brands() {
    assert!(PREFIXES.is_sorted_by(|a, b| a.digits >= b.digits));
    for row in PREFIXES {
        assert!(row.low <= row.high && row.high < 10_u32.pow(u32::try_from(row.digits).unwrap()));
        for value in [row.low, row.high] {
            let digits = format!("{value:0width$}", width = row.digits);
            assert_eq!(Brand::of(digits.as_bytes()), Some(row.brand), "{digits}");
        }
    }
}

#[test]
fn every_brand_has_its_row_and_its_words() {
    for (brand, word, name) in [
        (Brand::Visa, "visa", "Visa"),
        (Brand::Mastercard, "mastercard", "Mastercard"),
        (Brand::Amex, "amex", "American Express"),
        (Brand::Discover, "discover", "Discover"),
        (Brand::Diners, "diners", "Diners Club"),
        (Brand::Jcb, "jcb", "JCB"),
        (Brand::UnionPay, "unionpay", "UnionPay"),
        (Brand::Maestro, "maestro", "Maestro"),
        (Brand::Mir, "mir", "Mir"),
        (Brand::Unknown, "unknown", "Card"),
    ] {
        assert_eq!((brand.as_str(), brand.to_string().as_str()), (word, name));
        assert_eq!(Brand::parse(word), Some(brand));
        assert!(SCHEMES.iter().filter(|s| s.brand == brand).count() == 1);
    }
    assert_eq!(SCHEMES.len(), 10);
    assert!(SCHEMES.iter().all(|s| s.lengths.is_sorted()));
    let lengths = || SCHEMES.iter().flat_map(|s| s.lengths.iter().copied());
    assert_eq!((lengths().min(), lengths().max()), (Some(LENGTH_MIN), Some(LENGTH_MAX)));
}

#[test]
fn lengths_and_security_codes_are_the_brands_own() {
    for (brand, length, fits) in [
        (Brand::Visa, 13, true),
        (Brand::Visa, 14, false),
        (Brand::Visa, 19, true),
        (Brand::Mastercard, 17, false),
        (Brand::Amex, 15, true),
        (Brand::Amex, 16, false),
        (Brand::Diners, 14, true),
        (Brand::Maestro, 12, true),
        (Brand::Unknown, 16, false),
    ] {
        assert_eq!(brand.accepts_length(length), fits, "{brand} {length}");
        assert!(!fits || (brand.length_min()..=brand.length_max()).contains(&length));
    }
    assert!(Brand::Amex.accepts_cvc_length(4) && !Brand::Amex.accepts_cvc_length(3));
    assert!(Brand::Visa.accepts_cvc_length(3) && !Brand::Visa.accepts_cvc_length(4));
    assert!(Brand::Maestro.cvc_may_be_missing() && !Brand::Visa.cvc_may_be_missing());
    assert_eq!(Brand::UnionPay.luhn_rule(), LuhnRule::Advisory);
    assert_eq!(Brand::Visa.luhn_rule(), LuhnRule::Required);
}

#[test]
fn luhn_is_false_for_what_is_no_number() {
    for (digits, want) in [("0", true), ("18", true), ("4242424242424242", true), ("4242424242424241", false)]
    {
        assert_eq!(luhn(digits.as_bytes()), want, "{digits}");
    }
    assert!(!luhn(b"") && !luhn(b"4242x42424242424") && !luhn(b"4242 4242 4242 4242"));
}

proptest! {
    #[test]
    fn luhn_notices_every_single_wrong_digit(mut digits in "[0-9]{12,19}".prop_map(String::into_bytes), at: prop::sample::Index, by in 1_u8..=9) {
        let place = at.index(digits.len());
        let was = luhn(&digits);
        digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
        prop_assert!(!(was && luhn(&digits)));
    }

    #[test]
    fn exactly_one_check_digit_is_right(body in "[0-9]{11,18}") {
        let right = (b'0'..=b'9').filter(|check| luhn(&[body.as_bytes(), &[*check]].concat())).count();
        prop_assert_eq!(right, 1);
    }

    #[test]
    fn no_bytes_make_the_brand_table_panic(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
        Brand::of(&bytes);
        luhn(&bytes);
    }
}
