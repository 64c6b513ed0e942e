//! Previews of schedules: what is answered, and what is refused.

use serde_json::json;

use crate::support::{form, send, servers};

const PATH: &str = "/v1/onfile/schedule_previews";
const FIRST_FRIDAYS: [(&str, &str); 4] = [
    ("onfile[recurrence][rule]", "FREQ=MONTHLY;BYDAY=1FR"),
    ("onfile[recurrence][timezone]", "America/New_York"),
    ("onfile[recurrence][start]", "2027-01-01"),
    ("count", "2"),
];

#[tokio::test]
async fn a_preview_shows_whole_what_a_schedule_will_do() {
    for server in servers().await {
        let seen = server.post(PATH, &FIRST_FRIDAYS).await.ok();
        let want = json!({
            "object": "onfile.schedule_preview",
            "description": "every month on the first Friday at 09:00, New York time",
            "livemode": false,
            "occurrences": [
                {
                    "number": 1, "date": "2027-01-01", "charge_date": "2027-01-01", "due": 1_798_812_000,
                    "period_start": "2027-01-01", "period_end": "2027-02-05",
                },
                {
                    "number": 2, "date": "2027-02-05", "charge_date": "2027-02-05", "due": 1_801_836_000,
                    "period_start": "2027-02-05", "period_end": "2027-03-05",
                },
            ],
        });
        assert_eq!(seen.body, want);
        for _ in 0..2 {
            assert_eq!(server.post_once("preview", PATH, &FIRST_FRIDAYS).await.ok().body, want);
        }
        let events = server.get("/v1/events", &[]).await.ok();
        assert_eq!(events.at("data"), json!([]), "a preview changes nothing");
    }
}

#[tokio::test]
async fn every_parameter_of_a_schedule_counts() {
    for server in servers().await {
        for (more, last) in [
            (vec![("count", "3")], json!(["2027-03-31", "2027-03-31", 1_806_463_800])),
            (vec![("time", "18:30")], json!(["2028-01-31", "2028-01-31", 1_832_936_400])),
            (vec![("month_end", "skip")], json!(["2028-10-31", "2028-10-31", 1_856_575_800])),
            (
                vec![("roll", "next_business"), ("count", "1")],
                json!(["2027-01-31", "2027-02-01", 1_801_452_600]),
            ),
            (vec![("until", "2027-02-28")], json!(["2027-02-28", "2027-02-28", 1_803_785_400])),
        ] {
            let name = |part: &str| format!("onfile[recurrence][{part}]");
            let own = [
                ("rule", "FREQ=MONTHLY;BYMONTHDAY=31"),
                ("timezone", "Asia/Kolkata"),
                ("start", "2027-01-31"),
            ];
            let own = own.into_iter().chain(more.iter().copied()).map(|(part, value)| (name(part), value));
            let pairs: Vec<(String, &str)> = own.collect();
            let mut pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            pairs.push(("count", "13"));
            let seen = server.post(PATH, &pairs).await.ok();
            let all = seen.at("occurrences");
            let occurrence = all.as_array().unwrap().last().unwrap();
            let zoned = json!([occurrence["date"], occurrence["charge_date"], occurrence["due"]]);
            assert_eq!(zoned, last, "{more:?}");
        }
        let fifth = [
            ("onfile[recurrence][rule]", "FREQ=MONTHLY;BYDAY=5FR"),
            ("onfile[recurrence][timezone]", "UTC"),
            ("onfile[recurrence][start]", "2027-02-01"),
            ("onfile[recurrence][fifth_weekday]", "last"),
        ];
        let seen = server.post(PATH, &fifth).await.ok();
        assert_eq!(seen.at("occurrences/0/date"), "2027-02-26");
        assert_eq!(seen.at("occurrences").as_array().unwrap().len(), 12);
    }
}

