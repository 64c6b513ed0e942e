//! What was taken, twice: as the product says, and as the processor's own ledger says.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::play::{integer, text};
use crate::failure::{Context, Outcome};

/// How many, and how much in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// How many.
    pub count: i64,
    /// Minor units.
    pub amount: i64,
}

impl Total {
    fn add(&mut self, amount: i64) {
        self.count += 1;
        self.amount += amount;
    }
}

/// What the product says.
#[derive(Debug, Default)]
pub struct Ours {
    /// Every invoice, by currency.
    pub planned: BTreeMap<String, Total>,
    /// Those that are paid.
    pub paid: BTreeMap<String, Total>,
    /// Those that are still owed, with no further attempt planned.
    pub given_up: BTreeMap<String, Total>,
    /// Money that was taken and kept, by currency, in minor units.
    pub taken: BTreeMap<String, i64>,
    /// How many invoices took more than one attempt.
    pub retried: i64,
    /// How often an issuer said no, by reason.
    pub declined: BTreeMap<String, i64>,
    /// How many debits were submitted, settled for good, and returned.
    pub debits: [i64; 3],
    /// How many requests were made.
    pub attempts: usize,
}

impl Ours {
    /// The product's books, from its invoices and charges.
    pub fn of(invoices: &[Value], charges: &[Value]) -> Self {
        let mut books = Self { attempts: charges.len(), ..Self::default() };
        for invoice in invoices {
            let (currency, due) = (text(invoice, "/currency"), integer(invoice, "/amount_due"));
            books.planned.entry(currency.clone()).or_default().add(due);
            *books.taken.entry(currency.clone()).or_default() += integer(invoice, "/amount_paid");
            let which =
                if text(invoice, "/status") == "paid" { &mut books.paid } else { &mut books.given_up };
            which.entry(currency).or_default().add(due);
            books.retried += i64::from(integer(invoice, "/attempt_count") > 1);
        }
        for charge in charges {
            books.add_charge(charge);
        }
        books
    }

    fn add_charge(&mut self, charge: &Value) {
        let failed = text(charge, "/status") == "failed";
        let taken_back = charge.get("disputed") == Some(&Value::Bool(true));
        if text(charge, "/payment_method_details/type") == "us_bank_account" {
            let [submitted, settled, returned] = &mut self.debits;
            *submitted += 1;
            *settled += i64::from(text(charge, "/status") == "succeeded" && !taken_back);
            *returned += i64::from(failed || taken_back);
        } else if failed {
            *self.declined.entry(text(charge, "/outcome/reason")).or_default() += 1;
        }
    }
}

/// What the processor's ledger says of the payments that were begun since a line of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Money that was taken and kept, by currency, in minor units.
    pub taken: BTreeMap<String, i64>,
    /// How often a card was declined, by reason.
    pub declined: BTreeMap<String, i64>,
    /// How many debits were submitted, settled for good, and returned.
    pub debits: [i64; 3],
}

impl Ledger {
    /// Adds up the lines of one merchant behind line `since`. Lines of payments that were begun before are not ours.
    ///
    /// # Errors
    /// When a line cannot be read.
    pub fn of(lines: &str, since: u64, merchant: &str) -> Outcome<Self> {
        let mut ledger = Self::default();
        let mut begun: HashSet<String> = HashSet::new();
        let mut settled: HashMap<String, i64> = HashMap::new();
        for line in lines.lines().filter(|line| !line.is_empty()) {
            let line: Value = serde_json::from_str(line).context("a line of the ledger")?;
            if number(&line) <= since || text(&line, "/merchant") != merchant {
                continue;
            }
            let (kind, payment) = (text(&line, "/kind"), text(&line, "/payment"));
            let (currency, amount) = (text(&line, "/currency"), integer(&line, "/amount"));
            if matches!(kind.as_str(), "authorisation" | "debit") {
                begun.insert(payment.clone());
            }
            if kind == "decline" {
                *ledger.declined.entry(text(&line, "/decline_code")).or_default() += 1;
            }
            if !begun.contains(&payment) {
                continue;
            }
            let moved = match kind.as_str() {
                "capture" => amount,
                "refund" => -amount,
                "settlement" => {
                    settled.insert(payment, amount);
                    amount
                }
                "debit" => {
                    ledger.debits[0] += 1;
                    0
                }
                "return" => {
                    ledger.debits[2] += 1;
                    -settled.remove(&payment).unwrap_or_default()
                }
                _ => 0,
            };
            *ledger.taken.entry(currency).or_default() += moved;
        }
        ledger.debits[1] = i64::try_from(settled.len()).unwrap_or(i64::MAX);
        Ok(ledger)
    }
}

