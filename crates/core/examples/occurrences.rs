//! Prints the occurrences of schedules, so that another implementation can be compared with ours.
//!
//! Reads a schedule in JSON from each line of the standard input:
//! `{"rule", "start", "time", "zone", "month_end", "roll", "fifth_weekday", "until"}`, the last three being optional.
//! Answers each with a line: a list of `[date, period_end, charge_date, due in Unix seconds]` up to the local date
//! `until`, or `{"error"}`.
#![expect(clippy::print_stdout, reason = "its purpose")]

use std::error::Error;
use std::io::{BufRead as _, stdin};

use onfile_core::recurrence::{
    BusinessDays, FifthWeekday, MonthEnd, Parts, Recurrence, RecurrenceError, Roll, Rule, date, time, zone,
};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let answer = match occurrences(&asked) {
            Ok(answer) => answer,
            Err(error) => json!({ "error": error.to_string() }),
        };
        println!("{answer}");
    }
    Ok(())
}

fn occurrences(asked: &Value) -> Result<Value, RecurrenceError> {
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    let recurrence = Recurrence::new(Parts {
        rule: Rule::parse(text("rule"))?,
        start: date(text("start"))?,
        time: time(text("time"))?,
        zone: zone(text("zone"))?,
        month_end: MonthEnd::parse(text("month_end")).ok_or(RecurrenceError::Shape)?,
        roll: Roll::parse(text("roll")).unwrap_or_default(),
        fifth_weekday: FifthWeekday::parse(text("fifth_weekday")),
    })?;
    let until = date(text("until"))?;
    // What is stored is what is asked here.
    let recurrence = Recurrence::parse(&recurrence.to_string())?;
    let each = recurrence.occurrences_from(0, BusinessDays::WEEKDAYS);
    let until = each.take_while(|occurrence| occurrence.date <= until);
    Ok(until.map(|o| json!([o.date, o.period_end, o.charge_date, o.due.as_second()])).collect())
}
