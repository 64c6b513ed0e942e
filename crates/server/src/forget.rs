//! Forgets what has had its time: answers under idempotency keys, ended sessions, sign-in links that were used or are
//! too old, the log of webhooks.

use std::sync::Arc;
use std::time::Duration;

use onfile_service::db::DbError;

use crate::app::App;
use crate::pages;
use crate::store::{deliveries, idempotency};
use crate::work::rounds;

/// How long answers are kept under their keys: thirty days. Once a key is forgotten, the same request is carried out
/// again, so it must outlive every client's retries.
const KEYS_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// How long the log of finished deliveries is kept: thirty days. The events themselves are kept for ever.
const DELIVERIES_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// How often.
const EVERY: Duration = Duration::from_mins(1);
/// Rows in one transaction: few enough that nobody waits long for the writer.
const AT_ONCE: u32 = 1_000;
/// Transactions for one table in one round; what is left is for the next.
const BATCHES_MAX: usize = 100;

/// What is forgotten.
#[derive(Debug, Clone, Copy)]
enum Old {
    Keys,
    Sessions,
    SignIns,
    Deliveries,
}

/// Forgets until the process is told to stop.
pub async fn run(app: Arc<App>) {
    rounds(app.shutdown.clone(), EVERY, "what is old was not forgotten", || async {
        round(&app).await.map(drop)
    })
    .await;
}

/// One round; answers how many rows were deleted.
///
/// # Errors
/// As the database says; what is left is for the next round.
pub async fn round(app: &App) -> Result<u64, DbError> {
    let mut forgotten = 0;
    for old in [Old::Keys, Old::Sessions, Old::SignIns, Old::Deliveries] {
        for _ in 0..BATCHES_MAX {
            let batch = batch(app, old).await?;
            forgotten += batch;
            if batch < u64::from(AT_ONCE) {
                break;
            }
        }
    }
    Ok(forgotten)
}

async fn batch(app: &App, old: Old) -> Result<u64, DbError> {
    let now_ms = app.now_ms();
    let mut tx = app.db.begin().await?;
    let forgotten = match old {
        Old::Keys => idempotency::forget(&mut tx, now_ms - KEYS_KEPT_MS, AT_ONCE).await?,
        Old::Sessions => pages::forget_sessions(&mut tx, now_ms, AT_ONCE).await?,
        Old::SignIns => pages::forget_sign_ins(&mut tx, now_ms, AT_ONCE).await?,
        Old::Deliveries => deliveries::forget(&mut tx, now_ms - DELIVERIES_KEPT_MS, AT_ONCE).await?,
    };
    tx.commit().await?;
    Ok(forgotten)
}
