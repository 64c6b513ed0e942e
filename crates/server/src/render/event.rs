//! Events, with the whole object as it was.

use onfile_core::ids::{Id, created_at};
use serde_json::{Value, json};

use super::Context;
use crate::model::event::Event;
use crate::wire::envelope::API_VERSION;

/// An event; `object` is its rendered snapshot, `pending` counts webhooks that are outstanding. What was erased leaves
/// its id.
pub fn event(context: &Context<'_>, event: &Event, object: Option<Value>, pending: i64) -> Value {
    let erased = || json!({ "id": event.object_id, "object": family(&event.kind), "deleted": true });
    json!({
        "id": event.id.as_str(),
        "object": "event",
        "api_version": API_VERSION,
        "created": created_at(&event.id),
        "data": { "object": object.unwrap_or_else(erased) },
        "livemode": context.account.livemode,
        "onfile": { "sequence": event.sequence, "object_version": event.object_version },
        "pending_webhooks": pending,
        "request": { "id": event.request_id, "idempotency_key": event.idempotency_key },
        "type": event.kind,
    })
}

/// The kind of object that a type of event is about: `charge.refunded` is about a charge.
fn family(kind: &str) -> &str {
    let family = kind.rsplit_once('.').map_or(kind, |(family, _)| family);
    family.strip_prefix("charge.").unwrap_or(family)
}
