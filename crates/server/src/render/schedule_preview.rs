//! What a schedule will do. An object of our own: Stripe has none.

use onfile_core::recurrence::{Occurrence, Recurrence};
use serde_json::{Value, json};

use super::Context;

/// A schedule in words, with its first occurrences.
pub fn schedule_preview(context: &Context<'_>, recurrence: &Recurrence, occurrences: &[Occurrence]) -> Value {
    json!({
        "object": "onfile.schedule_preview",
        "description": recurrence.describe(),
        "livemode": context.account.livemode,
        "occurrences": occurrences.iter().map(occurrence).collect::<Vec<_>>(),
    })
}

/// Dates are local dates of the schedule's zone; `due` is a moment.
fn occurrence(occurrence: &Occurrence) -> Value {
    json!({
        "number": occurrence.number(),
        "date": occurrence.date,
        "charge_date": occurrence.charge_date,
        "due": occurrence.due.as_second(),
        "period_start": occurrence.date,
        "period_end": occurrence.period_end,
    })
}
