//! Reading a rule, strictly.

use jiff::civil::{Date, Weekday};

use super::{COUNT_MAX, End, Frequency, RULE_CHARS_MAX, Rule, RuleError, WeekdayOfMonth, joined};

/// The parts that a rule can have.
pub const PARTS: [&str; 9] =
    ["FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST", "COUNT", "UNTIL"];
/// RFC 5545's words, from Monday on.
const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "MO"),
    (Weekday::Tuesday, "TU"),
    (Weekday::Wednesday, "WE"),
    (Weekday::Thursday, "TH"),
    (Weekday::Friday, "FR"),
    (Weekday::Saturday, "SA"),
    (Weekday::Sunday, "SU"),
];
/// How many days a period of a rule has at most.
const POSITION_MAX: i16 = 366;

/// The two letters of a weekday.
pub fn weekday_word(weekday: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(day, _)| *day == weekday).map_or("", |(_, word)| word)
}

pub fn parse(text: &str) -> Result<Rule, RuleError> {
    if text.chars().count() > RULE_CHARS_MAX {
        return Err(RuleError::TooLong);
    }
    let parts = split(text)?;
    let part = |name: &str| parts.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let frequency = frequency(part("FREQ").ok_or(RuleError::NoFrequency)?)?;
    let end = match (part("COUNT"), part("UNTIL")) {
        (Some(_), Some(_)) => return Err(RuleError::CountAndUntil),
        (Some(count), None) => End::Count(self::count(count)?),
        (None, Some(until)) => End::Until(self::until(until)?),
        (None, None) => End::Never,
    };
    let numbers =
        |name, least, most| part(name).map_or(Ok(vec![]), |value| numbers(name, value, least, most));
    let rule = Rule {
        frequency,
        interval: part("INTERVAL").map_or(Ok(1), |value| interval(frequency, value))?,
        months: small(numbers("BYMONTH", 1, 12)?),
        month_days: small(numbers("BYMONTHDAY", -31, 31)?),
        days: part("BYDAY").map_or(Ok(vec![]), weekdays)?,
        positions: numbers("BYSETPOS", -POSITION_MAX, POSITION_MAX)?,
        week_start: part("WKST").map_or(Ok(Weekday::Monday), |value| {
            weekday(value).ok_or_else(|| wrong("WKST", value, "it is one of MO, TU, WE, TH, FR, SA, SU"))
        })?,
        end,
    };
    check(&rule)?;
    Ok(rule)
}

/// The parts by name, each once.
fn split(text: &str) -> Result<Vec<(&'static str, &str)>, RuleError> {
    let mut parts: Vec<(&'static str, &str)> = Vec::new();
    for piece in text.split(';') {
        let (name, value) = piece.split_once('=').ok_or_else(|| RuleError::Shape(piece.to_owned()))?;
        let known = PARTS.into_iter().find(|part| *part == name);
        let known = known.ok_or_else(|| RuleError::UnknownPart(name.to_owned()))?;
        if parts.iter().any(|(part, _)| *part == known) {
            return Err(RuleError::Repeated(known));
        }
        parts.push((known, value));
    }
    Ok(parts)
}

fn wrong(part: &'static str, value: &str, want: impl Into<String>) -> RuleError {
    RuleError::Value { part, value: value.to_owned(), want: want.into() }
}

fn frequency(value: &str) -> Result<Frequency, RuleError> {
    Frequency::ALL
        .into_iter()
        .find(|frequency| frequency.as_str() == value)
        .ok_or_else(|| wrong("FREQ", value, "it is one of DAILY, WEEKLY, MONTHLY and YEARLY"))
}

/// An interval in this unit.
pub fn interval(frequency: Frequency, value: &str) -> Result<u16, RuleError> {
    let most = frequency.interval_max();
    number(value)
        .filter(|n| (1..=u32::from(most)).contains(n))
        .and_then(|n| u16::try_from(n).ok())
        .ok_or_else(|| {
            wrong(
                "INTERVAL",
                value,
                format!("with FREQ={} it is a whole number from 1 to {most}", frequency.as_str()),
            )
        })
}

/// A number of occurrences.
pub fn count(value: &str) -> Result<u32, RuleError> {
    let count = number(value).filter(|count| (1..=COUNT_MAX).contains(count));
    count.ok_or_else(|| wrong("COUNT", value, format!("it is a whole number from 1 to {COUNT_MAX}")))
}

/// RFC 5545 lets a zoned schedule end at a moment in UTC. Ours ends with a local date, so that it cannot be a day off.
fn until(value: &str) -> Result<Date, RuleError> {
    let date =
        Date::strptime("%Y%m%d", value).ok().filter(|date| date.strftime("%Y%m%d").to_string() == value);
    date.ok_or_else(|| wrong("UNTIL", value, "it is the last local date, written as 20271231"))
}

/// A number as it would be printed: no sign, no zeros in front.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}

/// Different numbers within bounds, none of them zero, in order.
fn numbers(part: &'static str, value: &str, least: i16, most: i16) -> Result<Vec<i16>, RuleError> {
    let mut all = Vec::new();
    for item in value.split(',') {
        let number: Option<i16> = item.parse().ok().filter(|n: &i16| n.to_string() == item);
        let number = number.filter(|n| *n != 0 && (least..=most).contains(n));
        let negative =
            if least < 0 { format!(", or from {least} to -1 counted from the end") } else { String::new() };
        all.push(number.ok_or_else(|| {
            wrong(part, value, format!("it holds whole numbers from 1 to {most}{negative}"))
        })?);
    }
    all.sort_unstable();
    if all.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(wrong(part, value, "it names one of them twice"));
    }
    Ok(all)
}

