//! Where a merchant wants to hear of events.

use onfile_core::ids::WebhookEndpointId;
use serde::{Deserialize, Serialize};

use super::{Metadata, Object};

/// Stands for every type of event.
pub const ALL_EVENTS: &str = "*";

/// A webhook endpoint. Its secrets are kept apart from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// `we_…`
    pub id: WebhookEndpointId,
    /// Unix seconds.
    pub created: i64,
    /// Where events are posted to.
    pub url: String,
    /// Which types it hears of; `*` is all.
    pub enabled_events: Vec<String>,
    /// The merchant's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// The version that was asked for; none for the account's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Whether it is sent anything.
    pub status: EndpointStatus,
    /// Unix seconds: when it was disabled because nothing had arrived there for too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<i64>,
}

/// Whether an endpoint is sent anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// It is.
    Enabled,
    /// It is not, by the merchant's wish or because it failed for too long.
    Disabled,
}

impl EndpointStatus {
    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl WebhookEndpoint {
    /// Whether it hears of events of this type.
    pub fn wants(&self, kind: &str) -> bool {
        self.enabled_events.iter().any(|wanted| wanted == ALL_EVENTS || wanted == kind)
    }
}

impl Object for WebhookEndpoint {
    type Id = WebhookEndpointId;
    fn id(&self) -> &WebhookEndpointId {
        &self.id
    }
}
