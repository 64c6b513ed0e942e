use proptest::prelude::*;

use super::*;

fn percent(text: &str) -> Off {
    Off::Percent(Percent::parse(text).unwrap())
}

fn targets(amounts: &[i64]) -> Vec<Target> {
    amounts.iter().map(|&left| Target { left, applies: true }).collect()
}

#[test]
fn a_discount_is_rounded_once_and_spread_so_that_nothing_is_lost() {
    for (amounts, off, step, want) in [
        (&[1900][..], percent("50"), 1, &[950][..]),
        // Each third would be 33.33; one of them gets the cent that is missing.
        (&[100, 100, 100], Off::Amount(100), 1, &[34, 33, 33]),
        // Half of 5 is 2.5, rounded up once; half of each line, rounded by itself, would be 3 + 1 = 4 at 5 and 1.
        (&[1, 1, 1, 1, 1], percent("50"), 1, &[1, 1, 1, 0, 0]),
        (&[5, 1], percent("50"), 1, &[3, 0]),
        (&[1, 5], percent("50"), 1, &[0, 3]),
        (&[1000, 500], Off::Amount(5000), 1, &[1000, 500]),
        (&[0, 1000], percent("10"), 1, &[0, 100]),
        (&[], percent("10"), 1, &[]),
        // A credit is not touched, and counts when the sum must not fall below zero.
        (&[1000, -900], Off::Amount(500), 1, &[100, 0]),
        (&[1000, -900], percent("100"), 1, &[100, 0]),
        (&[1000, -2000], percent("50"), 1, &[0, 0]),
        // Dinars are charged in tens of fils.
        (&[1000, 500], percent("33.33"), 10, &[330, 170]),
        (&[1005, 500], percent("10"), 10, &[101, 50]),
        (&[i64::MAX, i64::MAX], percent("100"), 1, &[i64::MAX / 2 + 1, i64::MAX / 2]),
    ] {
        let mut lines = targets(amounts);
        let shares = take(&mut lines, off, step);
        assert_eq!(shares, want, "{off:?} of {amounts:?}");
        let left: Vec<i64> = lines.iter().map(|line| line.left).collect();
        let wanted: Vec<i64> = amounts.iter().zip(want).map(|(amount, share)| amount - share).collect();
        assert_eq!(left, wanted, "{off:?} of {amounts:?}");
    }
}

#[test]
fn a_line_that_it_does_not_apply_to_is_not_touched() {
    let mut lines = targets(&[1000, 1000]);
    lines[0].applies = false;
    assert_eq!(take(&mut lines, percent("25"), 1), [0, 250]);
    assert_eq!(take(&mut lines, Off::Amount(2000), 1), [0, 750]);
    assert_eq!((lines[0].left, lines[1].left), (1000, 0));
}

#[test]
fn several_discounts_take_from_what_is_left() {
    let mut lines = targets(&[1000]);
    assert_eq!(take(&mut lines, percent("10"), 1), [100]);
    assert_eq!(take(&mut lines, percent("10"), 1), [90]);
    assert_eq!(take(&mut lines, Off::Amount(500), 1), [500]);
    assert_eq!(take(&mut lines, Off::Amount(500), 1), [310]);
    assert_eq!(take(&mut lines, percent("100"), 1), [0]);
}

#[test]
fn months_end_by_the_calendar() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
    for (start, months, end) in [
        ("2027-01-31T10:00:00Z", 1, "2027-02-28T10:00:00Z"),
        ("2027-01-31T10:00:00Z", 3, "2027-04-30T10:00:00Z"),
        ("2028-01-31T23:59:59Z", 1, "2028-02-29T23:59:59Z"),
        ("2027-01-15T00:00:00Z", 12, "2028-01-15T00:00:00Z"),
    ] {
        assert_eq!(Duration::Repeating { months }.end(at(start)), Some(at(end)), "{start} + {months}");
    }
    assert_eq!(Duration::Once.end(0), None);
    assert_eq!(Duration::Forever.end(0), None);
    assert_eq!(Duration::Repeating { months: u32::MAX }.end(0), None);
}

fn an_off() -> impl Strategy<Value = Off> {
    prop_oneof![
        (1_u32..=10_000).prop_map(|parts| percent(&format!("{}.{:02}", parts / 100, parts % 100))),
        (1_i64..=200_000).prop_map(Off::Amount),
    ]
}

fn some_lines() -> impl Strategy<Value = Vec<Target>> {
    let line = (-5_000_i64..=50_000, any::<bool>()).prop_map(|(left, applies)| Target { left, applies });
    prop::collection::vec(line, 0..40)
}

proptest! {
    #[test]
    fn shares_sum_exactly_and_never_take_what_is_not_there(
        before in some_lines(),
        offs in prop::collection::vec(an_off(), 1..5),
        step in prop::sample::select(vec![1_i64, 10, 100]),
    ) {
        let mut lines: Vec<Target> =
            before.iter().map(|line| Target { left: line.left * step, ..*line }).collect();
        for off in offs {
            let was = lines.clone();
            let shares = take(&mut lines, off, step);
            let applying = was.iter().filter(|line| line.applies).map(|line| line.left.max(0));
            let base: i64 = applying.sum();
            let total = was.iter().map(|line| line.left).sum::<i64>().max(0);
            let wanted = match off {
                Off::Percent(percent) => percent.of(base, step),
                Off::Amount(amount) => amount / step * step,
            };
            prop_assert_eq!(shares.iter().sum::<i64>(), wanted.min(base).min(total));
            for ((was, line), share) in was.iter().zip(&lines).zip(&shares) {
                prop_assert!(*share >= 0 && share % step == 0);
                prop_assert!(*share == 0 || (was.applies && *share <= was.left));
                prop_assert_eq!(line.left, was.left - share);
            }
            prop_assert!(was.iter().map(|l| l.left).sum::<i64>() < 0 || lines.iter().map(|l| l.left).sum::<i64>() >= 0);
        }
    }

    #[test]
    fn what_a_line_gets_does_not_depend_on_where_it_stands(before in some_lines(), off in an_off(), by in 0_usize..40) {
        let mut lines = before.clone();
        let mut turned = before;
        let by = by.checked_rem(turned.len()).unwrap_or_default();
        turned.rotate_left(by);
        turned.reverse();
        let told = |lines: &[Target], shares: Vec<i64>| {
            let mut told: Vec<(i64, bool, i64)> =
                lines.iter().zip(shares).map(|(line, share)| (line.left + share, line.applies, share)).collect();
            told.sort_unstable();
            told
        };
        let (a, b) = (take(&mut lines, off, 1), take(&mut turned, off, 1));
        prop_assert_eq!(told(&lines, a), told(&turned, b));
    }

    #[test]
    fn shares_are_in_proportion_to_within_one(weights in prop::collection::vec(1_i64..=10_000, 1..20), off in 1_i64..=10_000) {
        let mut lines = targets(&weights);
        let sum: i64 = weights.iter().sum();
        let shares = take(&mut lines, Off::Amount(off), 1);
        for (weight, share) in weights.iter().zip(shares) {
            let below = off.min(sum) * weight / sum;
            prop_assert!(share == below || share == below + 1, "{} for {}", share, weight);
        }
    }
}