/// Numbers that are known to be small.
fn small(numbers: Vec<i16>) -> Vec<i8> {
    numbers.into_iter().filter_map(|number| i8::try_from(number).ok()).collect()
}

fn weekday(word: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(_, known)| *known == word).map(|(day, _)| *day)
}

fn weekdays(value: &str) -> Result<Vec<WeekdayOfMonth>, RuleError> {
    const WANT: &str =
        "it holds weekdays such as FR, 1FR for the first of a month, up to 5FR, or -1FR for the last";
    let mut all = Vec::new();
    for item in value.split(',') {
        let name = item.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
        let nth = item.strip_suffix(name).unwrap_or_default();
        let number: Option<i8> =
            nth.parse().ok().filter(|n: &i8| n.to_string() == nth && (1..=5).contains(&n.abs()));
        let day = weekday(name).filter(|_| nth.is_empty() || number.is_some());
        all.push(WeekdayOfMonth { nth: number, weekday: day.ok_or_else(|| wrong("BYDAY", value, WANT))? });
    }
    all.sort_by_key(|day| (day.nth, day.weekday.to_monday_zero_offset()));
    if all.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(wrong("BYDAY", value, "it names one of them twice"));
    }
    Ok(all)
}

/// What no single part shows.
fn check(rule: &Rule) -> Result<(), RuleError> {
    let within_months = match rule.frequency {
        Frequency::Monthly => true,
        Frequency::Yearly => !rule.months.is_empty(),
        Frequency::Daily | Frequency::Weekly => false,
    };
    if let Some(nth) = rule.days.iter().find(|day| day.nth.is_some()).filter(|_| !within_months) {
        return Err(RuleError::NthWithoutMonth(*nth));
    }
    if rule.frequency == Frequency::Weekly && !rule.month_days.is_empty() {
        return Err(RuleError::MonthDayInWeek);
    }
    let nothing_to_choose = rule.days.is_empty() && rule.month_days.is_empty();
    if !rule.positions.is_empty() && (nothing_to_choose || rule.frequency == Frequency::Daily) {
        return Err(RuleError::PositionOfNothing);
    }
    let exists =
        |day: i8| rule.months.is_empty() || rule.months.iter().any(|month| day.abs() <= longest(*month));
    match rule.month_days.iter().find(|day| !exists(**day)) {
        Some(day) => Err(RuleError::NoSuchDay { day: *day, months: joined(&rule.months) }),
        None => Ok(()),
    }
}

/// How many days this month of a year has at most.
fn longest(month: i8) -> i8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