/// The number of the last line.
///
/// # Errors
/// When it cannot be read.
pub fn last_line(lines: &str) -> Outcome<u64> {
    let Some(last) = lines.lines().rev().find(|line| !line.is_empty()) else { return Ok(0) };
    Ok(number(&serde_json::from_str(last).context("the last line of the ledger")?))
}

fn number(line: &Value) -> u64 {
    line.get("seq").and_then(Value::as_u64).unwrap_or_default()
}

/// An amount for a person: `1,234.50 USD`.
pub fn money(minor: i64, currency: &str) -> String {
    // Of the currencies in the file the yen alone has no decimals.
    let digits = minor.unsigned_abs().to_string();
    let (whole, decimals) = if currency == "jpy" {
        (digits, String::new())
    } else {
        let padded = format!("{digits:0>3}");
        let (whole, decimals) = padded.split_at(padded.len() - 2);
        (whole.to_owned(), format!(".{decimals}"))
    };
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{grouped}{decimals} {}", currency.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, kind: &str, payment: &str, amount: i64, merchant: &str) -> String {
        format!(
            "{{\"seq\":{seq},\"kind\":\"{kind}\",\"payment\":\"{payment}\",\"amount\":{amount},\"currency\":\"usd\",\
             \"merchant\":\"{merchant}\",\"decline_code\":\"lost_card\"}}\n"
        )
    }

    #[test]
    fn the_ledger_counts_what_one_merchant_began_since_and_nothing_else() {
        let lines = [
            line(1, "authorisation", "old", 100, "me"),
            line(2, "debit", "older", 100, "me"),
            line(3, "authorisation", "a", 2_900, "me"),
            line(4, "capture", "a", 2_900, "me"),
            line(5, "authorisation", "x", 700, "you"),
            line(6, "capture", "x", 700, "you"),
            line(7, "decline", "b", 500, "me"),
            line(8, "capture", "old", 100, "me"),
            line(9, "settlement", "older", 100, "me"),
            line(10, "debit", "c", 1_000, "me"),
            line(11, "debit", "d", 2_000, "me"),
            line(12, "debit", "e", 4_000, "me"),
            line(13, "settlement", "c", 1_000, "me"),
            line(14, "settlement", "d", 2_000, "me"),
            line(15, "return", "d", 2_000, "me"),
            line(16, "return", "e", 4_000, "me"),
            line(17, "refund", "a", 400, "me"),
        ]
        .concat();
        let ledger = Ledger::of(&lines, 2, "me").unwrap();
        assert_eq!(ledger.taken, BTreeMap::from([("usd".to_owned(), 2_900 - 400 + 1_000)]));
        assert_eq!(ledger.declined, BTreeMap::from([("lost_card".to_owned(), 1)]));
        assert_eq!(ledger.debits, [3, 1, 2]);
        assert_eq!((last_line(&lines).unwrap(), last_line("").unwrap()), (17, 0));
        assert!(Ledger::of("nonsense\n", 0, "me").is_err());
    }

    #[test]
    fn amounts_are_written_for_people() {
        for (minor, currency, want) in [
            (123_450, "usd", "1,234.50 USD"),
            (5, "eur", "0.05 EUR"),
            (0, "usd", "0.00 USD"),
            (-2_999, "gbp", "-29.99 GBP"),
            (29_800, "jpy", "29,800 JPY"),
        ] {
            assert_eq!(money(minor, currency), want);
        }
    }
}
