//! Text and sentences.

use super::*;

#[test]
fn a_schedule_says_in_a_sentence_when_it_charges() {
    for (text, want) in [
        (
            "2027-01-01T09:00[America/New_York] FREQ=MONTHLY;BYDAY=1FR",
            "every month on the first Friday at 09:00, New York time",
        ),
        (
            "2027-01-31T09:00[UTC] FREQ=MONTHLY",
            "every month on the 31st (or the last day of a shorter month) at 09:00 UTC",
        ),
        (
            "2027-01-31T09:00[UTC] FREQ=MONTHLY;INTERVAL=3 month_end=skip",
            "every 3 months on the 31st (not in a shorter month) at 09:00 UTC",
        ),
        (
            "2027-01-15T09:00[Europe/Berlin] FREQ=MONTHLY;BYMONTHDAY=-1,1;COUNT=12",
            "every month on the last day and the 1st at 09:00, Berlin time; 12 times",
        ),
        (
            "2027-01-15T09:00[Europe/Berlin] FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "every month on the last business day at 09:00, Berlin time",
        ),
        (
            "2027-01-15T09:00[Asia/Tokyo] FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;UNTIL=20271231",
            "every 2 weeks on Monday and Friday at 09:00, Tokyo time; until 31 December 2027",
        ),
        ("2027-01-15T09:00[Asia/Tokyo] FREQ=DAILY;BYDAY=MO", "every week on Monday at 09:00, Tokyo time"),
        ("2027-01-15T09:00:30[UTC] FREQ=DAILY;INTERVAL=10", "every 10 days at 09:00:30 UTC"),
        ("2027-06-15T09:00[UTC] FREQ=YEARLY", "every year on the 15th of June at 09:00 UTC"),
        (
            "2027-06-15T09:00[UTC] FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            "every year on the 29th of February (or the last day of a shorter month) at 09:00 UTC",
        ),
        (
            "2027-06-15T09:00[America/Argentina/Buenos_Aires] FREQ=YEARLY;BYMONTH=1,7;BYDAY=-2TU",
            "every year on the second to last Tuesday of January and July at 09:00, Buenos Aires time",
        ),
        (
            "2027-06-15T09:00[UTC] FREQ=MONTHLY;BYDAY=5FR roll=next_business fifth_weekday=last",
            "every month on the fifth Friday (or the last one of a month with four) at 09:00 UTC; a charge on a day without banks moves to the next business day",
        ),
        (
            "2027-06-15T09:00[UTC] FREQ=MONTHLY;BYMONTH=1;BYMONTHDAY=13;BYDAY=FR",
            "every month on the 13th when it is also every Friday in January at 09:00 UTC",
        ),
    ] {
        assert_eq!(schedule(text).describe(), want, "{text}");
    }
}

#[test]
fn a_schedule_is_stored_as_its_text_and_read_strictly() {
    let text = "2027-01-31T09:00[America/New_York] FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3 month_end=skip roll=prev_business";
    let recurrence = schedule(text);
    assert_eq!(recurrence.to_string(), text);
    let stored = serde_json::to_string(&recurrence).unwrap();
    assert_eq!(stored, format!("\"{text}\""));
    assert_eq!(serde_json::from_str::<Recurrence>(&stored).unwrap(), recurrence);
    for wrong in [
        "",
        "2027-01-31T09:00[America/New_York]",
        "2027-01-31T09:00 FREQ=MONTHLY",
        "2027-01-31T09:00[America/New_York] FREQ=MONTHLY ",
        "2027-01-31T09:00[America/New_York] FREQ=MONTHLY roll=none",
        "2027-01-31T09:00[America/New_York] FREQ=MONTHLY roll=sideways",
        "2027-01-31T09:00[America/New_York] FREQ=MONTHLY roll=prev_business month_end=skip",
        "2027-01-31T09:00[America/New_York] FREQ=MONTHLY;INTERVAL=1",
        "2027-01-31T09:00:00[America/New_York] FREQ=MONTHLY",
        "2027-01-31T09:00[America/New_York] FREQ=MONTHLY colour=blue",
    ] {
        assert_eq!(Recurrence::parse(wrong), Err(RecurrenceError::Shape), "{wrong:?}");
        assert!(serde_json::from_value::<Recurrence>(wrong.into()).is_err());
    }
}
