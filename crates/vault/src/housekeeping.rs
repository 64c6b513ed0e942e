//! Removes what has lived its time: sources that nobody redeemed, and security codes.

use std::time::Duration;

use onfile_service::db::DbError;
use onfile_service::shutdown::Shutdown;

use crate::store::instruments;
use crate::vault::Vault;

/// How often.
const INTERVAL: Duration = Duration::from_mins(1);
/// Sources in one transaction: few enough that nobody waits long for the writer.
const BATCH: u32 = 500;
/// Transactions in one round.
const BATCHES_MAX: usize = 2000;

/// Works until the order to stop.
pub async fn run(vault: &Vault, shutdown: &Shutdown) {
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        match round(vault).await {
            Ok(0) => {}
            Ok(deleted) => tracing::debug!(deleted, "expired sources are deleted"),
            Err(error) => tracing::warn!(%error, "expired sources stay until the next round"),
        }
    }
}

/// One round; answers how many sources were deleted.
///
/// # Errors
/// As the database says; what is left is for the next round.
pub async fn round(vault: &Vault) -> Result<u64, DbError> {
    let now_ms = vault.now_ms();
    vault.cvcs.drop_expired(now_ms);
    let mut deleted = 0;
    for _ in 0..BATCHES_MAX {
        let mut tx = vault.db.begin().await?;
        let batch = instruments::delete_expired(&mut tx, now_ms, BATCH).await?;
        tx.commit().await?;
        deleted += batch;
        if batch < u64::from(BATCH) {
            break;
        }
    }
    Ok(deleted)
}
