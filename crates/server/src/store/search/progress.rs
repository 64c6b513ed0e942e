//! How far the index has come, and what it has still to look at.

use onfile_core::ids::{AccountId, EventId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};

use crate::app::App;

/// Where the index of an account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The key of its terms, sealed.
    pub sealed_key: Vec<u8>,
    /// The number of the last event that was looked at.
    pub position: i64,
    /// How many batches were written.
    pub version: i64,
    /// Whether everything was looked at that was there before.
    pub complete: bool,
}

/// An object that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The change's own id, where it stands in the table of changes.
    pub id: Option<String>,
    /// What happened, where an event tells of it.
    pub kind: String,
    /// What changed.
    pub object_id: String,
}

/// Where the index of an account stands; none before its first batch.
///
/// # Errors
/// When the database fails.
pub async fn progress(tx: &mut Tx, account: &AccountId) -> Result<Option<Progress>, DbError> {
    let sql = "SELECT sealed_key, position, version, complete FROM search_progress WHERE account_id = $1";
    let row = tx.query_opt(sql, binds![account.as_str()]).await?;
    row.map(|row| {
        Ok(Progress {
            sealed_key: row.bytes("sealed_key")?,
            position: row.int("position")?,
            version: row.int("version")?,
            complete: row.bool("complete")?,
        })
    })
    .transpose()
}

/// Begins the index of an account, unless somebody else has.
///
/// # Errors
/// When the database fails.
pub async fn begin(tx: &mut Tx, account: &AccountId, sealed_key: &[u8]) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO search_progress (account_id, sealed_key, position, version, complete) \
         VALUES ($1, $2, 0, 0, 0) ON CONFLICT (account_id) DO NOTHING",
        binds![account.as_str(), sealed_key],
    )
    .await?;
    Ok(())
}

/// Goes on from a state that was read. False when somebody else has gone on from it.
///
/// # Errors
/// When the database fails.
pub async fn advance(
    tx: &mut Tx,
    account: &AccountId,
    from: &Progress,
    position: i64,
    complete: bool,
) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "UPDATE search_progress SET position = $3, complete = $4, version = version + 1 \
             WHERE account_id = $1 AND version = $2",
            binds![account.as_str(), from.version, position, from.complete || complete],
        )
        .await?;
    Ok(changed == 1)
}

/// Accounts whose index is behind, a page at a time, in order.
///
/// # Errors
/// When the database fails.
pub async fn behind(tx: &mut Tx, beyond: &str, limit: u32) -> Result<Vec<AccountId>, DbError> {
    let rows = tx
        .query(
            "SELECT h.account_id AS account_id FROM event_heads h \
             LEFT JOIN search_progress p ON p.account_id = h.account_id \
             WHERE h.account_id > $1 AND (p.account_id IS NULL OR p.position < h.last OR EXISTS (\
             SELECT 1 FROM search_changes c WHERE c.account_id = h.account_id)) \
             ORDER BY h.account_id LIMIT $2",
            binds![beyond, limit],
        )
        .await?;
    rows.iter().map(|row| Ok(AccountId::from_trusted(row.text("account_id")?))).collect()
}

/// What the next events of an account are about, and the number of the last of them.
///
/// # Errors
/// When the database fails.
pub async fn told(
    tx: &mut Tx,
    account: &AccountId,
    after: i64,
    limit: u32,
) -> Result<(Vec<Change>, Option<i64>), DbError> {
    let rows = tx
        .query(
            "SELECT o.sequence AS sequence, e.type AS type, e.object_id AS object_id FROM event_order o \
             JOIN events e ON e.account_id = o.account_id AND e.id = o.event_id \
             WHERE o.account_id = $1 AND o.sequence > $2 ORDER BY o.sequence LIMIT $3",
            binds![account.as_str(), after, limit],
        )
        .await?;
    let last = rows.last().map(|row| row.int("sequence")).transpose()?;
    let change =
        |row: &Row| Ok(Change { id: None, kind: row.text("type")?, object_id: row.text("object_id")? });
    Ok((rows.iter().map(change).collect::<Result<_, DbError>>()?, last))
}

/// Marks an object as changed, in the transaction of a change that no event tells of.
///
/// # Errors
/// When the database fails.
pub async fn mark(tx: &mut Tx, app: &App, account: &AccountId, object: &impl Id) -> Result<(), DbError> {
    let id: EventId = app.ids.next();
    tx.execute(
        "INSERT INTO search_changes (account_id, id, object_id) VALUES ($1, $2, $3)",
        binds![account.as_str(), id.as_str(), object.as_str()],
    )
    .await?;
    Ok(())
}

/// Objects that were marked.
///
/// # Errors
/// When the database fails.
pub async fn marked(tx: &mut Tx, account: &AccountId, limit: u32) -> Result<Vec<Change>, DbError> {
    let sql = "SELECT id, object_id FROM search_changes WHERE account_id = $1 ORDER BY id LIMIT $2";
    let rows = tx.query(sql, binds![account.as_str(), limit]).await?;
    let change = |row: &Row| {
        Ok(Change { id: Some(row.text("id")?), kind: String::new(), object_id: row.text("object_id")? })
    };
    rows.iter().map(change).collect()
}
