//! The table of answers kept under callers' keys.

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

/// A key that was used before.
#[derive(Debug)]
pub struct Used {
    /// Hash of the request it was used with.
    pub hash: Vec<u8>,
    /// Until when the request is being worked on, Unix milliseconds; none once its answer is stored.
    pub working_until: Option<i64>,
    /// What the request makes or changes.
    pub object_id: Option<String>,
    /// The stored answer: status and sealed body.
    pub answer: Option<(i64, Vec<u8>)>,
    /// The request that holds, or held, the key.
    pub request_id: String,
}

/// A row to be inserted.
#[derive(Debug)]
pub struct NewRow<'a> {
    /// The caller's key, with its scope.
    pub key: &'a str,
    /// Hash of the request.
    pub hash: &'a [u8],
    /// The request.
    pub request_id: &'a str,
    /// What it makes or changes.
    pub object_id: &'a str,
    /// Unix milliseconds.
    pub now_ms: i64,
    /// Unix milliseconds.
    pub working_until: i64,
    /// The answer, when it is known already.
    pub answer: Option<(i64, &'a [u8])>,
}

/// Looks a key up.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, account: &AccountId, key: &str) -> Result<Option<Used>, DbError> {
    let row = tx
        .query_opt(
            "SELECT request_hash, state, working_until, object_id, status, sealed, request_id FROM idempotency_keys \
             WHERE account_id = $1 AND idempotency_key = $2",
            binds![account.as_str(), key],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let working = row.text("state")? == "working";
    let answer = match (row.opt_int("status")?, row.opt_bytes("sealed")?) {
        (Some(status), Some(sealed)) if !working => Some((status, sealed)),
        _ => None,
    };
    Ok(Some(Used {
        hash: row.bytes("request_hash")?,
        working_until: working.then(|| row.int("working_until")).transpose()?,
        object_id: row.opt_text("object_id")?,
        answer,
        request_id: row.text("request_id")?,
    }))
}

/// Inserts a key; false when it is taken.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, account: &AccountId, row: &NewRow<'_>) -> Result<bool, DbError> {
    let state = if row.answer.is_some() { "finished" } else { "working" };
    let inserted = tx
        .execute(
            "INSERT INTO idempotency_keys (account_id, idempotency_key, request_hash, state, working_until, object_id, \
             status, sealed, request_id, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (account_id, idempotency_key) DO NOTHING",
            binds![
                account.as_str(),
                row.key,
                row.hash,
                state,
                row.working_until,
                row.object_id,
                row.answer.map(|(status, _)| status),
                row.answer.map(|(_, sealed)| sealed),
                row.request_id,
                row.now_ms,
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Stores the answer of a request that holds its key; false when another has taken the key over.
///
/// # Errors
/// When the database fails.
pub async fn finish(
    tx: &mut Tx,
    account: &AccountId,
    key: &str,
    request_id: &str,
    answer: (i64, &[u8]),
) -> Result<bool, DbError> {
    let finished = tx
        .execute(
            "UPDATE idempotency_keys SET state = 'finished', status = $4, sealed = $5 \
             WHERE account_id = $1 AND idempotency_key = $2 AND request_id = $3 AND state = 'working'",
            binds![account.as_str(), key, request_id, answer.0, answer.1],
        )
        .await?;
    Ok(finished == 1)
}

/// Gives a key back, because nothing came of the request.
///
/// # Errors
/// When the database fails.
pub async fn release(tx: &mut Tx, account: &AccountId, key: &str, request_id: &str) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM idempotency_keys \
         WHERE account_id = $1 AND idempotency_key = $2 AND request_id = $3 AND state = 'working'",
        binds![account.as_str(), key, request_id],
    )
    .await?;
    Ok(())
}

/// Forgets keys older than `before_ms`; answers how many.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, before_ms: i64, limit: u32) -> Result<u64, DbError> {
    tx.execute(
        "DELETE FROM idempotency_keys WHERE created < $1 AND (account_id, idempotency_key) IN (\
         SELECT account_id, idempotency_key FROM idempotency_keys WHERE created < $1 ORDER BY created LIMIT $2)",
        binds![before_ms, limit],
    )
    .await
}
