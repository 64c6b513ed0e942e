//! Schedules in parameters: `onfile[recurrence][…]`, and the intervals of Stripe's prices.

use jiff::Timestamp;
use jiff::civil::Date;
use onfile_core::recurrence::{
    CHARGE_TIME, End, FifthWeekday, Frequency, MonthEnd, Parts, Recurrence, RecurrenceError, Roll, Rule,
    date, time, zone,
};

use crate::wire::error::ApiError;
use crate::wire::params::{Params, TEXT_MAX};

/// The longest term of a price in years, as Stripe has it.
const TERM_YEARS_MAX: i64 = 3;

/// `recurrence` within `onfile`: `rule` and `timezone`, which must be there, and `start` (today in that zone unless
/// said), `time` (09:00), `month_end` (`clamp`), `roll` (`none`), `fifth_weekday`, and `count` or `until`, which may also
/// stand in the rule.
///
/// # Errors
/// Names the parameter that is wrong, and says why.
pub fn recurrence(onfile: &mut Params, now: Timestamp) -> Result<Option<Recurrence>, ApiError> {
    let Some(mut group) = onfile.group("recurrence")? else { return Ok(None) };
    let rule = parsed(&mut group, "rule", |text| Ok(Rule::parse(text)?))?;
    let zone = parsed(&mut group, "timezone", zone)?;
    let start = parsed(&mut group, "start", date)?;
    let time = parsed(&mut group, "time", time)?;
    let month_end = group.word("month_end", &MonthEnd::ALL.map(MonthEnd::as_str))?;
    let roll = group.word("roll", &Roll::ALL.map(Roll::as_str))?;
    let fifth_weekday = group.word("fifth_weekday", &FifthWeekday::ALL.map(FifthWeekday::as_str))?;
    let rule = rule.ok_or_else(|| ApiError::missing(group.name("rule")))?;
    let rule = ended(&mut group, rule)?;
    let zone = zone.ok_or_else(|| ApiError::missing(group.name("timezone")))?;
    let made = Recurrence::new(Parts {
        start: start.unwrap_or_else(|| zone.to_datetime(now).date()),
        time: time.unwrap_or(CHARGE_TIME),
        rule: rule.rule,
        zone,
        month_end: month_end.and_then(MonthEnd::parse).unwrap_or_default(),
        roll: roll.and_then(Roll::parse).unwrap_or_default(),
        fifth_weekday: fifth_weekday.and_then(FifthWeekday::parse),
    });
    let made = made.map_err(|error| refused(&group, parameter(&error, rule.end_in), &error))?;
    group.finish()?;
    Ok(Some(made))
}

/// A rule, and the parameter in which its end stands.
struct Ended {
    rule: Rule,
    end_in: &'static str,
}

/// Takes `count` and `until`. A schedule has one end at most.
fn ended(group: &mut Params, rule: Rule) -> Result<Ended, ApiError> {
    let count = group.integer("count")?;
    let until: Option<Date> = parsed(group, "until", date)?;
    let within = if rule.end() == End::Never { None } else { Some("rule") };
    let ends = [within, count.map(|_| "count"), until.map(|_| "until")];
    let mut given = ends.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(_), Some(second)) => {
            let message =
                "You may only specify one end: in the rule (COUNT or UNTIL), as count, or as until.";
            Err(ApiError::invalid(group.name(second), "parameters_exclusive", message))
        }
        (end_in, _) => {
            let rule = match (count, until) {
                (Some(count), _) => rule.counting(count),
                (None, Some(until)) => Ok(rule.until(until)),
                (None, None) => Ok(rule),
            };
            let rule = rule.map_err(|error| refused(group, "count", &error.into()))?;
            Ok(Ended { rule, end_in: end_in.unwrap_or("rule") })
        }
    }
}

/// What Stripe says of a price: `interval` and `interval_count` within `recurring`.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn interval(recurring: &mut Params) -> Result<(Frequency, i64), ApiError> {
    let word = recurring.word("interval", &Frequency::ALL.map(Frequency::interval))?;
    let frequency = word.and_then(Frequency::from_interval);
    let frequency = frequency.ok_or_else(|| ApiError::missing(recurring.name("interval")))?;
    let per_year = match frequency {
        Frequency::Daily => 365,
        Frequency::Weekly => 52,
        Frequency::Monthly => 12,
        Frequency::Yearly => 1,
    };
    let count = recurring.integer_within("interval_count", 1, TERM_YEARS_MAX * per_year)?;
    Ok((frequency, count.unwrap_or(1)))
}

/// The schedule of such a price from `billing_cycle_anchor` on, in Unix seconds.
///
/// # Errors
/// Names the anchor, if it lies too far away.
pub fn anchored((frequency, count): (Frequency, i64), anchor: i64) -> Result<Recurrence, ApiError> {
    let refused = |why: String| ApiError::invalid("billing_cycle_anchor", None, why);
    let anchor = Timestamp::from_second(anchor).map_err(|_| refused("Invalid timestamp.".to_owned()))?;
    Recurrence::every(frequency, count, anchor).map_err(|error| refused(sentence(&error)))
}

/// Takes a text that has to be read.
fn parsed<T>(
    group: &mut Params,
    name: &'static str,
    read: impl Fn(&str) -> Result<T, RecurrenceError>,
) -> Result<Option<T>, ApiError> {
    let Some(text) = group.text(name, TEXT_MAX)? else { return Ok(None) };
    read(&text).map(Some).map_err(|error| refused(group, name, &error))
}

/// Which parameter has to be changed.
fn parameter(error: &RecurrenceError, end_in: &'static str) -> &'static str {
    match error {
        RecurrenceError::Zone(_) | RecurrenceError::ZoneWithoutName => "timezone",
        RecurrenceError::Date(_) | RecurrenceError::StartYear => "start",
        RecurrenceError::Time(_) | RecurrenceError::TimeFraction => "time",
        RecurrenceError::EndBeforeStart { .. } | RecurrenceError::NoneBeforeEnd { .. } => end_in,
        RecurrenceError::FifthWeekdayUnsaid(_) | RecurrenceError::FifthWeekdayUnused => "fifth_weekday",
        RecurrenceError::Rule(_)
        | RecurrenceError::NeverOccurs
        | RecurrenceError::TooRare
        | RecurrenceError::Shape => "rule",
    }
}

fn refused(group: &Params, name: &str, error: &RecurrenceError) -> ApiError {
    ApiError::invalid(group.name(name), "parameter_invalid", sentence(error))
}

fn sentence(error: &RecurrenceError) -> String {
    format!("Invalid schedule: {error}.")
}