#[tokio::test]
async fn the_intervals_of_prices_are_previewed_too() {
    for server in servers().await {
        let pairs = [
            ("recurring[interval]", "month"),
            ("recurring[interval_count]", "3"),
            ("billing_cycle_anchor", "1795996800"), // 2026-11-30
            ("count", "3"),
        ];
        let seen = server.post(PATH, &pairs).await.ok();
        assert_eq!(
            seen.at("description"),
            "every 3 months on the 30th (or the last day of a shorter month) at 00:00 UTC"
        );
        let due: Vec<_> = (0..3).map(|i| seen.at(&format!("occurrences/{i}/due"))).collect();
        assert_eq!(due, [json!(1_795_996_800), json!(1_803_772_800), json!(1_811_635_200)]);
        let now = server.post(PATH, &[("recurring[interval]", "day"), ("count", "1")]).await.ok();
        assert!((server.app.now_seconds() - now.at("occurrences/0/due").as_i64().unwrap()).abs() < 60);
    }
}

/// What is sent beside a good time zone, the parameter that is named (within the recurrence, or as it stands), the code,
/// a part of the message.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str, &'a str);

const RECURRENCES: &[Case<'_>] = &[
    (&[], "rule", "parameter_missing", "Missing required param"),
    (&[("rule", "")], "rule", "parameter_invalid_empty", "empty string"),
    (&[("rule", "monthly")], "rule", "parameter_invalid", "is not a part of a rule"),
    (&[("rule", "FREQ=MONTHLY;INTERVAL=0")], "rule", "parameter_invalid", "INTERVAL=0 is not possible"),
    (
        &[("rule", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31")],
        "rule",
        "parameter_invalid",
        "does not exist in any month",
    ),
    (
        &[("rule", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), ("month_end", "skip")],
        "rule",
        "parameter_invalid",
        "does not exist in any month of BYMONTH=2",
    ),
    (
        &[("rule", "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2"), ("start", "2027-01-01")],
        "rule",
        "parameter_invalid",
        "the schedule never occurs",
    ),
    (&[("rule", "FREQ=MONTHLY;COUNT=1;UNTIL=20280101")], "rule", "parameter_invalid", "both COUNT and UNTIL"),
    (&[("rule", "FREQ=MONTHLY;COUNT=1"), ("count", "2")], "count", "parameters_exclusive", "one end"),
    (
        &[("rule", "FREQ=MONTHLY"), ("count", "2"), ("until", "2030-01-01")],
        "until",
        "parameters_exclusive",
        "one end",
    ),
    (&[("rule", "FREQ=MONTHLY"), ("count", "0")], "count", "parameter_invalid", "COUNT=0 is not possible"),
    (&[("rule", "FREQ=MONTHLY"), ("count", "two")], "count", "parameter_invalid_integer", "Invalid integer"),
    (
        &[("rule", "FREQ=MONTHLY"), ("start", "2027-01-31"), ("until", "2027-01-30")],
        "until",
        "parameter_invalid",
        "ends on 2027-01-30, before its start on 2027-01-31",
    ),
    (
        &[("rule", "FREQ=MONTHLY;UNTIL=20270130"), ("start", "2027-01-31")],
        "rule",
        "parameter_invalid",
        "before its start",
    ),
    (
        &[("rule", "FREQ=MONTHLY"), ("until", "2027-02-30")],
        "until",
        "parameter_invalid",
        "not a date that exists",
    ),
    (
        &[("rule", "FREQ=MONTHLY"), ("start", "31.01.2027")],
        "start",
        "parameter_invalid",
        "not a date that exists",
    ),
    (&[("rule", "FREQ=MONTHLY"), ("start", "1900-01-01")], "start", "parameter_invalid", "must lie between"),
    (&[("rule", "FREQ=MONTHLY"), ("time", "9am")], "time", "parameter_invalid", "not a time of day"),
    (&[("rule", "FREQ=MONTHLY"), ("month_end", "round")], "month_end", "", "must be one of clamp, skip"),
    (&[("rule", "FREQ=MONTHLY"), ("roll", "up")], "roll", "", "must be one of none, next_business"),
    (
        &[("rule", "FREQ=MONTHLY;BYDAY=5FR")],
        "fifth_weekday",
        "parameter_invalid",
        "does not exist in every month",
    ),
    (
        &[("rule", "FREQ=MONTHLY"), ("fifth_weekday", "last")],
        "fifth_weekday",
        "parameter_invalid",
        "only for rules",
    ),
    (&[("rule", "FREQ=MONTHLY"), ("colour", "blue")], "colour", "parameter_unknown", "unknown parameter"),
];

const PREVIEWS: &[Case<'_>] = &[
    (&[], "onfile[recurrence]", "parameter_missing", "Missing required param"),
    (&[("onfile[recurrence][rule]", "FREQ=DAILY")], "onfile[recurrence][timezone]", "parameter_missing", ""),
    (
        &[("onfile[recurrence][rule]", "FREQ=DAILY"), ("onfile[recurrence][timezone]", "Mars/Olympus")],
        "onfile[recurrence][timezone]",
        "parameter_invalid",
        "there is no time zone \"Mars/Olympus\"",
    ),
    (&[("onfile[colour]", "blue")], "onfile[colour]", "parameter_unknown", ""),
    (&[("onfile", "blue")], "onfile", "", "must be sent as"),
    (
        &[("recurring[interval]", "fortnight")],
        "recurring[interval]",
        "",
        "must be one of day, week, month, year",
    ),
    (&[("recurring[interval_count]", "2")], "recurring[interval]", "parameter_missing", ""),
    (
        &[("recurring[interval]", "month"), ("recurring[interval_count]", "37")],
        "recurring[interval_count]",
        "parameter_invalid_integer",
        "between 1 and 36",
    ),
    (
        &[("recurring[interval]", "month"), ("recurring[interval_count]", "0")],
        "recurring[interval_count]",
        "parameter_invalid_integer",
        "",
    ),
    (
        &[("recurring[interval]", "month"), ("recurring[usage]", "1")],
        "recurring[usage]",
        "parameter_unknown",
        "",
    ),
    (
        &[("recurring[interval]", "month"), ("billing_cycle_anchor", "9999999999")],
        "billing_cycle_anchor",
        "",
        "must lie between",
    ),
    (
        &[("recurring[interval]", "month"), ("count", "101")],
        "count",
        "parameter_invalid_integer",
        "between 1 and 100",
    ),
    (&[("recurring[interval]", "month"), ("count", "0")], "count", "parameter_invalid_integer", ""),
    (&[("recurring[interval]", "month"), ("colour", "blue")], "colour", "parameter_unknown", ""),
];

#[tokio::test]
async fn what_is_wrong_with_a_schedule_is_named_with_the_reason() {
    for server in servers().await {
        let own = |(pairs, param, code, message): &Case<'_>| {
            let zone = [("timezone", "America/New_York")];
            let name = |part: &str| format!("onfile[recurrence][{part}]");
            let pairs =
                pairs.iter().chain(&zone).map(|(part, value)| (name(part), (*value).to_owned())).collect();
            (pairs, name(param), (*code).to_owned(), (*message).to_owned())
        };
        let plain = |(pairs, param, code, message): &Case<'_>| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            (pairs, (*param).to_owned(), (*code).to_owned(), (*message).to_owned())
        };
        for case in RECURRENCES.iter().map(own).chain(PREVIEWS.iter().map(plain)) {
            let (pairs, param, code, message): (Vec<(String, String)>, _, _, _) = case;
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let refused = send(server.with(&server.merchant.secret, "POST", PATH, &pairs)).await;
            let place = format!("{}: {}", form(&pairs), refused.body);
            assert_eq!(refused.status, 400, "{place}");
            assert_eq!(refused.at("error/type"), "invalid_request_error", "{place}");
            assert_eq!(refused.at("error/param"), param.as_str(), "{place}");
            assert_eq!(refused.at("error/code").as_str().unwrap_or_default(), code, "{place}");
            assert!(refused.text("error/message").contains(&message), "{place}");
        }
    }
}
