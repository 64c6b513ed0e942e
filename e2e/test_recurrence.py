"""Schedules against an independent implementation: python-dateutil for the dates, zoneinfo for the moments."""

import collections
import datetime as dt
import itertools
import json
import os
import random
import subprocess
import zoneinfo

import pytest
import stripe
from dateutil import rrule

from stack import binaries

SEED = int(os.environ.get("ONFILE_E2E_SEED") or 20270131)
YEARS = 50
ZONES = [
    "UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland",
]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
SECONDS_MAX = 120

# What we are asked, and the same in RFC 5545's plain words, as dateutil knows them.
Case = collections.namedtuple("Case", "rule plain options", defaults=[{}])


def days(dice, count):
    return ",".join(dice.sample(WEEKDAYS, count))


def clamped(day):
    """Day N or the last day of a shorter month, in plain RFC 5545."""
    return f"BYMONTHDAY={','.join(str(d) for d in range(min(day, 28), day + 1))};BYSETPOS=-1"


def same(rule, **options):
    return Case(rule, rule, options)


KINDS = {
    "daily": lambda dice: same(f"FREQ=DAILY;INTERVAL={dice.randint(1, 45)}"),
    "daily on weekdays": lambda dice: same(f"FREQ=DAILY;INTERVAL={dice.randint(1, 3)};BYDAY={days(dice, 4)}"),
    # Clocks change on Sundays: one of these times is left out, and one comes twice, in every zone that does so.
    "Sundays at 01:45": lambda dice: same("FREQ=WEEKLY;BYDAY=SU", time="01:45", roll="none"),
    "Sundays at 02:15": lambda dice: same("FREQ=WEEKLY;BYDAY=SU", time="02:15", roll="none"),
    "weekly": lambda dice: same(f"FREQ=WEEKLY;BYDAY={days(dice, dice.randint(1, 5))}"),
    "every n weeks": lambda dice: same(
        f"FREQ=WEEKLY;INTERVAL={dice.randint(2, 9)};BYDAY={days(dice, 2)};WKST={dice.choice(WEEKDAYS)}"
    ),
    "day of the month": lambda dice: same(f"FREQ=MONTHLY;INTERVAL={dice.randint(1, 5)};BYMONTHDAY={dice.randint(1, 28)}"),
    "day of the month, clamped": lambda dice: month_day(dice, dice.randint(29, 31)),
    "day of the month, skipped": lambda dice: same(
        f"FREQ=MONTHLY;BYMONTHDAY={dice.randint(29, 31)}", month_end="skip"
    ),
    "two days of the month": lambda dice: same(
        f"FREQ=MONTHLY;BYMONTHDAY={dice.randint(1, 14)},{dice.randint(15, 28)}"
    ),
    "last days of the month": lambda dice: same(f"FREQ=MONTHLY;BYMONTHDAY=-{dice.randint(1, 10)}"),
    "nth weekday": lambda dice: same(f"FREQ=MONTHLY;BYDAY={dice.randint(1, 4)}{days(dice, 1)}"),
    "last weekday": lambda dice: same(f"FREQ=MONTHLY;INTERVAL={dice.randint(1, 4)};BYDAY=-1{days(dice, 1)}"),
    "fifth weekday, skipped": lambda dice: same(
        f"FREQ=MONTHLY;BYDAY=5{days(dice, 1)}", fifth_weekday="skip"
    ),
    "fifth weekday, else the last": lambda dice: fifth_or_last(days(dice, 1)),
    "business day of the month": lambda dice: same(
        f"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS={dice.choice([-1, 1, 2, -3])}"
    ),
    "Friday the 13th": lambda dice: same(f"FREQ=MONTHLY;BYMONTHDAY=13;BYDAY={days(dice, 1)}"),
    "quarterly, clamped": lambda dice: month_day(dice, dice.randint(29, 31), ";INTERVAL=3"),
    "yearly": lambda dice: same(f"FREQ=YEARLY;BYMONTH={dice.randint(1, 12)};BYMONTHDAY={dice.randint(1, 28)}"),
    "29 February, clamped": lambda dice: Case(
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", f"FREQ=YEARLY;BYMONTH=2;{clamped(29)}"
    ),
    "29 February, skipped": lambda dice: same("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", month_end="skip"),
    "yearly on nth weekdays": lambda dice: same(
        f"FREQ=YEARLY;BYMONTH={dice.randint(1, 6)},{dice.randint(7, 12)};BYDAY={dice.choice([1, 2, -1])}{days(dice, 1)}"
    ),
    "counted": lambda dice: same(f"FREQ=MONTHLY;BYDAY=1FR;COUNT={dice.randint(1, 99)}"),
    "until a date": lambda dice: same(f"FREQ=WEEKLY;BYDAY={days(dice, 1)};UNTIL={dice.randint(2045, 2060)}0{dice.randint(1, 9)}15"),
}


def month_day(dice, day, interval=""):
    return Case(f"FREQ=MONTHLY{interval};BYMONTHDAY={day}", f"FREQ=MONTHLY{interval};{clamped(day)}")


def fifth_or_last(weekday):
    return Case(f"FREQ=MONTHLY;BYDAY=5{weekday}", f"FREQ=MONTHLY;BYDAY=-1{weekday}", {"fifth_weekday": "last"})


