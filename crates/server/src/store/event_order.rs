//! The order of an account's events (M7): numbers without gaps, given to committed events in batches.
//!
//! Nothing of this is in the transaction that writes an event. Whoever numbers locks the account's head, so two
//! processes never number at the same time, and a number becomes visible only after all smaller ones.

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};

/// Where an account's order ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The number given last; 0 when none was.
    pub last: i64,
    /// Every event up to this id has a number. What comes to light below it later is not found any more.
    pub settled: String,
}

/// A stretch of an account's events, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// How many events there are in it.
    pub events: i64,
    /// The greatest id in it; none when it is empty.
    pub end: Option<String>,
    /// The smallest id without a number, if there is one.
    pub unordered: Option<String>,
}

/// An account's head, as it is at this moment.
///
/// # Errors
/// When the database fails.
pub async fn head(tx: &mut Tx, account: &AccountId) -> Result<Head, DbError> {
    let sql = "SELECT last, settled FROM event_heads WHERE account_id = $1";
    let row = tx.query_opt(sql, binds![account.as_str()]).await?;
    row.as_ref().map_or_else(|| Ok(Head::default()), read_head)
}

/// Locks an account's head until the transaction ends; makes it at first use.
///
/// # Errors
/// When the database fails.
pub async fn lock_head(tx: &mut Tx, account: &AccountId) -> Result<Head, DbError> {
    let sql = "INSERT INTO event_heads (account_id, last, settled) VALUES ($1, 0, '') \
         ON CONFLICT (account_id) DO UPDATE SET last = event_heads.last RETURNING last, settled";
    read_head(&tx.query_one(sql, binds![account.as_str()]).await?)
}

fn read_head(row: &Row) -> Result<Head, DbError> {
    Ok(Head { last: row.int("last")?, settled: row.text("settled")? })
}

/// Saves a head that was locked in this transaction.
///
/// # Errors
/// When the database fails.
pub async fn save_head(tx: &mut Tx, account: &AccountId, head: &Head) -> Result<(), DbError> {
    tx.execute(
        "UPDATE event_heads SET last = $2, settled = $3 WHERE account_id = $1",
        binds![account.as_str(), head.last, &head.settled],
    )
    .await?;
    Ok(())
}

/// Looks at the next `limit` events after an id.
///
/// # Errors
/// When the database fails.
pub async fn stretch(tx: &mut Tx, account: &AccountId, after: &str, limit: u32) -> Result<Stretch, DbError> {
    let row = tx
        .query_one(
            "SELECT COUNT(*) AS events, MAX(e.id) AS stretch_end, \
             MIN(CASE WHEN o.event_id IS NULL THEN e.id END) AS unordered \
             FROM (SELECT id FROM events WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3) AS e \
             LEFT JOIN event_order o ON o.account_id = $1 AND o.event_id = e.id",
            binds![account.as_str(), after, limit],
        )
        .await?;
    Ok(Stretch {
        events: row.int("events")?,
        end: row.opt_text("stretch_end")?,
        unordered: row.opt_text("unordered")?,
    })
}

/// Gives the next numbers after `last` to at most `limit` events from an id on that have none, in the order of their
/// ids; answers how many. The account's head must be locked.
///
/// # Errors
/// [`DbError::Duplicate`] when somebody numbers without the lock.
pub async fn assign(
    tx: &mut Tx,
    account: &AccountId,
    last: i64,
    from: &str,
    limit: u32,
) -> Result<u64, DbError> {
    tx.execute(
        "INSERT INTO event_order (account_id, sequence, event_id) \
         SELECT $1, $2 + ROW_NUMBER() OVER (ORDER BY fresh.id), fresh.id FROM (\
         SELECT e.id FROM events e WHERE e.account_id = $1 AND e.id >= $3 AND NOT EXISTS (\
         SELECT 1 FROM event_order o WHERE o.account_id = $1 AND o.event_id = e.id) \
         ORDER BY e.id LIMIT $4) AS fresh",
        binds![account.as_str(), last, from, limit],
    )
    .await
}

/// The id of the event with a number.
///
/// # Errors
/// When the database fails.
pub async fn event_at(tx: &mut Tx, account: &AccountId, sequence: i64) -> Result<Option<String>, DbError> {
    let sql = "SELECT event_id FROM event_order WHERE account_id = $1 AND sequence = $2";
    let row = tx.query_opt(sql, binds![account.as_str(), sequence]).await?;
    row.map(|row| row.text("event_id")).transpose()
}

/// Accounts with events after an id, a page at a time, in order.
///
/// # Errors
/// When the database fails.
pub async fn accounts_with_events(
    tx: &mut Tx,
    beyond: &str,
    after_event: &str,
    limit: u32,
) -> Result<Vec<AccountId>, DbError> {
    let rows = tx
        .query(
            "SELECT a.account_id AS account_id FROM accounts a WHERE a.account_id > $1 AND EXISTS (\
             SELECT 1 FROM events e WHERE e.account_id = a.account_id AND e.id > $2) \
             ORDER BY a.account_id LIMIT $3",
            binds![beyond, after_event, limit],
        )
        .await?;
    rows.iter().map(|row| Ok(AccountId::from_trusted(row.text("account_id")?))).collect()
}

/// Reads rows of events after a number, in order.
///
/// # Errors
/// When the database fails.
pub async fn events_after(
    tx: &mut Tx,
    account: &AccountId,
    sequence: i64,
    limit: u32,
) -> Result<Vec<Row>, DbError> {
    tx.query(
        "SELECT o.sequence AS sequence, e.id AS id, e.type AS type, e.object_id AS object_id, \
         e.object_version AS object_version, e.key_id AS key_id, e.request_id AS request_id, \
         e.idempotency_key AS idempotency_key, e.sealed AS sealed \
         FROM event_order o JOIN events e ON e.account_id = o.account_id AND e.id = o.event_id \
         WHERE o.account_id = $1 AND o.sequence > $2 ORDER BY o.sequence LIMIT $3",
        binds![account.as_str(), sequence, limit],
    )
    .await
}
