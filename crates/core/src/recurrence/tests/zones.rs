//! Which moments.

use super::*;

#[test]
fn a_time_of_day_stays_what_it_is_when_the_clocks_change() {
    for (text, index, want) in [
        // A time that is left out moves forward by the hour; one that comes twice is the first.
        ("2027-03-14T02:30[America/New_York] FREQ=DAILY", 0, "2027-03-14T07:30:00Z"),
        ("2027-03-14T02:30[America/New_York] FREQ=DAILY", 1, "2027-03-15T06:30:00Z"),
        ("2027-11-07T01:30[America/New_York] FREQ=DAILY", 0, "2027-11-07T05:30:00Z"),
        ("2027-11-07T01:30[America/New_York] FREQ=DAILY", 1, "2027-11-08T06:30:00Z"),
        // Six in the morning stays six in the morning.
        ("2026-08-05T06:00[America/New_York] FREQ=MONTHLY", 0, "2026-08-05T10:00:00Z"),
        ("2026-08-05T06:00[America/New_York] FREQ=MONTHLY", 3, "2026-11-05T11:00:00Z"),
        ("2027-01-01T09:00[Asia/Kolkata] FREQ=MONTHLY", 0, "2027-01-01T03:30:00Z"),
        ("2027-01-01T09:00[Pacific/Auckland] FREQ=MONTHLY", 0, "2026-12-31T20:00:00Z"),
        ("2027-10-03T02:15[Australia/Lord_Howe] FREQ=DAILY", 0, "2027-10-02T15:45:00Z"),
        // The day that Samoa left out.
        ("2011-12-29T09:00[Pacific/Apia] FREQ=DAILY", 0, "2011-12-29T19:00:00Z"),
        ("2011-12-29T09:00[Pacific/Apia] FREQ=DAILY", 2, "2011-12-30T19:00:00Z"),
    ] {
        let recurrence = schedule(text);
        assert_eq!(recurrence.occurrence(index, PLAIN).unwrap().due, at(want), "{index} of {text}");
    }
}

#[test]
fn the_next_occurrence_is_the_first_that_is_due_later() {
    let monthly = schedule("2027-01-31T09:00[America/New_York] FREQ=MONTHLY");
    let saturdays = schedule("2027-01-02T09:00[America/New_York] FREQ=WEEKLY roll=prev_business");
    for (recurrence, moment, index) in [
        (&monthly, "1970-01-01T00:00:00Z", 0),
        (&monthly, "2027-01-31T13:59:59Z", 0),
        (&monthly, "2027-01-31T14:00:00Z", 1),
        (&monthly, "2027-02-28T13:59:59.999Z", 1),
        (&monthly, "2127-02-01T00:00:00Z", 1_201),
        // Charged on the Friday before.
        (&saturdays, "2027-01-01T13:59:59Z", 0),
        (&saturdays, "2027-01-01T14:00:00Z", 1),
        (&saturdays, "2027-01-02T14:00:00Z", 1),
    ] {
        let next = recurrence.next_after(at(moment), PLAIN).unwrap();
        assert_eq!(next.index, index, "{moment}: {next:?}");
    }
}