def questions(dice):
    """One question of every kind in every zone: what we are asked, and the plain rule beside it."""
    for kind, zone in itertools.product(KINDS, ZONES):
        case = KINDS[kind](dice)
        start = dt.date(dice.randint(1995, 2040), 1, 1) + dt.timedelta(days=dice.randrange(366))
        question = {
            "rule": case.rule,
            "start": start.isoformat(),
            # Half of them at night, when clocks change.
            "time": f"{dice.choice([dice.randint(0, 3), dice.randint(0, 23)]):02}:{dice.choice([0, 15, 30, 45]):02}",
            "zone": zone,
            "month_end": "clamp",
            "roll": dice.choice(["none", "next_business", "prev_business", "modified_following"]),
            "until": start.replace(year=start.year + YEARS, day=1).isoformat(),
            **case.options,
        }
        yield kind, question, case.plain


def rolled(date, roll):
    """The charge date: weekends alone, written out."""
    weekday = date.weekday()
    forward, back = {5: (2, 1), 6: (1, 2)}.get(weekday, (0, 0))
    moved = date + dt.timedelta(days=forward)
    if roll == "none":
        return date
    if roll == "prev_business" or roll == "modified_following" and moved.month != date.month:
        return date - dt.timedelta(days=back)
    return moved


def expected(question, plain):
    """Dates by dateutil, moments by zoneinfo; a period ends where the next one begins, also the last."""
    start = dt.datetime.fromisoformat(question["start"])
    until = dt.date.fromisoformat(question["until"])
    time = dt.time.fromisoformat(question["time"])
    zone = zoneinfo.ZoneInfo(question["zone"])
    endless = ";".join(part for part in plain.split(";") if not part.startswith(("COUNT", "UNTIL")))
    dates = [moment.date() for moment in rrule.rrulestr(plain, dtstart=start).between(
        start, dt.datetime.combine(until, dt.time()), inc=True)]
    all_dates = [moment.date() for moment in rrule.rrulestr(endless, dtstart=start).between(
        start, dt.datetime.combine(until, dt.time()) + dt.timedelta(days=366 * 45), inc=True)] if dates else []
    answer = []
    for date, end in zip(dates, all_dates[1:]):
        charge_date = rolled(date, question["roll"])
        due = dt.datetime.combine(charge_date, time, zone)
        seconds = int((due.astimezone(dt.timezone.utc) - EPOCH).total_seconds())
        answer.append([date.isoformat(), end.isoformat(), charge_date.isoformat(), seconds])
    assert len(answer) == len(dates)
    return answer


def ours(asked):
    """What the program under test says to each question."""
    program = binaries() / "examples" / "occurrences"
    lines = "".join(json.dumps(question) + "\n" for question in asked)
    output = subprocess.run([program], input=lines, capture_output=True, text=True, check=True, timeout=SECONDS_MAX)
    return [json.loads(line) for line in output.stdout.splitlines()]


def test_every_date_and_moment_of_fifty_years_is_what_dateutil_says():
    print(f"seed {SEED}: ONFILE_E2E_SEED={SEED} asks the same questions again")
    asked = list(questions(random.Random(SEED)))
    answers = ours([question for _, question, _ in asked])
    compared = collections.Counter()
    for (kind, question, plain), answer in zip(asked, answers, strict=True):
        want = expected(question, plain)
        if not want:
            continue
        place = f"seed {SEED}, {kind}: {question}"
        assert isinstance(answer, list), f"{place}: {answer}"
        for index, (got, wanted) in enumerate(zip(answer, want)):
            assert got == wanted, f"{place}, number {index + 1}"
        assert len(answer) == len(want), place
        compared[kind] += len(want)
    print(f"{sum(compared.values())} occurrences compared: {dict(compared)}")
    assert set(compared) == set(KINDS)
    assert len(KINDS) >= 12 and len(ZONES) == 6


def preview(client, **params):
    return client.raw_request("post", "/v1/onfile/schedule_previews", **params).data


def test_a_merchant_sees_the_next_charges_before_setting_up_a_schedule(stripe_client):
    recurrence = {"rule": "FREQ=MONTHLY;BYDAY=1FR", "timezone": "America/New_York", "start": "2027-01-01"}
    seen = preview(stripe_client, onfile={"recurrence": recurrence}, count=3)
    assert (seen["object"], seen["livemode"]) == ("onfile.schedule_preview", False)
    assert seen["description"] == "every month on the first Friday at 09:00, New York time"
    assert [each["date"] for each in seen["occurrences"]] == ["2027-01-01", "2027-02-05", "2027-03-05"]
    due = [dt.datetime.fromtimestamp(each["due"], dt.timezone.utc).isoformat() for each in seen["occurrences"]]
    assert due == ["2027-01-01T14:00:00+00:00", "2027-02-05T14:00:00+00:00", "2027-03-05T14:00:00+00:00"]


def test_an_impossible_schedule_is_refused_with_the_reason(stripe_client):
    recurrence = {"rule": "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31", "timezone": "UTC"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        preview(stripe_client, onfile={"recurrence": recurrence})
    assert caught.value.param == "onfile[recurrence][rule]"
    assert "BYMONTHDAY=31 does not exist in any month of BYMONTH=4" in str(caught.value)
