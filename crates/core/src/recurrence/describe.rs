//! A schedule as a sentence.

use jiff::civil::Weekday;

use super::business_days::Roll;
use super::rule::{End, Frequency, Rule, WeekdayOfMonth};
use super::{FifthWeekday, MonthEnd, Recurrence};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
/// The days of the month that every month has.
const DAYS_ALWAYS: i8 = 28;

impl Recurrence {
    /// The schedule for people: `every month on the first Friday at 09:00, New York time`.
    pub fn describe(&self) -> String {
        let seconds = if self.time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
        let time = self.time.strftime(seconds);
        let (cadence, on, zone) = (self.cadence(), self.on(), self.zone_words());
        format!("{cadence}{on} at {time}{zone}{}{}", self.roll_words(), self.end_words())
    }

    fn cadence(&self) -> String {
        let (frequency, interval) = (self.rule.frequency, self.rule.interval);
        let unit = if self.is_weekly() { "week" } else { frequency.interval() };
        if interval == 1 { format!("every {unit}") } else { format!("every {interval} {unit}s") }
    }

    /// Every Monday of every day is every Monday of every week.
    fn is_weekly(&self) -> bool {
        let rule = &self.rule;
        let by_day = rule.interval == 1 && !rule.days.is_empty() && rule.month_days.is_empty();
        rule.frequency == Frequency::Weekly || rule.frequency == Frequency::Daily && by_day
    }

    fn on(&self) -> String {
        let rule = &self.rule;
        let in_months =
            if rule.months.is_empty() { String::new() } else { format!(" in {}", months(&rule.months)) };
        if self.is_weekly() {
            let own = [WeekdayOfMonth { nth: None, weekday: self.start.weekday() }];
            let days = if rule.days.is_empty() { &own[..] } else { &rule.days };
            return format!(
                " on {}{}{in_months}",
                and(days.iter().map(|day| weekday(day.weekday))),
                self.chosen()
            );
        }
        if rule.frequency == Frequency::Daily {
            let limit = self.days_words();
            return if limit.is_empty() { in_months } else { format!(", when it is {limit},{in_months}") };
        }
        let of = match rule.frequency {
            Frequency::Yearly if !rule.months.is_empty() => format!(" of {}", months(&rule.months)),
            Frequency::Yearly if rule.days.is_empty() && rule.month_days.is_empty() => {
                format!(" of {}", months(&[self.start.month()]))
            }
            Frequency::Yearly if rule.positions.is_empty() => " of every month".to_owned(),
            Frequency::Yearly => " of the year".to_owned(),
            _ => in_months,
        };
        format!(" on {}{of}{}", self.days_words(), self.exceptions())
    }

    /// Which days of a month, or which of them BYSETPOS chooses.
    fn days_words(&self) -> String {
        let rule = &self.rule;
        if is_business(rule) && !rule.positions.is_empty() {
            return and(rule.positions.iter().map(|position| format!("the {}business day", nth(*position))));
        }
        let month_days = || and(rule.month_days.iter().map(|day| month_day(*day)));
        let days = || and(rule.days.iter().map(|day| nth_weekday(*day)));
        let words = match (rule.month_days.is_empty(), rule.days.is_empty()) {
            (true, true) if rule.frequency == Frequency::Daily => String::new(),
            (true, true) => month_day(self.start.day()),
            (true, false) => days(),
            (false, true) => month_days(),
            (false, false) => format!("{} when it is also {}", month_days(), days()),
        };
        format!("{words}{}", self.chosen())
    }

    fn chosen(&self) -> String {
        let positions = &self.rule.positions;
        if positions.is_empty() {
            return String::new();
        }
        format!(" (of these days just {})", and(positions.iter().map(|p| format!("the {}one", nth(*p)))))
    }

