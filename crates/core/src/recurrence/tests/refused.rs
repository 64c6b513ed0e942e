//! What is no schedule, and what is said about it.

use super::*;

/// Rules, and what is said of them.
const RULES: &[(&str, &str)] = &[
    ("", "\"\" is not a part of a rule: a rule reads like FREQ=MONTHLY;BYMONTHDAY=15"),
    ("FREQ=MONTHLY;", "\"\" is not a part of a rule: a rule reads like FREQ=MONTHLY;BYMONTHDAY=15"),
    ("INTERVAL=2", "the rule says no FREQ: it is one of DAILY, WEEKLY, MONTHLY and YEARLY"),
    ("FREQ=HOURLY", "FREQ=HOURLY is not possible: it is one of DAILY, WEEKLY, MONTHLY and YEARLY"),
    ("FREQ=monthly", "FREQ=monthly is not possible: it is one of DAILY, WEEKLY, MONTHLY and YEARLY"),
    ("FREQ=MONTHLY;FREQ=DAILY", "the rule says FREQ more than once"),
    (
        "FREQ=MONTHLY; INTERVAL=2",
        "a rule has no part \" INTERVAL\": there are FREQ, INTERVAL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, WKST, COUNT, UNTIL",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=0",
        "INTERVAL=0 is not possible: with FREQ=MONTHLY it is a whole number from 1 to 120",
    ),
    (
        "FREQ=YEARLY;INTERVAL=11",
        "INTERVAL=11 is not possible: with FREQ=YEARLY it is a whole number from 1 to 10",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=+2",
        "INTERVAL=+2 is not possible: with FREQ=MONTHLY it is a whole number from 1 to 120",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "BYMONTHDAY=32 is not possible: it holds whole numbers from 1 to 31, or from -31 to -1 counted from the end",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "BYMONTHDAY=0 is not possible: it holds whole numbers from 1 to 31, or from -31 to -1 counted from the end",
    ),
    ("FREQ=MONTHLY;BYMONTHDAY=1,1", "BYMONTHDAY=1,1 is not possible: it names one of them twice"),
    ("FREQ=MONTHLY;BYMONTH=13", "BYMONTH=13 is not possible: it holds whole numbers from 1 to 12"),
    (
        "FREQ=MONTHLY;BYDAY=6FR",
        "BYDAY=6FR is not possible: it holds weekdays such as FR, 1FR for the first of a month, up to 5FR, or -1FR for the last",
    ),
    (
        "FREQ=MONTHLY;BYDAY=+1FR",
        "BYDAY=+1FR is not possible: it holds weekdays such as FR, 1FR for the first of a month, up to 5FR, or -1FR for the last",
    ),
    ("FREQ=MONTHLY;BYDAY=FR,FR", "BYDAY=FR,FR is not possible: it names one of them twice"),
    ("FREQ=MONTHLY;WKST=FRI", "WKST=FRI is not possible: it is one of MO, TU, WE, TH, FR, SA, SU"),
    ("FREQ=MONTHLY;COUNT=0", "COUNT=0 is not possible: it is a whole number from 1 to 100000"),
    (
        "FREQ=MONTHLY;UNTIL=20270230",
        "UNTIL=20270230 is not possible: it is the last local date, written as 20271231",
    ),
    (
        "FREQ=MONTHLY;UNTIL=20271231T235959Z",
        "UNTIL=20271231T235959Z is not possible: it is the last local date, written as 20271231",
    ),
    ("FREQ=MONTHLY;COUNT=3;UNTIL=20271231", "the rule says both COUNT and UNTIL: it can have one end only"),
    (
        "FREQ=WEEKLY;BYDAY=1FR",
        "BYDAY=1FR counts within a month: it needs FREQ=MONTHLY, or FREQ=YEARLY with BYMONTH",
    ),
    (
        "FREQ=YEARLY;BYDAY=1FR",
        "BYDAY=1FR counts within a month: it needs FREQ=MONTHLY, or FREQ=YEARLY with BYMONTH",
    ),
    (
        "FREQ=WEEKLY;BYMONTHDAY=15",
        "BYMONTHDAY cannot stand with FREQ=WEEKLY: a week has no days of the month",
    ),
    (
        "FREQ=MONTHLY;BYSETPOS=1",
        "BYSETPOS chooses among the days of a period: it needs BYDAY or BYMONTHDAY, and no FREQ=DAILY",
    ),
    (
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "BYMONTHDAY=31 does not exist in any month of BYMONTH=4: for a month's last day write BYMONTHDAY=-1",
    ),
    (
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "BYMONTHDAY=30 does not exist in any month of BYMONTH=2: for a month's last day write BYMONTHDAY=-1",
    ),
];

