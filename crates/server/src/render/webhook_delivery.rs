//! Deliveries of webhooks.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::Context;
use crate::model::webhook_delivery::{Try, WebhookDelivery};

/// A delivery with its tries.
pub fn webhook_delivery(context: &Context<'_>, delivery: &WebhookDelivery) -> Value {
    json!({
        "id": delivery.id.as_str(),
        "object": "onfile.webhook_delivery",
        "created": delivery.created.div_euclid(1000),
        "endpoint": delivery.endpoint.as_str(),
        "event": delivery.event.as_str(),
        "livemode": context.account.livemode,
        "next_try": delivery.next_try.map(|ms| ms.div_euclid(1000)),
        "state": delivery.state.as_str(),
        "tries": delivery.tries.iter().map(one_try).collect::<Vec<_>>(),
    })
}

fn one_try(tried: &Try) -> Value {
    json!({
        "time": tried.time.div_euclid(1000),
        "status": tried.status,
        "error": tried.error,
        "duration_ms": tried.duration_ms,
        "response": tried.response,
    })
}
