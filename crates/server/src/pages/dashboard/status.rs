//! The status of a payment in one word, and the lists by status.

use onfile_core::payment::PaymentStatus;

use super::views::HOME;
use crate::model::payment_intent::PaymentIntent;

/// A coloured word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chip {
    /// The word.
    pub label: &'static str,
    /// `good`, `warn`, `bad` or `calm`.
    pub colour: &'static str,
}

/// Which payments are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    All,
    /// Paid, and nothing given back.
    Succeeded,
    /// Paid, and something given back.
    Refunded,
    /// Paid by a bank debit, and the bank took the money back.
    TakenBack,
    /// The outcome is not known.
    Processing,
    /// The customer must confirm with the bank.
    Action,
    /// Reserved, not taken.
    Authorised,
    /// The last attempt was declined.
    Failed,
    /// No attempt yet.
    Incomplete,
    /// Given up.
    Canceled,
}

/// Every filter, as shown.
pub const FILTERS: [Filter; 10] = [
    Filter::All,
    Filter::Succeeded,
    Filter::Refunded,
    Filter::TakenBack,
    Filter::Processing,
    Filter::Action,
    Filter::Authorised,
    Filter::Failed,
    Filter::Incomplete,
    Filter::Canceled,
];

impl Filter {
    /// The word in the address.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Succeeded => "succeeded",
            Self::Refunded => "refunded",
            Self::TakenBack => "returned",
            Self::Processing => "processing",
            Self::Action => "requires_action",
            Self::Authorised => "authorised",
            Self::Failed => "failed",
            Self::Incomplete => "incomplete",
            Self::Canceled => "canceled",
        }
    }

    /// The filter with this word; all for none and for words of other versions.
    pub fn parse(word: Option<&str>) -> Self {
        FILTERS.into_iter().find(|filter| Some(filter.word()) == word).unwrap_or(Self::All)
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Succeeded => "Succeeded",
            Self::Refunded => "Refunded",
            Self::TakenBack => "Returned by bank",
            Self::Processing => "Processing",
            Self::Action => "Needs customer",
            Self::Authorised => "Authorised",
            Self::Failed => "Declined",
            Self::Incomplete => "Incomplete",
            Self::Canceled => "Cancelled",
        }
    }

    /// The address of the list.
    pub fn href(self) -> String {
        if self == Self::All { HOME.to_owned() } else { format!("{HOME}?status={}", self.word()) }
    }

    /// Which list a payment is in, besides [`Filter::All`].
    pub fn of(intent: &PaymentIntent) -> Self {
        match intent.status {
            PaymentStatus::Succeeded if intent.taken_back.is_some() => Self::TakenBack,
            PaymentStatus::Succeeded if intent.amounts.refunded_total() > 0 => Self::Refunded,
            PaymentStatus::Succeeded => Self::Succeeded,
            PaymentStatus::Processing => Self::Processing,
            PaymentStatus::RequiresAction => Self::Action,
            PaymentStatus::RequiresCapture => Self::Authorised,
            PaymentStatus::Canceled => Self::Canceled,
            PaymentStatus::RequiresPaymentMethod | PaymentStatus::RequiresConfirmation => {
                if intent.last_error.is_some() { Self::Failed } else { Self::Incomplete }
            }
        }
    }

    /// Whether a payment belongs into this list.
    pub fn takes(self, intent: &PaymentIntent) -> bool {
        self == Self::All || self == Self::of(intent)
    }
}

/// A payment's status.
pub fn chip_of(intent: &PaymentIntent) -> Chip {
    let list = Filter::of(intent);
    let colour = match list {
        Filter::Succeeded => "good",
        Filter::Processing | Filter::Action | Filter::Authorised => "warn",
        Filter::Failed | Filter::TakenBack => "bad",
        Filter::All | Filter::Refunded | Filter::Incomplete | Filter::Canceled => "calm",
    };
    let partly = list == Filter::Refunded && intent.amounts.refundable() > 0;
    Chip { label: if partly { "Partly refunded" } else { list.label() }, colour }
}

#[cfg(test)]
pub(super) fn chip_of_words(label: &'static str, colour: &'static str) -> Chip {
    Chip { label, colour }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_its_word_in_the_address() {
        for filter in FILTERS {
            assert_eq!(Filter::parse(Some(filter.word())), filter);
        }
        assert_eq!(Filter::parse(None), Filter::All);
        assert_eq!(Filter::parse(Some("nonsense")), Filter::All);
        assert_eq!(Filter::Failed.href(), "/dashboard?status=failed");
    }
}
