//! Where a recurring agreement stands. The words and their meaning are Stripe's; the changes are ours.

use serde::{Deserialize, Serialize};

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// Its first invoice is not paid yet, and nothing else is charged until it is.
    Incomplete,
    /// Its first invoice was never paid in time.
    IncompleteExpired,
    /// In its free time.
    Trialing,
    /// In force.
    Active,
    /// In force, with an invoice that could not be collected.
    PastDue,
    /// Ended.
    Canceled,
}

/// How long a first invoice may stay unpaid before the agreement expires: 23 hours, as Stripe documents.
pub const INCOMPLETE_SECONDS: i64 = 23 * 3600;

impl SubscriptionStatus {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Incomplete, "incomplete"),
        (Self::IncompleteExpired, "incomplete_expired"),
        (Self::Trialing, "trialing"),
        (Self::Active, "active"),
        (Self::PastDue, "past_due"),
        (Self::Canceled, "canceled"),
    ];

    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("", |(_, word)| word)
    }

    /// Reads [`Self::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(status, _)| *status)
    }

    /// Every status's word.
    pub fn words() -> [&'static str; 6] {
        Self::ALL.map(|(_, word)| word)
    }

    /// Whether it is over. What is over never comes back; a late payment of its invoice changes nothing of that.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::IncompleteExpired | Self::Canceled)
    }

    /// Whether its due occurrences are billed.
    pub fn is_billed(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue)
    }

    /// After an invoice of it was settled; `others_unpaid` tells whether another one is still owed.
    #[must_use]
    pub fn after_payment(self, others_unpaid: bool) -> Self {
        match self {
            Self::Incomplete => Self::Active,
            Self::PastDue if !others_unpaid => Self::Active,
            other => other,
        }
    }

    /// After an attempt to collect an invoice failed, or money was taken back.
    #[must_use]
    pub fn after_failure(self) -> Self {
        match self {
            Self::Active | Self::Trialing => Self::PastDue,
            other => other,
        }
    }

    /// When a free time is over.
    #[must_use]
    pub fn after_trial(self) -> Self {
        if self == Self::Trialing { Self::Active } else { self }
    }

    /// When it is ended by somebody, or by its own end.
    #[must_use]
    pub fn end(self) -> Self {
        match self {
            Self::Incomplete | Self::IncompleteExpired => Self::IncompleteExpired,
            _ => Self::Canceled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SubscriptionStatus::{Active, Canceled, Incomplete, IncompleteExpired, PastDue, Trialing};
    use super::*;

    const ALL: [SubscriptionStatus; 6] = [Incomplete, IncompleteExpired, Trialing, Active, PastDue, Canceled];

    #[test]
    fn what_payments_do_to_an_agreement() {
        for (from, paid, paid_with_others_open, failed) in [
            (Incomplete, Active, Active, Incomplete),
            (IncompleteExpired, IncompleteExpired, IncompleteExpired, IncompleteExpired),
            (Trialing, Trialing, Trialing, PastDue),
            (Active, Active, Active, PastDue),
            (PastDue, Active, PastDue, PastDue),
            (Canceled, Canceled, Canceled, Canceled),
        ] {
            assert_eq!(from.after_payment(false), paid, "{from:?}");
            assert_eq!(from.after_payment(true), paid_with_others_open, "{from:?}");
            assert_eq!(from.after_failure(), failed, "{from:?}");
        }
    }

    #[test]
    fn what_has_ended_stays_ended_and_is_not_billed() {
        for status in ALL {
            assert_eq!(SubscriptionStatus::parse(status.as_str()), Some(status));
            assert!(status.end().has_ended(), "{status:?}");
            if status.has_ended() {
                assert!(!status.is_billed(), "{status:?}");
                for next in
                    [status.after_payment(false), status.after_failure(), status.after_trial(), status.end()]
                {
                    assert_eq!(next, status);
                }
            }
        }
    }
}
