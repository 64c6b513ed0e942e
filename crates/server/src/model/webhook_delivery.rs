//! What became of an event on its way to an endpoint.

use onfile_core::ids::{EventId, WebhookDeliveryId, WebhookEndpointId};
use serde::{Deserialize, Serialize};

/// One event for one endpoint, with every try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// `wdel_…`
    pub id: WebhookDeliveryId,
    /// Where to.
    pub endpoint: WebhookEndpointId,
    /// What.
    pub event: EventId,
    /// Whose key seals what receivers answered; empty for the process's own.
    pub key_id: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it is tried again, Unix milliseconds; none when it is not.
    pub next_try: Option<i64>,
    /// After which moment a failed try is the last, Unix milliseconds.
    pub give_up: i64,
    /// The first try, Unix milliseconds.
    pub created: i64,
    /// Every try, oldest first; at most [`TRIES_KEPT_MAX`], of which the first are dropped.
    pub tries: Vec<Try>,
}

/// How many tries of a delivery are kept.
pub const TRIES_KEPT_MAX: usize = 25;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is tried again.
    Pending,
    /// The receiver answered with a status from 200 to 299.
    Succeeded,
    /// It is not tried again.
    Failed,
}

impl DeliveryState {
    /// Every state's word.
    pub const WORDS: [&'static str; 3] = ["pending", "succeeded", "failed"];

    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Succeeded, Self::Failed].into_iter().find(|state| state.as_str() == word)
    }
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// When it began, Unix milliseconds.
    pub time: i64,
    /// The receiver's HTTP status; none when there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong, in our words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The beginning of the receiver's answer, masked. Stored apart and sealed; none when it was erased.
    #[serde(skip)]
    pub response: Option<String>,
}

impl Try {
    /// Whether the receiver took it.
    pub fn succeeded(&self) -> bool {
        self.error.is_none()
    }
}
