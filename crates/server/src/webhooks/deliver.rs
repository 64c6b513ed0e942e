//! Delivers: finds endpoints that have something to be sent, takes their leases, gives each a turn.
//!
//! Whoever holds an endpoint's lease is the only one who sends to it, over all processes. What was sent is written
//! together with the giving back of the lease; a process that dies in between leaves a lease that runs out, and the
//! events are sent again (at least once).

use std::sync::Arc;
use std::time::Duration;

use onfile_service::db::DbError;
use tokio::task::JoinSet;

use super::turn::{TURN_MS, turn};
use crate::app::App;
use crate::store::webhooks;

/// How often we look for something to do when nobody wakes us.
const TICK: Duration = Duration::from_secs(1);
/// How many endpoints a process sends to at the same time.
const ENDPOINTS_AT_ONCE: usize = 256;
/// What a lease is longer than the longest turn, in milliseconds.
const LEASE_MARGIN_MS: i64 = 10_000;
/// How many base-62 digits name a lease.
const LEASE_DIGITS: usize = 22;

/// Delivers until the process is told to stop, then ends the turns that were begun.
pub async fn run(app: Arc<App>) {
    let mut work = JoinSet::new();
    while !app.shutdown.is_requested() {
        if let Err(error) = start(&app, &mut work).await {
            tracing::warn!(%error, "webhooks could not be sent yet; trying again");
        }
        tokio::select! {
            () = app.webhooks.wake.notified() => {}
            () = tokio::time::sleep(TICK) => {}
            () = app.shutdown.requested() => {}
            Some(ended) = work.join_next() => report(ended),
        }
        while let Some(ended) = work.try_join_next() {
            report(ended);
        }
    }
    while let Some(ended) = work.join_next().await {
        report(ended);
    }
}

/// Gives every endpoint that is due one turn, and waits for all; answers how many turns there were.
///
/// # Errors
/// When the database fails.
pub async fn once(app: &Arc<App>) -> Result<usize, DbError> {
    let mut work = JoinSet::new();
    start(app, &mut work).await?;
    let turns = work.len();
    while let Some(ended) = work.join_next().await {
        report(ended);
    }
    Ok(turns)
}

fn report(ended: Result<Result<(), DbError>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a webhook endpoint's turn failed; it gets another"),
        Err(error) => tracing::error!(%error, "a webhook endpoint's turn broke off; it gets another"),
    }
}

async fn start(app: &Arc<App>, work: &mut JoinSet<Result<(), DbError>>) -> Result<(), DbError> {
    let room = u32::try_from(ENDPOINTS_AT_ONCE.saturating_sub(work.len())).unwrap_or(0);
    if room == 0 {
        return Ok(());
    }
    let due = webhooks::due(&mut app.db.read().await?, app.now_ms(), room).await?;
    for of in due {
        let lease = app.ids.secret(LEASE_DIGITS);
        let until = app.now_ms().saturating_add(lease_ms(app));
        let mut tx = app.db.begin().await?;
        let claimed = webhooks::claim(&mut tx, &of, &lease, app.now_ms(), until).await?;
        tx.commit().await?;
        if let Some(cursor) = claimed {
            let app = Arc::clone(app);
            work.spawn(async move { turn(&app, cursor).await });
        }
    }
    Ok(())
}

fn lease_ms(app: &App) -> i64 {
    let timeout = i64::try_from(app.config.webhooks.timeout_ms).unwrap_or(i64::MAX);
    TURN_MS.saturating_add(timeout).saturating_add(LEASE_MARGIN_MS)
}
