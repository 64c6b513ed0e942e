//! The calendar units that recurring prices are counted in.

use serde::{Deserialize, Serialize};

/// Between two payments of a recurring price lies a number of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
}

impl Interval {
    /// Every interval.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The interval with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.as_str() == word)
    }

    /// How many of them may lie between two payments: three years, as Stripe has it (3 years, 36 months, 156 weeks).
    pub fn count_max(self) -> u32 {
        match self {
            Self::Day => 1095,
            Self::Week => 156,
            Self::Month => 36,
            Self::Year => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_its_word_on_the_wire_and_in_the_database() {
        for interval in Interval::ALL {
            assert_eq!(Interval::parse(interval.as_str()), Some(interval));
            assert_eq!(serde_json::to_string(&interval).unwrap(), format!("\"{}\"", interval.as_str()));
        }
        for bad in ["", "Day", "days", "quarter"] {
            assert_eq!(Interval::parse(bad), None, "{bad:?}");
        }
    }
}
