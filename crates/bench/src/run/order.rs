//! The account's order of events: how far its numbers have come.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::target::{Failure, Target};

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// When nothing got a number for so long, nothing is to come: longer than a further look back of the worker that gives
/// them takes to come round.
const QUIET: Duration = Duration::from_secs(7);
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(30);

/// The number of the newest event that has one, given an earlier number.
pub async fn newest(target: &Target, known: i64) -> Result<i64, Failure> {
    let mut low = known;
    let mut step = 1;
    // As far as there are events, in steps that double; then between the last two by halves.
    while exists(target, low + step - 1).await? {
        low += step;
        step *= 2;
    }
    let mut high = low + step - 1;
    while low < high {
        let middle = low + (high - low) / 2;
        if exists(target, middle).await? { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// Whether an event has a number beyond this one.
async fn exists(target: &Target, after: i64) -> Result<bool, Failure> {
    let page = target.get(&format!("/v1/onfile/events?limit=1&after={after}")).await?;
    Ok(page.get("data").and_then(Value::as_array).is_some_and(|data| !data.is_empty()))
}

/// Waits until no event gets a number any more. Calls `moved` whenever some did; answers the last number.
pub async fn settle(target: &Target, known: i64, mut moved: impl FnMut()) -> Result<i64, Failure> {
    let (start, mut last) = (Instant::now(), Instant::now());
    let mut number = known;
    while last.elapsed() < QUIET {
        if start.elapsed() > PATIENCE {
            return Err("events do not stop getting numbers".into());
        }
        let now = newest(target, number).await?;
        if now > number {
            (number, last) = (now, Instant::now());
            moved();
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(number)
}
