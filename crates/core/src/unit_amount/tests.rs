use proptest::prelude::*;

use super::*;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

#[test]
fn a_price_is_kept_to_the_last_of_twelve_decimals_and_written_without_needless_zeros() {
    for (text, want, minor) in [
        ("0", "0", Some(0)),
        ("2000", "2000", Some(2000)),
        ("2000.00", "2000", Some(2000)),
        ("007", "7", Some(7)),
        ("0.5", "0.5", None),
        ("0.50", "0.5", None),
        ("12.000000000001", "12.000000000001", None),
        ("0.0000000000010000", "0.000000000001", None),
        ("99999999", "99999999", Some(99_999_999)),
        ("99999999.000000000000", "99999999", Some(99_999_999)),
    ] {
        let amount = UnitAmount::parse(text).unwrap();
        assert_eq!((amount.to_string().as_str(), amount.minor()), (want, minor), "{text}");
        let json = serde_json::to_string(&amount).unwrap();
        assert_eq!(json, format!("\"{want}\""));
        assert_eq!(serde_json::from_str::<UnitAmount>(&json).unwrap(), amount);
    }
}

#[test]
fn what_is_no_price_is_told_why() {
    use UnitAmountError::{NotADecimal, TooLarge, TooPrecise};
    for (text, want) in [
        ("", NotADecimal),
        (".", NotADecimal),
        (".5", NotADecimal),
        ("5.", NotADecimal),
        ("-1", NotADecimal),
        ("+1", NotADecimal),
        ("1e3", NotADecimal),
        ("1,5", NotADecimal),
        ("1.2.3", NotADecimal),
        (" 1", NotADecimal),
        ("٣", NotADecimal),
        ("0.0000000000001", TooPrecise),
        ("99999999.000000000001", TooLarge),
        ("100000000", TooLarge),
        ("340282366920938463463374607431768211456", TooLarge),
        ("9999999999999999999999999999999999999999999999", TooLarge),
    ] {
        assert_eq!(UnitAmount::parse(text), Err(want), "{text:?}");
    }
    assert!(serde_json::from_str::<UnitAmount>("\"1e3\"").is_err());
}

#[test]
fn a_whole_price_can_be_charged_as_it_is() {
    use UnitAmountError::{Negative, NotAMultiple, TooLarge};
    for (minor, code, want) in [
        (0, "usd", Ok(0)),
        (2900, "usd", Ok(2900)),
        (99_999_999, "jpy", Ok(99_999_999)),
        (100_000_000, "usd", Err(TooLarge)),
        (i64::MAX, "usd", Err(TooLarge)),
        (-1, "usd", Err(Negative)),
        (i64::MIN, "kwd", Err(Negative)),
        (29_010, "kwd", Ok(29_010)),
        (29_005, "kwd", Err(NotAMultiple { step: 10 })),
        (150, "isk", Err(NotAMultiple { step: 100 })),
    ] {
        let whole = UnitAmount::whole(minor, currency(code));
        assert_eq!(whole.map(|amount| amount.minor().unwrap()), want, "{minor} {code}");
    }
}

#[test]
fn a_line_is_rounded_once_half_up_to_what_can_be_charged() {
    for (unit, quantity, code, want) in [
        ("2900", 1, "usd", Some(2900)),
        ("2900", 3, "usd", Some(8700)),
        ("2900", 0, "usd", Some(0)),
        ("0", 1_000_000, "usd", Some(0)),
        ("0.5", 1, "usd", Some(1)),
        ("0.5", 3, "usd", Some(2)),
        ("0.5", 2, "usd", Some(1)),
        ("0.499999999999", 1, "usd", Some(0)),
        ("0.000000000001", 499_999_999_999, "usd", Some(0)),
        ("0.000000000001", 500_000_000_000, "usd", Some(1)),
        ("33.333333333333", 3, "usd", Some(100)),
        ("1.5", 1, "jpy", Some(2)),
        ("100.4", 10, "jpy", Some(1004)),
        ("4.9", 1, "kwd", Some(0)),
        ("5", 1, "kwd", Some(10)),
        ("5", 3, "kwd", Some(20)),
        ("1234.5", 2, "kwd", Some(2470)),
        ("49.9", 1, "isk", Some(0)),
        ("50", 1, "isk", Some(100)),
        ("99999999", 92_233_721_290, "usd", Some(9_223_372_036_766_278_710)),
        ("99999999", 92_233_721_291, "usd", None),
        ("99999999", u64::MAX, "usd", None),
    ] {
        let line = UnitAmount::parse(unit).unwrap().line(quantity, currency(code));
        let want = want.map(|minor| Money::new(minor, currency(code))).ok_or(MoneyError::Overflow);
        assert_eq!(line, want, "{quantity} x {unit} {code}");
    }
}

proptest! {
    #[test]
    fn a_line_is_within_half_a_step_of_the_exact_product(
        parts in 0..=99_999_999_000_000_000_000_u128,
        quantity in 0..1_000_000_u64,
        code in prop::sample::select(vec!["usd", "jpy", "kwd", "isk"]),
    ) {
        let (unit, currency) = (UnitAmount(parts), currency(code));
        let line = unit.line(quantity, currency).unwrap();
        prop_assert_eq!(line.minor % currency.step(), 0);
        let charged = u128::try_from(line.minor).unwrap() * PARTS;
        let half_a_step = u128::from(currency.step().unsigned_abs()) * PARTS / 2;
        let exact = parts * u128::from(quantity);
        prop_assert!(charged <= exact + half_a_step && exact < charged + half_a_step);
    }

    #[test]
    fn what_is_written_is_read_back(parts in 0..=99_999_999_000_000_000_000_u128) {
        prop_assert_eq!(UnitAmount::parse(&UnitAmount(parts).to_string()), Ok(UnitAmount(parts)));
    }
}
