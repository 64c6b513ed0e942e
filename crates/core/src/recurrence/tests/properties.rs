//! What holds for every schedule.

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const ZONES: [&str; 6] =
    ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland"];
const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn joined<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn month_days() -> impl Strategy<Value = String> {
    let days: Vec<i8> = (-31..=31).filter(|day| *day != 0).collect();
    subsequence(days, 1..=4).prop_map(|days| format!(";BYMONTHDAY={}", joined(&days)))
}

fn weekdays(plain: bool) -> impl Strategy<Value = String> {
    let nth = if plain { vec![""] } else { vec!["", "1", "2", "3", "4", "5", "-1", "-2", "-4", "-5"] };
    let all: Vec<String> =
        WEEKDAYS.iter().flat_map(|day| nth.iter().map(move |n| format!("{n}{day}"))).collect();
    subsequence(all, 1..=4).prop_map(|days| format!(";BYDAY={}", joined(&days)))
}

fn months() -> impl Strategy<Value = String> {
    subsequence((1..=12).collect::<Vec<i8>>(), 1..=5)
        .prop_map(|months| format!(";BYMONTH={}", joined(&months)))
}

fn positions() -> impl Strategy<Value = String> {
    subsequence(vec![-3, -2, -1, 1, 2, 3, 5], 1..=3).prop_map(|p| format!(";BYSETPOS={}", joined(&p)))
}

fn maybe(part: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::option::weighted(0.4, part).prop_map(Option::unwrap_or_default)
}

/// Rules of every shape; those that are refused are left out.
fn rule() -> impl Strategy<Value = String> {
    let of_month = |frequency: &'static str| {
        (1..=7_u8, maybe(months()), maybe(month_days()), maybe(weekdays(false)), maybe(positions()))
            .prop_map(move |(n, a, b, c, d)| format!("FREQ={frequency};INTERVAL={n}{a}{b}{c}{d}"))
    };
    prop_oneof![
        (1..=40_u8, maybe(months()), maybe(weekdays(true)), maybe(month_days()))
            .prop_map(|(n, a, b, c)| format!("FREQ=DAILY;INTERVAL={n}{a}{b}{c}")),
        (1..=9_u8, maybe(months()), maybe(weekdays(true)), maybe(positions()), select(&WEEKDAYS[..]))
            .prop_map(|(n, a, b, c, week)| format!("FREQ=WEEKLY;INTERVAL={n}{a}{b}{c};WKST={week}")),
        of_month("MONTHLY"),
        of_month("YEARLY"),
    ]
}

prop_compose! {
    fn recurrence()(
        rule in rule(),
        start in 0..40_000_i32,
        minute in 0..1_440_i16,
        zone_name in select(&ZONES[..]),
        month_end in select(&MonthEnd::ALL[..]),
        roll in select(&Roll::ALL[..]),
        fifth in select(&FifthWeekday::ALL[..]),
        count in proptest::option::of(1..200_i64),
    ) -> Option<Recurrence> {
        let rule = Rule::parse(&rule).ok()?;
        let rule = count.map_or(Ok(rule.clone()), |count| rule.counting(count)).ok()?;
        let start = jiff::civil::date(1990, 1, 1).checked_add(jiff::Span::new().days(start)).ok()?;
        let time = Time::midnight().checked_add(jiff::Span::new().minutes(minute)).ok()?;
        let fifth_weekday = rule.fifth_weekday().map(|_| fifth);
        Recurrence::new(Parts { rule, start, time, zone: zone(zone_name).ok()?, month_end, roll, fifth_weekday }).ok()
    }
}

fn some() -> impl Strategy<Value = Recurrence> {
    recurrence().prop_filter_map("refused", |recurrence| recurrence)
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn periods_follow_each_other_without_gap_or_overlap(recurrence in some()) {
        let all: Vec<Occurrence> = recurrence.occurrences_from(0, PLAIN).take(60).collect();
        prop_assert!(!all.is_empty());
        for occurrence in &all {
            prop_assert!(occurrence.date >= recurrence.start());
            prop_assert!(occurrence.date < occurrence.period_end);
            prop_assert!(occurrence.charge_date.duration_since(occurrence.date).abs() <= SignedDuration::from_hours(72));
        }
        for pair in all.windows(2) {
            prop_assert_eq!(pair[0].period_end, pair[1].date);
            prop_assert_eq!(pair[0].index + 1, pair[1].index);
            prop_assert!(pair[0].due <= pair[1].due, "{:?}", pair);
            if recurrence.roll() == Roll::None {
                prop_assert!(pair[0].due < pair[1].due, "{:?}", pair);
            }
        }
    }

    #[test]
    fn an_occurrence_is_found_by_its_number_as_in_the_walk(recurrence in some()) {
        for walked in recurrence.occurrences_from(0, PLAIN).take(80).step_by(13) {
            prop_assert_eq!(recurrence.occurrence(walked.index, PLAIN), Some(walked), "{}", recurrence);
        }
    }

    #[test]
    fn the_next_one_after_a_moment_is_the_first_that_is_due_later(recurrence in some(), step in 0..30_usize, seconds in -90_000..90_000_i64) {
        let all: Vec<Occurrence> = recurrence.occurrences_from(0, PLAIN).take(31).collect();
        let near = all[step.min(all.len() - 1)];
        for moment in [near.due, near.due - SignedDuration::from_secs(1), near.due + SignedDuration::from_secs(seconds)] {
            let want = recurrence.occurrences_from(0, PLAIN).find(|each| each.due > moment);
            prop_assert_eq!(recurrence.next_after(moment, PLAIN), want, "after {} in {}", moment, recurrence);
        }
    }

    #[test]
    fn a_schedule_is_read_as_it_was_printed(recurrence in some()) {
        let text = recurrence.to_string();
        prop_assert_eq!(Recurrence::parse(&text), Ok(recurrence.clone()));
        let rule = recurrence.rule().to_string();
        prop_assert_eq!(&Rule::parse(&rule).unwrap(), recurrence.rule());
        prop_assert!(!recurrence.describe().contains("  "));
    }

    #[test]
    fn no_text_brings_the_reader_down(text in "\\PC{0,80}", rule in "[A-Z=;,0-9-]{0,60}") {
        let _ = Recurrence::parse(&text);
        let _ = Rule::parse(&rule);
        let _ = Recurrence::parse(&format!("2027-01-31T09:00[UTC] {rule}"));
    }
}
