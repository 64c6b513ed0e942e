//! Which days.

use super::*;

#[test]
fn every_kind_of_rule_has_the_dates_that_people_expect() {
    for (start, rule, want) in [
        // Clamp, and return to the anchor.
        ("2027-01-31", "FREQ=MONTHLY;BYMONTHDAY=31", "2027-01-31 2027-02-28 2027-03-31 2027-04-30"),
        ("2027-01-31", "FREQ=MONTHLY", "2027-01-31 2027-02-28 2027-03-31 2027-04-30"),
        ("2028-01-30", "FREQ=MONTHLY;BYMONTHDAY=30", "2028-01-30 2028-02-29 2028-03-30"),
        ("2026-11-30", "FREQ=MONTHLY;INTERVAL=3", "2026-11-30 2027-02-28 2027-05-30 2027-08-30"),
        ("2027-08-31", "FREQ=MONTHLY;INTERVAL=6", "2027-08-31 2028-02-29 2028-08-31 2029-02-28"),
        ("2028-02-29", "FREQ=YEARLY", "2028-02-29 2029-02-28 2030-02-28 2031-02-28 2032-02-29"),
        ("2028-02-29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2028-02-29 2029-02-28 2030-02-28"),
        // The same without.
        ("2027-01-31", "FREQ=MONTHLY;BYMONTHDAY=31 month_end=skip", "2027-01-31 2027-03-31 2027-05-31"),
        ("2028-02-29", "FREQ=YEARLY month_end=skip", "2028-02-29 2032-02-29 2036-02-29"),
        // The last day is not day 28.
        ("2027-02-28", "FREQ=MONTHLY;BYMONTHDAY=-1", "2027-02-28 2027-03-31 2027-04-30"),
        ("2027-02-28", "FREQ=MONTHLY;BYMONTHDAY=28", "2027-02-28 2027-03-28 2027-04-28"),
        // Weekdays.
        ("2027-01-01", "FREQ=MONTHLY;BYDAY=1FR", "2027-01-01 2027-02-05 2027-03-05 2027-04-02"),
        ("2027-01-01", "FREQ=MONTHLY;BYDAY=-1FR", "2027-01-29 2027-02-26 2027-03-26"),
        ("2027-01-01", "FREQ=MONTHLY;BYDAY=5FR fifth_weekday=skip", "2027-01-29 2027-04-30 2027-07-30"),
        (
            "2027-01-01",
            "FREQ=MONTHLY;BYDAY=5FR fifth_weekday=last",
            "2027-01-29 2027-02-26 2027-03-26 2027-04-30",
        ),
        (
            "2027-01-01",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "2027-01-29 2027-02-26 2027-03-31 2027-04-30",
        ),
        ("2027-01-01", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "2027-01-01 2027-02-01 2027-03-01"),
        ("2027-01-01", "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "2027-08-13 2028-10-13 2029-04-13"),
        // Weeks: the anchor says which of them, and which weekday if the rule does not.
        ("2027-01-06", "FREQ=WEEKLY;BYDAY=FR", "2027-01-08 2027-01-15"),
        ("2027-01-06", "FREQ=WEEKLY", "2027-01-06 2027-01-13"),
        ("2027-01-08", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2027-01-08 2027-01-22"),
        ("1997-08-05", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "1997-08-05 1997-08-10 1997-08-19 1997-08-24"),
        (
            "1997-08-05",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            "1997-08-05 1997-08-17 1997-08-19 1997-08-31",
        ),
        // Days, years, and months left out.
        ("2027-01-30", "FREQ=DAILY;INTERVAL=10", "2027-01-30 2027-02-09 2027-02-19"),
        ("2027-01-01", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2027-01-01 2027-01-04 2027-01-05"),
        ("2027-01-31", "FREQ=DAILY;BYMONTHDAY=31", "2027-01-31 2027-02-28 2027-03-31"),
        ("2027-01-01", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=15", "2027-06-15 2028-06-15"),
        ("2027-01-01", "FREQ=YEARLY;BYMONTH=3,11;BYDAY=2SU", "2027-03-14 2027-11-14 2028-03-12"),
        ("2027-01-31", "FREQ=MONTHLY;BYMONTH=1,4;BYMONTHDAY=31", "2027-01-31 2027-04-30 2028-01-31"),
        ("2027-01-15", "FREQ=MONTHLY;BYMONTHDAY=1,15", "2027-01-15 2027-02-01 2027-02-15"),
        ("2027-01-15", "FREQ=YEARLY;BYDAY=FR;BYSETPOS=-1", "2027-12-31 2028-12-29"),
    ] {
        let recurrence = from(start, rule);
        let want: Vec<&str> = want.split(' ').collect();
        assert_eq!(dates(&recurrence, want.len()), want, "{start} {rule}");
    }
}

#[test]
fn a_schedule_ends_where_it_says() {
    for (rule, want) in [
        ("FREQ=MONTHLY;COUNT=2", "2027-01-31 2027-02-28"),
        ("FREQ=MONTHLY;COUNT=1", "2027-01-31"),
        ("FREQ=MONTHLY;UNTIL=20270331", "2027-01-31 2027-02-28 2027-03-31"),
        ("FREQ=MONTHLY;UNTIL=20270330", "2027-01-31 2027-02-28"),
        ("FREQ=MONTHLY;UNTIL=20270131", "2027-01-31"),
    ] {
        let recurrence = from("2027-01-31", rule);
        let want: Vec<&str> = want.split(' ').collect();
        assert_eq!(dates(&recurrence, 9), want, "{rule}");
        let count = u32::try_from(want.len()).unwrap();
        assert_eq!(recurrence.occurrence(count, PLAIN), None, "{rule}");
        let last = recurrence.occurrence(count - 1, PLAIN).unwrap();
        assert!(last.period_end > last.date, "the last period is as long as the others: {rule}");
        assert_eq!(recurrence.next_after(last.due, PLAIN), None, "{rule}");
    }
}

#[test]
fn a_charge_moves_to_a_business_day_and_its_period_does_not() {
    let holidays = [date("2027-05-03").unwrap(), date("2027-12-31").unwrap()];
    // Sat 1 May, Mon 31 May, Thu 1 July, Sat 31 July, Fri 31 December 2027.
    for (start, roll, without, with) in [
        ("2027-05-01", "none", "2027-05-01", "2027-05-01"),
        ("2027-05-01", "next_business", "2027-05-03", "2027-05-04"),
        ("2027-05-01", "prev_business", "2027-04-30", "2027-04-30"),
        ("2027-05-01", "modified_following", "2027-05-03", "2027-05-04"),
        ("2027-05-31", "next_business", "2027-05-31", "2027-05-31"),
        ("2027-07-31", "next_business", "2027-08-02", "2027-08-02"),
        ("2027-07-31", "modified_following", "2027-07-30", "2027-07-30"),
        ("2027-12-31", "modified_following", "2027-12-31", "2027-12-30"),
        ("2027-12-31", "next_business", "2027-12-31", "2028-01-03"),
    ] {
        let roll = if roll == "none" { String::new() } else { format!(" roll={roll}") };
        let recurrence = from(start, &format!("FREQ=MONTHLY{roll}"));
        for (days, want) in [(PLAIN, without), (BusinessDays::without(&holidays), with)] {
            let first = recurrence.occurrence(0, days).unwrap();
            assert_eq!(first.charge_date.to_string(), want, "{start}{roll}");
            assert_eq!(first.date.to_string(), start);
            assert_eq!(first.period_end, recurrence.occurrence(1, days).unwrap().date);
        }
    }
}

#[test]
fn the_thousandth_occurrence_of_any_rule_is_the_thousandth_of_the_walk() {
    for rule in [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;BYDAY=MO,FR",
        "FREQ=DAILY;BYDAY=MO,FR",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR;INTERVAL=2",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYMONTH=1,2",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1",
        "FREQ=MONTHLY;BYMONTHDAY=1,15,31",
        "FREQ=MONTHLY;BYMONTHDAY=-31,-1",
        "FREQ=MONTHLY;BYMONTHDAY=28,31",
        "FREQ=MONTHLY;BYMONTHDAY=15,-15",
        "FREQ=MONTHLY;BYMONTH=2,6;BYMONTHDAY=29;INTERVAL=5",
        "FREQ=MONTHLY;BYMONTH=2,6;BYMONTHDAY=29 month_end=skip",
        "FREQ=MONTHLY;BYDAY=1FR,3FR",
        "FREQ=MONTHLY;BYDAY=4FR,-1FR",
        "FREQ=MONTHLY;BYDAY=5FR fifth_weekday=last",
        "FREQ=MONTHLY;BYDAY=4FR,5FR fifth_weekday=last",
        "FREQ=MONTHLY;BYDAY=FR",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5",
        "FREQ=YEARLY;BYDAY=MO;BYSETPOS=52,-1",
        "FREQ=YEARLY;BYMONTHDAY=31",
        "FREQ=YEARLY",
    ] {
        let rule =
            rule.split_once(' ').map_or_else(|| canonical(rule, ""), |(rule, more)| canonical(rule, more));
        let recurrence = from("2027-01-29", &rule);
        let walked: Vec<Occurrence> = recurrence.occurrences_from(0, PLAIN).take(1_001).collect();
        for (index, want) in walked.iter().enumerate() {
            let index = u32::try_from(index).unwrap();
            assert_eq!(want.index, index, "{rule}");
            if index % 97 == 0 || !(30..990).contains(&index) {
                assert_eq!(recurrence.occurrence(index, PLAIN).as_ref(), Some(want), "{index} of {rule}");
            }
        }
        assert!(walked.len() > 150, "{rule}");
    }
}

fn canonical(rule: &str, more: &str) -> String {
    format!("{} {more}", Rule::parse(rule).unwrap()).trim_end().to_owned()
}

#[test]
fn a_far_number_costs_no_walk() {
    let yearly = Recurrence::every(Frequency::Yearly, 1, at("2027-03-01T00:00:00Z")).unwrap();
    let found = yearly.occurrence(7_000, PLAIN).unwrap();
    assert_eq!(found.date.to_string(), "9027-03-01");
    assert_eq!(yearly.occurrence(u32::MAX, PLAIN), None);
    let daily = from("2027-01-01", "FREQ=DAILY");
    assert_eq!(
        daily.occurrence(2_000_000, PLAIN).unwrap().date,
        date("2027-01-01").unwrap().checked_add(jiff::Span::new().days(2_000_000)).unwrap()
    );
    assert_eq!(daily.occurrence(u32::MAX, PLAIN), None);
    assert_eq!(daily.next_after(Timestamp::MAX, PLAIN), None);
}

#[test]
fn stripes_intervals_are_schedules_too() {
    for (interval, count, anchor, want) in [
        (
            "month",
            1,
            "2027-01-31T15:04:05Z",
            "2027-01-31T15:04:05Z 2027-02-28T15:04:05Z 2027-03-31T15:04:05Z",
        ),
        (
            "month",
            3,
            "2026-11-30T00:00:00Z",
            "2026-11-30T00:00:00Z 2027-02-28T00:00:00Z 2027-05-30T00:00:00Z",
        ),
        ("year", 1, "2028-02-29T23:59:59Z", "2028-02-29T23:59:59Z 2029-02-28T23:59:59Z"),
        ("week", 2, "2027-03-10T12:00:00Z", "2027-03-10T12:00:00Z 2027-03-24T12:00:00Z"),
        ("day", 30, "2027-03-10T12:00:00Z", "2027-03-10T12:00:00Z 2027-04-09T12:00:00Z"),
    ] {
        let frequency = Frequency::from_interval(interval).unwrap();
        let recurrence = Recurrence::every(frequency, count, at(anchor)).unwrap();
        let due = recurrence.occurrences_from(0, PLAIN).map(|each| each.due.to_string());
        let want: Vec<&str> = want.split(' ').collect();
        assert_eq!(due.take(want.len()).collect::<Vec<_>>(), want, "{count} {interval}");
        assert_eq!(Recurrence::parse(&recurrence.to_string()).as_ref(), Ok(&recurrence));
    }
}
