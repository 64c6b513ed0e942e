//! What came of it, as a table and as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::books::{Ledger, Ours, Total, money};
use super::play::{integer, text};

/// How fast the run was.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// How many charges.
    pub charges: usize,
    /// Within how many milliseconds.
    pub milliseconds: u128,
}

impl Speed {
    /// Whole charges a second.
    pub fn per_second(self) -> u128 {
        u128::try_from(self.charges).unwrap_or_default() * 1_000 / self.milliseconds.max(1)
    }
}

/// The end of the play.
#[derive(Debug)]
pub struct Summary {
    /// The finished import.
    pub import: Value,
    /// What the run would do, as it said before.
    pub preview: Value,
    /// How fast it was.
    pub speed: Speed,
    /// The product's books.
    pub ours: Ours,
    /// The processor's.
    pub ledger: Ledger,
}

impl Summary {
    /// What is not the same in both books; none when they agree to the cent, in every decline and in every debit.
    pub fn difference(&self) -> Option<String> {
        for currency in self.currencies() {
            let [ours, theirs] = [&self.ours.taken, &self.ledger.taken].map(|books| kept(books, &currency));
            if ours != theirs {
                let [ours, theirs] = [ours, theirs].map(|amount| money(amount, &currency));
                return Some(format!("Onfile has taken {ours}, the processor's ledger says {theirs}"));
            }
        }
        let declines = |declined: &BTreeMap<String, i64>| declined.values().sum::<i64>();
        let (ours, theirs) = (declines(&self.ours.declined), declines(&self.ledger.declined));
        if ours != theirs {
            return Some(format!("Onfile has {ours} declines, the processor's ledger {theirs}"));
        }
        let (ours, theirs) = (self.ours.debits, self.ledger.debits);
        (ours != theirs).then(|| {
            format!(
                "Onfile has {ours:?} debits submitted, settled, returned; the processor's ledger {theirs:?}"
            )
        })
    }

    fn currencies(&self) -> BTreeSet<String> {
        self.ours.planned.keys().chain(self.ledger.taken.keys()).cloned().collect()
    }

    /// For a person.
    pub fn table(&self) -> String {
        let head = "\n  currency        planned           paid       given up    in the ledger";
        let mut lines = vec![head.to_owned()];
        let mut row = |cells: [String; 5]| {
            let [currency, planned, paid, given_up, ledger] = cells;
            lines.push(format!("  {currency:<8}{planned:>15}{paid:>15}{given_up:>15}{ledger:>17}"));
        };
        for currency in self.currencies() {
            let amount = |totals: &BTreeMap<String, Total>| bare(total(totals, &currency).amount, &currency);
            row([
                currency.to_uppercase(),
                amount(&self.ours.planned),
                amount(&self.ours.paid),
                amount(&self.ours.given_up),
                bare(kept(&self.ledger.taken, &currency), &currency),
            ]);
        }
        let count =
            |totals: &BTreeMap<String, Total>| totals.values().map(|t| t.count).sum::<i64>().to_string();
        let ours = &self.ours;
        row([
            "invoices".to_owned(),
            count(&ours.planned),
            count(&ours.paid),
            count(&ours.given_up),
            String::new(),
        ]);
        let [submitted, settled, returned] = ours.debits;
        let declined: Vec<String> = ours.declined.iter().map(|(code, n)| format!("{code} {n}")).collect();
        let verdict = match self.difference() {
            None => "The totals are those of the processor's ledger, to the cent.".to_owned(),
            Some(difference) => format!("THE BOOKS DO NOT AGREE: {difference}."),
        };
        lines.push(format!(
            "\n  Customers  {imported} imported, {parked} parked\n  Attempts   {attempts}, {retried} invoices more than \
             once\n  Declined   {declined}\n  Debits     {submitted} submitted, {settled} settled, {returned} \
             returned\n  Run        {charges} charges in {ms} ms: {rate} a second\n\n{verdict}",
            imported = integer(&self.import, "/imported"),
            parked = integer(&self.import, "/parked"),
            attempts = ours.attempts,
            retried = ours.retried,
            declined = declined.join(", "),
            charges = self.speed.charges,
            ms = self.speed.milliseconds,
            rate = self.speed.per_second(),
        ));
        lines.join("\n")
    }

