//! One row of a file of customers, cell by cell.

use onfile_core::currency::Currency;
use onfile_core::ids::{ID_LEN_MAX, Id, PaymentMethodId, TokenId};
use onfile_core::interval::Interval;
use onfile_core::money::Amount;
use onfile_core::recurrence::{
    CHARGE_TIME, MonthEnd, Parts, Recurrence, RecurrenceError, Roll, Rule, date, zone,
};

use super::table::Fault;
use crate::model::customer::{EMAIL_MAX, NAME_MAX, is_email};
use crate::model::import::Entry;
use crate::model::price::Recurring;
use crate::wire::error::quoted;

/// A column of the file.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// What the header calls it.
    pub name: &'static str,
    /// Whether a file must have it.
    pub required: bool,
}

const fn required(name: &'static str) -> Column {
    Column { name, required: true }
}

const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

/// Every column; a file may have them in any order.
pub const COLUMNS: [Column; 10] = [
    required("reference"),
    required("name"),
    required("email"),
    required("method"),
    required("amount"),
    required("currency"),
    required("recurrence"),
    required("start"),
    optional("timezone"),
    optional("description"),
];

/// The longest of a merchant's own customer numbers, in characters.
pub const REFERENCE_MAX: usize = 100;
/// Stripe's limit on a subscription's description.
const DESCRIPTION_MAX: usize = 500;
/// The longest rule, in characters.
const RULE_MAX: usize = 500;
/// Where dates are, unless a row says something else.
const ZONE: &str = "UTC";

/// The cells of a row, in the order of [`COLUMNS`]; empty where the file does not have the column.
pub type Cells<'a> = Vec<&'a str>;

/// Reads a row.
///
/// # Errors
/// Everything that is wrong with it, in the order of [`COLUMNS`].
pub fn entry(row: u32, cells: &Cells<'_>) -> Result<Entry, Vec<Fault>> {
    let mut faults = Vec::new();
    let cell = |name: &str| {
        let place = COLUMNS.iter().position(|column| column.name == name);
        place.and_then(|at| cells.get(at)).copied().unwrap_or_default()
    };
    let mut take = |name: &'static str, max: usize| match plain(name, cell(name), max) {
        Ok(text) => Some(text),
        Err(message) => {
            faults.push(Fault::cell(row, name, message));
            None
        }
    };
    let reference = take("reference", REFERENCE_MAX);
    let name = take("name", NAME_MAX);
    let email = take("email", EMAIL_MAX);
    let method = take("method", ID_LEN_MAX);
    let amount = take("amount", RULE_MAX);
    let currency = take("currency", RULE_MAX);
    let rule = take("recurrence", RULE_MAX);
    let start = take("start", RULE_MAX);
    let timezone = take("timezone", RULE_MAX);
    let description = take("description", DESCRIPTION_MAX);
    let mut parsed = Parsed { row, faults };
    let email = parsed.cell("email", email, |text| {
        if is_email(text) {
            Ok(text.to_owned())
        } else {
            Err(format!("{} is no e-mail address.", quoted(text)))
        }
    });
    let method = parsed.cell("method", method, token);
    let currency = parsed.cell("currency", currency, |text| {
        Currency::parse(text).map_err(|_| format!("{} is no currency: write it as usd or EUR.", quoted(text)))
    });
    let amount = match currency {
        Some(currency) => parsed.cell("amount", amount, |text| {
            Amount::from_major(text, currency).map_err(|error| format!("{}: {error}.", quoted(text)))
        }),
        None => None,
    };
    let schedule = parsed.schedule([rule, start, timezone]);
    parsed.faults.sort_by_key(|fault| COLUMNS.iter().position(|c| fault.column.as_deref() == Some(c.name)));
    match (parsed.faults.is_empty(), reference, name, email, method, amount, schedule) {
        (
            true,
            Some(reference),
            Some(name),
            Some(email),
            Some(method),
            Some(amount),
            Some((schedule, rhythm)),
        ) => Ok(Entry {
            reference: reference.to_owned(),
            name: name.to_owned(),
            email,
            method,
            amount: amount.minor(),
            currency: amount.currency(),
            schedule,
            rhythm,
            description: description.filter(|text| !text.is_empty()).map(str::to_owned),
        }),
        _ => Err(parsed.faults),
    }
}

/// A cell's text: of one line, not too long, and not empty where the column is required.
fn plain<'a>(name: &str, text: &'a str, max: usize) -> Result<&'a str, String> {
    let text = text.trim();
    let needed = COLUMNS.iter().any(|column| column.name == name && column.required);
    if text.is_empty() && needed {
        return Err("The cell is empty.".to_owned());
    }
    if text.chars().count() > max {
        return Err(format!("The cell has more than {max} characters."));
    }
    if text.chars().any(char::is_control) {
        return Err("The cell holds a line break or another character that is not printed.".to_owned());
    }
    Ok(text)
}

/// What looks like a token or a method; whether there is one only the vault knows.
fn token(text: &str) -> Result<String, String> {
    if PaymentMethodId::parse(text).is_some() || TokenId::parse(text).is_some() {
        return Ok(text.to_owned());
    }
    let named = quoted(text);
    Err(format!(
        "{named} is no payment method: write a token of the vault (pm_… or tok_…) or, in test mode, the name of a test \
         method such as pm_card_visa."
    ))
}

struct Parsed {
    row: u32,
    faults: Vec<Fault>,
}

impl Parsed {
    /// Reads a cell that has a text.
    fn cell<T>(
        &mut self,
        column: &str,
        text: Option<&str>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match read(text?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.faults.push(Fault::cell(self.row, column, message));
                None
            }
        }
    }

    fn schedule(&mut self, [rule, start, timezone]: [Option<&str>; 3]) -> Option<(Recurrence, Recurring)> {
        let rule = self
            .cell("recurrence", rule, |text| Rule::parse(text).map_err(|e| format!("Invalid rule: {e}.")));
        let start = self.cell("start", start, |text| date(text).map_err(|e| format!("{e}.")));
        let zone = self.cell("timezone", timezone, |text| {
            zone(if text.is_empty() { ZONE } else { text }).map_err(|e| format!("{e}."))
        });
        let (rule, start, zone) = (rule?, start?, zone?);
        let rhythm = rhythm(&rule);
        let made = Recurrence::new(Parts {
            rule,
            start,
            time: CHARGE_TIME,
            zone,
            month_end: MonthEnd::default(),
            roll: Roll::default(),
            fifth_weekday: None,
        });
        match made {
            Ok(schedule) => Some((schedule, rhythm)),
            Err(error) => {
                let column = if matches!(error, RecurrenceError::StartYear) { "start" } else { "recurrence" };
                self.faults.push(Fault::cell(self.row, column, format!("Invalid schedule: {error}.")));
                None
            }
        }
    }
}

/// What the price is called: the rule's unit and how many of it, as far as a price can say that. When it is charged is
/// the agreement's schedule alone.
fn rhythm(rule: &Rule) -> Recurring {
    let interval = Interval::parse(rule.frequency().interval()).unwrap_or(Interval::Month);
    Recurring { interval, interval_count: u32::from(rule.interval()).clamp(1, interval.count_max()) }
}