    /// What becomes of days that a month may not have.
    fn exceptions(&self) -> String {
        let rule = &self.rule;
        let own = [self.start.day()];
        let by_anchor = rule.days.is_empty() && rule.month_days.is_empty();
        let month_days = if by_anchor { &own[..] } else { &rule.month_days };
        // Days that are named with months are known to exist in one of them; 30 June needs no exception.
        let short = |day: i8| match rule.months.as_slice() {
            [] if by_anchor && rule.frequency == Frequency::Yearly => {
                self.start.month() == 2 && day > DAYS_ALWAYS
            }
            [] => true,
            months => months.iter().any(|month| day > shortest(*month)),
        };
        let month = month_days.iter().any(|day| day.abs() > DAYS_ALWAYS && short(day.abs()));
        match (month, self.month_end, self.fifth_weekday) {
            (true, MonthEnd::Clamp, _) => " (or the last day of a shorter month)".to_owned(),
            (true, MonthEnd::Skip, _) => " (not in a shorter month)".to_owned(),
            (false, _, Some(FifthWeekday::Last)) => " (or the last one of a month with four)".to_owned(),
            (false, _, Some(FifthWeekday::Skip)) => " (not in a month with four)".to_owned(),
            (false, _, None) => String::new(),
        }
    }

    fn zone_words(&self) -> String {
        match self.zone_name.rsplit_once('/') {
            Some((region, place)) if region != "Etc" => format!(", {} time", place.replace('_', " ")),
            _ if self.zone_name == "UTC" => " UTC".to_owned(),
            _ => format!(", {} time", self.zone_name),
        }
    }

    fn roll_words(&self) -> &'static str {
        match self.roll {
            Roll::None => "",
            Roll::NextBusiness => "; a charge on a day without banks moves to the next business day",
            Roll::PrevBusiness => "; a charge on a day without banks moves to the business day before",
            Roll::ModifiedFollowing => {
                "; a charge on a day without banks moves to the next business day of the month, else to the one before"
            }
        }
    }

    fn end_words(&self) -> String {
        match self.rule.end {
            End::Never => String::new(),
            End::Count(1) => "; once".to_owned(),
            End::Count(count) => format!("; {count} times"),
            End::Until(until) => format!("; until {}", until.strftime("%-d %B %Y")),
        }
    }
}

/// Monday to Friday, and nothing else.
fn is_business(rule: &Rule) -> bool {
    let weekend = |day: &WeekdayOfMonth| matches!(day.weekday, Weekday::Saturday | Weekday::Sunday);
    rule.month_days.is_empty()
        && rule.days.len() == 5
        && rule.days.iter().all(|d| d.nth.is_none() && !weekend(d))
}

fn shortest(month: i8) -> i8 {
    match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `first `, `second to last `, `12th `.
fn nth(position: i16) -> String {
    let word = |n: u16| match usize::from(n).checked_sub(1).and_then(|at| NTH.get(at)) {
        Some(word) => (*word).to_owned(),
        None => ordinal(n),
    };
    match position {
        -1 => "last ".to_owned(),
        n if n < 0 => format!("{} to last ", word(n.unsigned_abs())),
        n => format!("{} ", word(n.unsigned_abs())),
    }
}

fn ordinal(n: u16) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

fn month_day(day: i8) -> String {
    if day > 0 {
        format!("the {}", ordinal(u16::from(day.unsigned_abs())))
    } else {
        format!("the {}day", nth(i16::from(day)))
    }
}

fn nth_weekday(day: WeekdayOfMonth) -> String {
    match day.nth {
        Some(n) => format!("the {}{}", nth(i16::from(n)), weekday(day.weekday)),
        None => format!("every {}", weekday(day.weekday)),
    }
}

fn weekday(day: Weekday) -> String {
    format!("{day:?}")
}

fn months(months: &[i8]) -> String {
    let name = |month: &i8| {
        usize::try_from(*month - 1).ok().and_then(|at| MONTHS.get(at)).map(|name| (*name).to_owned())
    };
    and(months.iter().filter_map(name))
}

/// `a`, `a and b`, `a, b and c`.
fn and(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