    /// For a script.
    pub fn json(&self) -> Value {
        let totals = self.currencies().into_iter().map(|currency| {
            let of = |totals: &BTreeMap<String, Total>| {
                let total = total(totals, &currency);
                json!({ "count": total.count, "amount": total.amount })
            };
            let entry = json!({
                "planned": of(&self.ours.planned),
                "paid": of(&self.ours.paid),
                "given_up": of(&self.ours.given_up),
                "taken": kept(&self.ours.taken, &currency),
                "ledger": kept(&self.ledger.taken, &currency),
            });
            (currency.clone(), entry)
        });
        let debits = |[submitted, settled, returned]: [i64; 3]| json!({ "submitted": submitted, "settled": settled, "returned": returned });
        json!({
            "agree": self.difference().is_none(),
            "import": text(&self.import, "/id"),
            "test_clock": text(&self.import, "/test_clock"),
            "rows": integer(&self.import, "/rows"),
            "imported": integer(&self.import, "/imported"),
            "parked": integer(&self.import, "/parked"),
            "preview": self.preview.get("totals"),
            "totals": totals.collect::<Map<_, _>>(),
            "attempts": self.ours.attempts,
            "retried": self.ours.retried,
            "declined": self.ours.declined,
            "debits": debits(self.ours.debits),
            "ledger": { "declined": self.ledger.declined, "debits": debits(self.ledger.debits) },
            "run": {
                "charges": self.speed.charges,
                "milliseconds": u64::try_from(self.speed.milliseconds).unwrap_or(u64::MAX),
                "charges_per_second": u64::try_from(self.speed.per_second()).unwrap_or(u64::MAX),
            },
        })
    }
}

fn total(totals: &BTreeMap<String, Total>, currency: &str) -> Total {
    totals.get(currency).copied().unwrap_or_default()
}

fn kept(amounts: &BTreeMap<String, i64>, currency: &str) -> i64 {
    amounts.get(currency).copied().unwrap_or_default()
}

/// Without the currency, which the row names.
fn bare(amount: i64, currency: &str) -> String {
    money(amount, currency).split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(taken: i64, ledger: i64, declines: [i64; 2], returned: [i64; 2]) -> Summary {
        let usd = |amount| BTreeMap::from([("usd".to_owned(), amount)]);
        let lost = |count| BTreeMap::from([("lost_card".to_owned(), count)]);
        Summary {
            import: json!({ "imported": 200 }),
            preview: Value::Null,
            speed: Speed { charges: 190, milliseconds: 500 },
            ours: Ours {
                planned: BTreeMap::from([("usd".to_owned(), Total { count: 2, amount: 5_800 })]),
                taken: usd(taken),
                declined: lost(declines[0]),
                debits: [2, 1, returned[0]],
                ..Ours::default()
            },
            ledger: Ledger { taken: usd(ledger), declined: lost(declines[1]), debits: [2, 1, returned[1]] },
        }
    }

    #[test]
    fn a_cent_a_decline_or_a_return_too_many_is_a_difference_that_is_told() {
        for (made, want) in [
            (summary(2_900, 2_900, [3, 3], [1, 1]), None),
            (
                summary(2_900, 2_901, [3, 3], [1, 1]),
                Some("taken 29.00 USD, the processor's ledger says 29.01 USD"),
            ),
            (summary(2_900, 2_900, [3, 4], [1, 1]), Some("3 declines, the processor's ledger 4")),
            (summary(2_900, 2_900, [3, 3], [1, 2]), Some("debits submitted, settled, returned")),
        ] {
            let difference = made.difference();
            assert_eq!(difference.is_none(), want.is_none(), "{difference:?}");
            let shown = made.table();
            assert!(shown.contains(want.unwrap_or("to the cent")), "{shown}");
            assert_eq!(made.json().get("agree"), Some(&Value::Bool(want.is_none())));
            assert!(shown.contains("380 a second"), "{shown}");
        }
    }
}
