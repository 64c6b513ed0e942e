//! Sources and kept methods: sealed records and what is known of them without opening.

use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};

/// A row of the table.
#[derive(Debug)]
pub struct InstrumentRow {
    /// The id under which it was made, and to which its record is sealed.
    pub source_id: String,
    /// The id under which it is kept; none until it is redeemed.
    pub method_id: Option<String>,
    /// The operation that charged it before it was redeemed.
    pub used_by: Option<String>,
    /// The sealed record.
    pub record: Vec<u8>,
    /// Keyed; the same for the same number in this account.
    pub fingerprint: String,
    /// When it dies, Unix milliseconds; never when it is kept.
    pub expires_at: Option<i64>,
}

impl InstrumentRow {
    /// Whether it was not redeemed in time.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now_ms)
    }
}

impl TryFrom<&Row> for InstrumentRow {
    type Error = DbError;

    fn try_from(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            source_id: row.text("source_id")?,
            method_id: row.opt_text("method_id")?,
            used_by: row.opt_text("used_by")?,
            record: row.bytes("record")?,
            fingerprint: row.text("fingerprint")?,
            expires_at: row.opt_int("expires_at")?,
        })
    }
}

/// What is inserted.
#[derive(Debug, Clone, Copy)]
pub struct NewInstrument<'a> {
    /// Whose.
    pub account: &'a str,
    /// Its id.
    pub source_id: &'a str,
    /// Its id as a kept method, when it is kept at once.
    pub method_id: Option<&'a str>,
    /// The sealed record.
    pub record: &'a [u8],
    /// The version of the key-encryption key that the record depends on.
    pub kek_version: u32,
    /// See [`InstrumentRow::fingerprint`].
    pub fingerprint: &'a str,
    /// See [`InstrumentRow::expires_at`].
    pub expires_at: Option<i64>,
}

/// Inserts one.
///
/// # Errors
/// [`DbError::Duplicate`] when the source or the method id is taken.
pub async fn insert(tx: &mut Tx, new: &NewInstrument<'_>, now_ms: i64) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO instruments (account_id, source_id, method_id, record, kek_version, fingerprint, expires_at, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        binds![
            new.account,
            new.source_id,
            new.method_id,
            new.record,
            new.kek_version,
            new.fingerprint,
            new.expires_at,
            now_ms,
        ],
    )
    .await?;
    Ok(())
}

/// The kept method with this id, else the source with this id.
pub async fn find(tx: &mut Tx, account: &str, id: &str) -> Result<Option<InstrumentRow>, DbError> {
    let row = tx
        .query_opt(
            "SELECT source_id, method_id, used_by, record, fingerprint, expires_at FROM instruments \
             WHERE account_id = $1 AND method_id = $2",
            binds![account, id],
        )
        .await?;
    match row {
        Some(row) => Ok(Some(InstrumentRow::try_from(&row)?)),
        None => find_source(tx, account, id).await,
    }
}

/// The source with this id, redeemed or not.
pub async fn find_source(tx: &mut Tx, account: &str, source: &str) -> Result<Option<InstrumentRow>, DbError> {
    let row = tx
        .query_opt(
            "SELECT source_id, method_id, used_by, record, fingerprint, expires_at FROM instruments \
             WHERE account_id = $1 AND source_id = $2",
            binds![account, source],
        )
        .await?;
    row.as_ref().map(InstrumentRow::try_from).transpose()
}

/// Keeps a source as a method, if it is neither kept nor expired.
///
/// # Errors
/// [`DbError::Duplicate`] when another source is kept under this method id.
pub async fn redeem(
    tx: &mut Tx,
    account: &str,
    source: &str,
    method: &str,
    now_ms: i64,
) -> Result<Option<InstrumentRow>, DbError> {
    let row = tx
        .query_opt(
            "UPDATE instruments SET method_id = $3, expires_at = NULL WHERE account_id = $1 AND source_id = $2 \
             AND method_id IS NULL AND expires_at > $4 \
             RETURNING source_id, method_id, used_by, record, fingerprint, expires_at",
            binds![account, source, method, now_ms],
        )
        .await?;
    row.as_ref().map(InstrumentRow::try_from).transpose()
}

/// Marks an unredeemed source as used by an operation. False when another operation used it, or it is kept or dead.
pub async fn use_source(
    tx: &mut Tx,
    account: &str,
    source: &str,
    operation: &str,
    now_ms: i64,
) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "UPDATE instruments SET used_by = $3 WHERE account_id = $1 AND source_id = $2 AND method_id IS NULL \
             AND expires_at > $4 AND (used_by IS NULL OR used_by = $3)",
            binds![account, source, operation, now_ms],
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a source back that an operation was to use whose request never left.
pub async fn unuse_source(tx: &mut Tx, account: &str, source: &str, operation: &str) -> Result<(), DbError> {
    tx.execute(
        "UPDATE instruments SET used_by = NULL WHERE account_id = $1 AND source_id = $2 AND used_by = $3",
        binds![account, source, operation],
    )
    .await?;
    Ok(())
}

/// Locks a kept method against changes by others and gives it.
pub async fn lock_method(tx: &mut Tx, account: &str, method: &str) -> Result<Option<InstrumentRow>, DbError> {
    let row = tx
        .query_opt(
            "UPDATE instruments SET method_id = method_id WHERE account_id = $1 AND method_id = $2 \
             RETURNING source_id, method_id, used_by, record, fingerprint, expires_at",
            binds![account, method],
        )
        .await?;
    row.as_ref().map(InstrumentRow::try_from).transpose()
}

/// Replaces the sealed record of a kept method.
pub async fn reseal(
    tx: &mut Tx,
    account: &str,
    method: &str,
    record: &[u8],
    kek_version: u32,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE instruments SET record = $3, kek_version = $4 WHERE account_id = $1 AND method_id = $2",
        binds![account, method, record, kek_version],
    )
    .await?;
    Ok(())
}

/// Destroys a kept method; gives its source, if there was one.
pub async fn destroy(tx: &mut Tx, account: &str, method: &str) -> Result<Option<String>, DbError> {
    let row = tx
        .query_opt(
            "DELETE FROM instruments WHERE account_id = $1 AND method_id = $2 RETURNING source_id",
            binds![account, method],
        )
        .await?;
    row.map(|row| row.text("source_id")).transpose()
}

/// Deletes up to `limit` sources that were not redeemed in time; answers how many.
pub async fn delete_expired(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<u64, DbError> {
    tx.execute(
        "DELETE FROM instruments WHERE (account_id, source_id) IN (SELECT account_id, source_id FROM instruments \
         WHERE expires_at IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        binds![now_ms, limit],
    )
    .await
}
