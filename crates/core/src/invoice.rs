//! Where an invoice stands, and what may happen to it. An invoice is the debt of an agreement's occurrence, or one that
//! the merchant wrote; the words are Stripe's.

use serde::{Deserialize, Serialize};

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// May still be changed; nobody owes it.
    Draft,
    /// Final, numbered, owed.
    Open,
    /// Settled in full.
    Paid,
    /// Given up, and still payable.
    Uncollectible,
    /// Taken back: nobody owes it any more.
    Void,
}

/// The invoice is in another state than the change needs; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invoice that is {} cannot be {asked}", .status.as_str())]
pub struct WrongInvoiceStatus {
    /// Where it stands.
    pub status: InvoiceStatus,
    /// `finalized`, `paid`, `voided`, `marked uncollectible`, `changed`.
    pub asked: &'static str,
}

impl InvoiceStatus {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Draft, "draft"),
        (Self::Open, "open"),
        (Self::Paid, "paid"),
        (Self::Uncollectible, "uncollectible"),
        (Self::Void, "void"),
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
    pub fn words() -> [&'static str; 5] {
        Self::ALL.map(|(_, word)| word)
    }

    /// Makes it final: from here on it is owed and no longer changed.
    ///
    /// # Errors
    /// When it is no draft.
    pub fn finalise(self) -> Result<Self, WrongInvoiceStatus> {
        self.step(&[Self::Draft], Self::Open, "finalized")
    }

    /// Settles it. Money that arrives for a given-up invoice settles it too.
    ///
    /// # Errors
    /// When it is not owed.
    pub fn pay(self) -> Result<Self, WrongInvoiceStatus> {
        self.step(&[Self::Open, Self::Uncollectible], Self::Paid, "paid")
    }

    /// Reopens it: a bank took the money back after it had counted as paid.
    ///
    /// # Errors
    /// When it is not paid.
    pub fn reopen(self) -> Result<Self, WrongInvoiceStatus> {
        self.step(&[Self::Paid], Self::Open, "reopened")
    }

    /// Takes it back.
    ///
    /// # Errors
    /// When it is not owed.
    pub fn void(self) -> Result<Self, WrongInvoiceStatus> {
        self.step(&[Self::Open, Self::Uncollectible], Self::Void, "voided")
    }

    /// Gives it up.
    ///
    /// # Errors
    /// When it is not open.
    pub fn give_up(self) -> Result<Self, WrongInvoiceStatus> {
        self.step(&[Self::Open], Self::Uncollectible, "marked uncollectible")
    }

    /// May be changed only while it is a draft.
    ///
    /// # Errors
    /// When it is final.
    pub fn change(self) -> Result<Self, WrongInvoiceStatus> {
        self.step(&[Self::Draft], Self::Draft, "changed")
    }

    /// Whether somebody owes it.
    pub fn is_owed(self) -> bool {
        matches!(self, Self::Open | Self::Uncollectible)
    }

    fn step(self, from: &[Self], to: Self, asked: &'static str) -> Result<Self, WrongInvoiceStatus> {
        if from.contains(&self) { Ok(to) } else { Err(WrongInvoiceStatus { status: self, asked }) }
    }
}

#[cfg(test)]
mod tests {
    use super::InvoiceStatus::{Draft, Open, Paid, Uncollectible, Void};
    use super::*;

    #[test]
    fn only_these_changes_are_allowed() {
        type Change = fn(InvoiceStatus) -> Result<InvoiceStatus, WrongInvoiceStatus>;
        type Allowed = &'static [(InvoiceStatus, InvoiceStatus)];
        let changes: [(&str, Change, Allowed); 6] = [
            ("finalise", InvoiceStatus::finalise, &[(Draft, Open)]),
            ("pay", InvoiceStatus::pay, &[(Open, Paid), (Uncollectible, Paid)]),
            ("reopen", InvoiceStatus::reopen, &[(Paid, Open)]),
            ("void", InvoiceStatus::void, &[(Open, Void), (Uncollectible, Void)]),
            ("give up", InvoiceStatus::give_up, &[(Open, Uncollectible)]),
            ("change", InvoiceStatus::change, &[(Draft, Draft)]),
        ];
        for (name, change, allowed) in changes {
            for from in [Draft, Open, Paid, Uncollectible, Void] {
                let want = allowed.iter().find(|(f, _)| *f == from).map(|(_, to)| *to);
                assert_eq!(change(from).ok(), want, "{name} from {from:?}");
            }
        }
    }

    #[test]
    fn words_are_read_back_and_only_owed_ones_are_owed() {
        for status in [Draft, Open, Paid, Uncollectible, Void] {
            assert_eq!(InvoiceStatus::parse(status.as_str()), Some(status));
            assert_eq!(status.is_owed(), status.pay().is_ok(), "{status:?}");
        }
        assert_eq!(InvoiceStatus::parse("opened"), None);
    }
}
