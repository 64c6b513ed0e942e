//! PostgreSQL's statistics, kept up with tables that grow quickly.
//!
//! Plans of prepared statements are kept until the statistics of their tables change. Those that were made while a table was
//! empty may look rows up by any index that begins with the account, and read all of it once there is something in it; and
//! autovacuum looks only once a minute. So a table that has doubled is analysed within seconds, by whichever process sees
//! it first: for a table of any size that is some twenty times in its life.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};

use super::DbError;

/// How often we look.
const TICK: Duration = Duration::from_secs(2);

/// Tables of ours that are at least eight pages long and twice as long as when they were analysed last.
const GROWN: &str = "SELECT quote_ident(relname) FROM pg_class \
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' \
    AND pg_relation_size(oid) >= 2 * GREATEST(relpages, 4) * current_setting('block_size')::bigint";

/// Looks for as long as the pool is there.
pub(super) fn keep_up(pool: &Pool) {
    let pool = pool.weak();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            let Some(pool) = pool.upgrade() else { return };
            let Ok(client) = pool.get().await else { continue };
            if let Err(error) = analyse_grown(&client).await {
                tracing::warn!(%error, "statistics could not be brought up to date; trying again");
            }
        }
    });
}

async fn analyse_grown(client: &Object) -> Result<(), DbError> {
    for row in client.query(GROWN, &[]).await? {
        let table: String = row.try_get(0)?;
        client.batch_execute(&format!("ANALYZE (SKIP_LOCKED) {table}")).await?;
        tracing::debug!(table, "analysed a table that had grown");
    }
    Ok(())
}