#[test]
fn an_impossible_rule_is_refused_with_the_reason() {
    for (rule, want) in RULES {
        assert_eq!(Rule::parse(rule).unwrap_err().to_string(), *want, "{rule}");
    }
    assert_eq!(Rule::parse(&format!("FREQ=DAILY;X={}", "x".repeat(500))), Err(RuleError::TooLong));
}

#[test]
fn an_impossible_schedule_is_refused_with_the_reason() {
    for (text, want) in [
        (
            "2027-01-31T09:00[America/New_York] FREQ=MONTHLY;UNTIL=20270130",
            "the schedule ends on 2027-01-30, before its start on 2027-01-31",
        ),
        (
            "2027-01-31T09:00[America/New_York] FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20270214",
            "the schedule never occurs: it ends on 2027-02-14, before its first occurrence on 2027-02-15",
        ),
        (
            "2027-01-31T09:00[America/New_York] FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
            "the schedule never occurs: no day within 100 years of its start fits the rule",
        ),
        (
            "2027-02-28T09:00[America/New_York] FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2MO",
            "the schedule never occurs: no day within 100 years of its start fits the rule",
        ),
        (
            "2027-02-01T09:00[America/New_York] FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30 month_end=skip",
            "the schedule never occurs: no day within 100 years of its start fits the rule",
        ),
        (
            "1995-10-26T00:00[UTC] FREQ=DAILY;INTERVAL=36;BYMONTH=11;BYMONTHDAY=-2;BYDAY=SU",
            "the schedule occurs too rarely: more than 100 years lie between its first two days",
        ),
        (
            "2027-01-31T09:00[America/New_Yrok] FREQ=MONTHLY",
            "there is no time zone \"America/New_Yrok\": use a name such as America/New_York, Europe/Berlin or UTC",
        ),
        (
            "2027-01-31T09:00[america/new_york] FREQ=MONTHLY",
            "there is no time zone \"america/new_york\": use a name such as America/New_York, Europe/Berlin or UTC",
        ),
        (
            "2027-01-31T09:00[+05:00] FREQ=MONTHLY",
            "there is no time zone \"+05:00\": use a name such as America/New_York, Europe/Berlin or UTC",
        ),
        (
            "2027-02-29T09:00[UTC] FREQ=MONTHLY",
            "\"2027-02-29\" is not a date that exists: write it as 2027-01-31",
        ),
        (
            "2027-02-28T24:00[UTC] FREQ=MONTHLY",
            "\"24:00\" is not a time of day: write it as 09:00 or 09:00:00",
        ),
        ("2027-02-28T9:00[UTC] FREQ=MONTHLY", "\"9:00\" is not a time of day: write it as 09:00 or 09:00:00"),
        ("1969-12-31T09:00[UTC] FREQ=MONTHLY", "the start must lie between 1970 and 2199"),
        (
            "2027-02-28T09:00[UTC] FREQ=MONTHLY;BYDAY=-5FR",
            "BYDAY=-5FR does not exist in every month: say with fifth_weekday whether such a month is left out (skip) or has its last one (last)",
        ),
        (
            "2027-02-28T09:00[UTC] FREQ=MONTHLY;BYDAY=4FR fifth_weekday=last",
            "fifth_weekday is only for rules with a fifth weekday, such as BYDAY=5FR",
        ),
    ] {
        assert_eq!(Recurrence::parse(text).unwrap_err().to_string(), want, "{text}");
    }
    let fraction = Recurrence::every(Frequency::Monthly, 1, at("2027-01-01T00:00:00.5Z"));
    assert_eq!(fraction, Err(RecurrenceError::TimeFraction));
    assert!(Recurrence::every(Frequency::Monthly, 0, at("2027-01-01T00:00:00Z")).is_err());
    assert!(Recurrence::every(Frequency::Monthly, i64::MAX, at("2027-01-01T00:00:00Z")).is_err());
}
