//! Something that a customer is told by mail, as it is kept.

use onfile_core::ids::{CustomerId, NoticeId, PaymentIntentId};

/// A notice without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `ntc_…`; also the left half of the mail's `Message-ID`.
    pub id: NoticeId,
    /// `receipt`, `payment_failed`, `payment_failed_final`, `card_expiring`.
    pub kind: String,
    /// Who is told.
    pub customer: Option<CustomerId>,
    /// Of which payment.
    pub payment: Option<PaymentIntentId>,
    /// The object that it is about: a charge, an invoice, a payment method.
    pub about: String,
    /// Where it stands.
    pub state: NoticeState,
    /// Why it was not sent, or not yet: a word for programs.
    pub reason: Option<String>,
    /// How often it was given to the mail server.
    pub attempts: i64,
    /// Unix milliseconds: when it may be sent; while it is being sent, when the sender's lease ends.
    pub due: i64,
    /// Unix milliseconds: when its end was reached.
    pub settled: Option<i64>,
}

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    /// It waits for its time.
    Queued,
    /// Somebody has claimed it.
    Sending,
    /// The mail server took it.
    Sent,
    /// It cannot be sent.
    Failed,
    /// It is not to be sent: it is not true any more, or its reader is gone.
    Suppressed,
}

impl NoticeState {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Queued, Self::Sending, Self::Sent, Self::Failed, Self::Suppressed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}
