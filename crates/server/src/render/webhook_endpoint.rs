//! Webhook endpoints.

use onfile_core::ids::{Id, WebhookEndpointId};
use onfile_service::secret::Secret;
use serde_json::{Value, json};

use super::{Context, parts};
use crate::model::webhook_endpoint::WebhookEndpoint;
use crate::store::webhooks::Cursor;

/// A webhook endpoint, with how it fares while it is enabled, and with its secret right after that was made.
pub fn webhook_endpoint(
    context: &Context<'_>,
    endpoint: &WebhookEndpoint,
    cursor: Option<&Cursor>,
    secret: Option<&Secret>,
) -> Value {
    let seconds = |ms: i64| ms.div_euclid(1000);
    let mut object = json!({
        "id": endpoint.id.as_str(),
        "object": "webhook_endpoint",
        "api_version": endpoint.api_version,
        "application": null,
        "created": endpoint.created,
        "description": endpoint.description,
        "enabled_events": endpoint.enabled_events,
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&endpoint.metadata),
        "onfile": {
            "failing_since": cursor.and_then(|cursor| cursor.failing_since).map(seconds),
            "given_up": endpoint.given_up,
            "position": cursor.map(|cursor| cursor.position),
        },
        "status": endpoint.status.as_str(),
        "url": endpoint.url,
    });
    if let (Some(secret), Some(fields)) = (secret, object.as_object_mut()) {
        fields.insert("secret".into(), secret.expose_secret().into());
    }
    object
}

/// What is left of a deleted one.
pub fn deleted(id: &WebhookEndpointId) -> Value {
    json!({ "id": id.as_str(), "object": "webhook_endpoint", "deleted": true })
}
