//! What a run says of itself.

use serde_json::Value;

/// How many, and how much in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// How many.
    pub count: i64,
    /// Minor units.
    pub amount: i64,
}

impl Total {
    /// One more.
    pub fn add(&mut self, amount: i64) {
        self.count += 1;
        self.amount = self.amount.saturating_add(amount);
    }

    /// So many of the same.
    pub fn of(count: u32, amount: i64) -> Self {
        Self { count: count.into(), amount: amount.saturating_mul(count.into()) }
    }

    fn read(report: &Value, name: &str) -> Self {
        let number = |field| report.pointer(&format!("/{name}/{field}")).and_then(Value::as_i64);
        Self { count: number("count").unwrap_or(0), amount: number("amount").unwrap_or(0) }
    }
}

/// A run as it stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether every outcome is known.
    pub finished: bool,
    /// Every invoice.
    pub planned: Total,
    /// Those that are paid.
    pub paid: Total,
}

impl Standing {
    /// Reads a run's object. All agreements are in US dollars.
    pub fn of(run: &Value) -> Self {
        let report = run.pointer("/report/usd").unwrap_or(&Value::Null);
        Self {
            finished: run.get("status").and_then(Value::as_str) == Some("finished"),
            planned: Total::read(report, "planned"),
            paid: Total::read(report, "paid"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_read_whole_and_before_it_has_anything() {
        let run = json!({ "status": "finished", "report": { "usd": {
            "planned": { "count": 3, "amount": 8_700 }, "paid": { "count": 2, "amount": 5_800 } } } });
        let want = Standing { finished: true, planned: Total::of(3, 2_900), paid: Total::of(2, 2_900) };
        assert_eq!(Standing::of(&run), want);
        assert_eq!(Standing::of(&json!({ "status": "running", "report": {} })), Standing::default());
    }
}
