//! Events, with the whole object as it was.

use onfile_core::ids::{Id, created_at};
use serde_json::{Map, Value, json};

use super::Context;
use crate::model::event::Event;
use crate::wire::envelope::API_VERSION;

/// What an event is about, rendered.
#[derive(Debug)]
pub struct About {
    /// The object after the change; none when its customer was erased.
    pub object: Option<Value>,
    /// The object before it, where the event tells what was changed.
    pub previous: Option<Value>,
}

/// An event; `pending` counts webhooks that are outstanding. What was erased leaves its id.
pub fn event(context: &Context<'_>, event: &Event, about: About, pending: i64) -> Value {
    let previous =
        about.previous.as_ref().zip(about.object.as_ref()).map(|(before, now)| changed(before, now));
    let object = about.object;
    let erased = || json!({ "id": event.object_id, "object": family(&event.kind), "deleted": true });
    let mut data = json!({ "object": object.unwrap_or_else(erased) });
    if let (Some(previous), Some(fields)) = (previous, data.as_object_mut()) {
        fields.insert("previous_attributes".to_owned(), previous);
    }
    json!({
        "id": event.id.as_str(),
        "object": "event",
        "api_version": API_VERSION,
        "created": created_at(&event.id),
        "data": data,
        "livemode": context.account.livemode,
        "onfile": { "sequence": event.sequence, "object_version": event.object_version },
        "pending_webhooks": pending,
        "request": { "id": event.request_id, "idempotency_key": event.idempotency_key },
        "type": event.kind,
    })
}

/// The former values of the fields that are no longer the same. Of an object within the object, those of its fields alone;
/// what was not there before is null. Lists are told whole.
fn changed(before: &Value, now: &Value) -> Value {
    let (Some(before), Some(now)) = (before.as_object(), now.as_object()) else { return before.clone() };
    let mut differing = Map::new();
    for (name, value) in now.iter().filter(|(name, value)| before.get(*name) != Some(*value)) {
        let former = match before.get(name) {
            Some(former) if former.is_object() && value.is_object() => changed(former, value),
            former => former.cloned().unwrap_or_default(),
        };
        differing.insert(name.clone(), former);
    }
    for (name, former) in before.iter().filter(|(name, _)| !now.contains_key(*name)) {
        differing.insert(name.clone(), former.clone());
    }
    Value::Object(differing)
}

/// The kind of object that a type of event is about: `charge.refunded` is about a charge.
fn family(kind: &str) -> &str {
    let family = kind.rsplit_once('.').map_or(kind, |(family, _)| family);
    family.strip_prefix("charge.").unwrap_or(family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_told_with_its_former_value() {
        let before = json!({
            "id": "cus_1", "name": "Ada", "phone": null, "metadata": { "a": "1", "b": "2" }, "address": { "city": "X", "line1": "Y" },
            "items": { "data": [1, 2], "object": "list" }, "discount": { "id": "di_1" },
        });
        let now = json!({
            "id": "cus_1", "name": "Eva", "phone": "1", "metadata": { "b": "2", "c": "3" }, "address": null,
            "items": { "data": [1], "object": "list" }, "discount": null,
        });
        assert_eq!(
            changed(&before, &now),
            json!({
                "name": "Ada", "phone": null, "metadata": { "a": "1", "c": null },
                "address": { "city": "X", "line1": "Y" }, "items": { "data": [1, 2] }, "discount": { "id": "di_1" },
            })
        );
        assert_eq!(changed(&now, &now), json!({}));
    }
}
