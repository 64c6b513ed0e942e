//! What a schedule will do, before anybody agrees to it.

use jiff::Timestamp;
use onfile_core::recurrence::{BusinessDays, Occurrence, Recurrence};

use super::recurrence_params;
use crate::render::schedule_preview::schedule_preview;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::params::Params;

const OCCURRENCES_DEFAULT: i64 = 12;
const OCCURRENCES_MAX: i64 = 100;

/// `POST /v1/onfile/schedule_previews`: the first occurrences of a schedule. Nothing is kept.
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let count = call.params.integer_within("count", 1, OCCURRENCES_MAX)?.unwrap_or(OCCURRENCES_DEFAULT);
    let recurrence = schedule(&mut call.params, call.app.clock.now())?;
    call.finish()?;
    let first = recurrence.occurrences_from(0, BusinessDays::WEEKDAYS);
    let first: Vec<Occurrence> = first.take(usize::try_from(count).unwrap_or(0)).collect();
    Ok(Answer::new(schedule_preview(&call.rendering(), &recurrence, &first)))
}

/// `onfile[recurrence]`, or `recurring` as prices have it with `billing_cycle_anchor` as subscriptions have it.
fn schedule(params: &mut Params, now: Timestamp) -> Result<Recurrence, ApiError> {
    let own = match params.group("onfile")? {
        None => None,
        Some(mut onfile) => {
            let recurrence = recurrence_params::recurrence(&mut onfile, now)?;
            onfile.finish()?;
            recurrence
        }
    };
    match (own, params.group("recurring")?) {
        (Some(own), None) => Ok(own),
        (None, Some(mut recurring)) => {
            let interval = recurrence_params::interval(&mut recurring)?;
            recurring.finish()?;
            let anchor = params.time("billing_cycle_anchor")?.unwrap_or(now.as_second());
            recurrence_params::anchored(interval, anchor)
        }
        (None, None) => Err(ApiError::missing("onfile[recurrence]")),
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: onfile[recurrence], recurring.";
            Err(ApiError::invalid("recurring", "parameters_exclusive", message))
        }
    }
}
