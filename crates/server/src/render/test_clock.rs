//! Test clocks.

use serde_json::{Value, json};

use super::Context;
use crate::model::test_clock::TestClock;

/// For how long a clock is kept, seconds: Stripe's 30 days.
const KEPT_SECONDS: i64 = 30 * 86_400;

/// A test clock.
pub fn test_clock(context: &Context<'_>, clock: &TestClock) -> Value {
    let mut details = json!({});
    if let Some(target) = clock.target {
        details["advancing"] = json!({ "target_frozen_time": target });
    }
    json!({
        "id": onfile_core::ids::Id::as_str(&clock.id),
        "object": "test_helpers.test_clock",
        "created": clock.created,
        "deletes_after": clock.created + KEPT_SECONDS,
        "frozen_time": clock.frozen_time,
        "livemode": context.account.livemode,
        "name": clock.name,
        "status": clock.status(),
        "status_details": details,
    })
}
