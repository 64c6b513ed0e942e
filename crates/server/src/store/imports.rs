//! Imports and their rows.

use onfile_core::ids::{AccountId, CustomerId, Id, ImportId};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};
use serde_json::{Value, json};

use super::objects::{Versioned, from_row};
use crate::model::import::{Import, PendingRow};

/// How many rows one statement writes.
const SET: usize = 500;

/// The import that a file became, if it was sent before.
///
/// # Errors
/// When the database fails.
pub async fn by_content(
    tx: &mut Tx,
    account: &AccountId,
    clock: &str,
    content_hash: &str,
) -> Result<Option<Versioned<Import>>, DbError> {
    let row = tx
        .query_opt(
            "SELECT version, doc FROM imports WHERE account_id = $1 AND clock_id = $2 AND content_hash = $3",
            binds![account.as_str(), clock, content_hash],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Writes the rows of a new import, each with its number in the file.
///
/// # Errors
/// [`DbError::Duplicate`] when a reference is taken.
pub async fn insert_rows(
    tx: &mut Tx,
    account: &AccountId,
    import: &Import,
    rows: &[(u32, PendingRow)],
) -> Result<(), DbError> {
    for set in rows.chunks(SET) {
        let mut values = Vec::with_capacity(set.len());
        for (line, row) in set {
            let doc = serde_json::to_string(row)
                .map_err(|e| DbError::Inconsistent(format!("a row to store: {e}")))?;
            values.push(json!({ "line": line, "reference": row.entry.reference, "doc": doc }));
        }
        tx.execute(
            "INSERT INTO import_rows (account_id, import_id, line, clock_id, reference, state, tries, reason, doc) \
             SELECT $1, $2, CAST(r.value->>'line' AS BIGINT), $3, r.value->>'reference', 'pending', 0, '', \
             r.value->>'doc' FROM json_each($4) AS r",
            binds![
                account.as_str(),
                import.id.as_str(),
                import.clock_key(),
                &Value::Array(values).to_string()
            ],
        )
        .await?;
    }
    Ok(())
}

/// Which of these references are taken by other files, each with the import that has it.
///
/// # Errors
/// When the database fails.
pub async fn taken(
    tx: &mut Tx,
    account: &AccountId,
    clock: &str,
    references: &[&str],
) -> Result<Vec<(String, String)>, DbError> {
    let mut taken = Vec::new();
    for set in references.chunks(SET) {
        let values = Value::Array(set.iter().map(|text| json!({ "reference": text })).collect()).to_string();
        let rows = tx
            .query(
                "SELECT reference, import_id FROM import_rows WHERE account_id = $1 AND clock_id = $2 \
                 AND state <> 'parked' AND reference IN (SELECT r.value->>'reference' FROM json_each($3) AS r)",
                binds![account.as_str(), clock, &values],
            )
            .await?;
        for row in rows {
            taken.push((row.text("reference")?, row.text("import_id")?));
        }
    }
    Ok(taken)
}

/// A row to work on.
#[derive(Debug, Clone)]
pub struct Work {
    /// Its number in the file.
    pub line: i64,
    /// How often it failed for a reason of ours.
    pub tries: i64,
    /// What is to be done.
    pub row: PendingRow,
}

/// The next rows to import: those that failed least first, so that one that keeps failing holds up no other.
///
/// # Errors
/// When the database fails.
pub async fn pending(
    tx: &mut Tx,
    account: &AccountId,
    import: &ImportId,
    limit: u32,
) -> Result<Vec<Work>, DbError> {
    let rows = tx
        .query(
            "SELECT line, tries, doc FROM import_rows \
             WHERE account_id = $1 AND import_id = $2 AND state = 'pending' ORDER BY tries, line LIMIT $3",
            binds![account.as_str(), import.as_str(), limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let read = serde_json::from_str(&row.text("doc")?);
            let read = read.map_err(|e| DbError::Inconsistent(format!("a stored row: {e}")))?;
            Ok(Work { line: row.int("line")?, tries: row.int("tries")?, row: read })
        })
        .collect()
}

/// Marks a row as imported, in the transaction that makes its customer. False when somebody else has done it: then
/// nothing of that transaction may stay.
///
/// # Errors
/// When the database fails.
pub async fn imported(
    tx: &mut Tx,
    account: &AccountId,
    import: &ImportId,
    line: i64,
    customer: &CustomerId,
) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "UPDATE import_rows SET state = 'imported', customer_id = $4, doc = '' \
             WHERE account_id = $1 AND import_id = $2 AND line = $3 AND state = 'pending'",
            binds![account.as_str(), import.as_str(), line, customer.as_str()],
        )
        .await?;
    Ok(changed == 1)
}

/// Parks a row with the reason. False when somebody else has imported or parked it.
///
/// # Errors
/// When the database fails.
pub async fn park(
    tx: &mut Tx,
    account: &AccountId,
    import: &ImportId,
    line: i64,
    reason: &str,
) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "UPDATE import_rows SET state = 'parked', reason = $4, doc = '' \
             WHERE account_id = $1 AND import_id = $2 AND line = $3 AND state = 'pending'",
            binds![account.as_str(), import.as_str(), line, reason],
        )
        .await?;
    Ok(changed == 1)
}

/// Counts a failure that was ours.
///
/// # Errors
/// When the database fails.
pub async fn count_failure(
    tx: &mut Tx,
    account: &AccountId,
    import: &ImportId,
    line: i64,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE import_rows SET tries = tries + 1 WHERE account_id = $1 AND import_id = $2 AND line = $3",
        binds![account.as_str(), import.as_str(), line],
    )
    .await?;
    Ok(())
}

/// How far an import has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows that are still to be imported.
    pub pending: i64,
    /// Rows that became customers.
    pub imported: i64,
    /// Rows that could not.
    pub parked: i64,
    /// The first of those.
    pub parked_rows: Vec<ParkedRow>,
}

/// A row that could not be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRow {
    /// Its number in the file.
    pub line: i64,
    /// The merchant's own number.
    pub reference: String,
    /// Why.
    pub reason: String,
}

/// How far an import has come, with at most `parked_max` of its parked rows.
///
/// # Errors
/// When the database fails.
pub async fn progress(
    tx: &mut Tx,
    account: &AccountId,
    import: &ImportId,
    parked_max: u32,
) -> Result<Progress, DbError> {
    let counts = tx
        .query(
            "SELECT state, COUNT(*) AS count FROM import_rows WHERE account_id = $1 AND import_id = $2 GROUP BY state",
            binds![account.as_str(), import.as_str()],
        )
        .await?;
    let mut progress = Progress::default();
    for row in counts {
        let count = row.int("count")?;
        match row.text("state")?.as_str() {
            "imported" => progress.imported = count,
            "parked" => progress.parked = count,
            _ => progress.pending = count,
        }
    }
    if progress.parked == 0 {
        return Ok(progress);
    }
    let rows = tx
        .query(
            "SELECT line, reference, reason FROM import_rows \
             WHERE account_id = $1 AND import_id = $2 AND state = 'parked' ORDER BY line LIMIT $3",
            binds![account.as_str(), import.as_str(), parked_max],
        )
        .await?;
    progress.parked_rows = rows.iter().map(parked_row).collect::<Result<_, _>>()?;
    Ok(progress)
}

fn parked_row(row: &Row) -> Result<ParkedRow, DbError> {
    Ok(ParkedRow { line: row.int("line")?, reference: row.text("reference")?, reason: row.text("reason")? })
}

/// Takes an import to work on, unless somebody else has it.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    account: &AccountId,
    import: &ImportId,
    now_ms: i64,
    lease_until: i64,
) -> Result<bool, DbError> {
    let taken = tx
        .execute(
            "UPDATE imports SET lease_until = $3 \
             WHERE account_id = $1 AND id = $2 AND state = 'running' AND lease_until <= $4",
            binds![account.as_str(), import.as_str(), lease_until, now_ms],
        )
        .await?;
    Ok(taken == 1)
}

/// Sets until when an import belongs to whoever works on it: longer while they do, and until it is tried again when
/// they stop.
///
/// # Errors
/// When the database fails.
pub async fn hold_until(
    tx: &mut Tx,
    account: &AccountId,
    import: &ImportId,
    lease_until: i64,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE imports SET lease_until = $3 WHERE account_id = $1 AND id = $2",
        binds![account.as_str(), import.as_str(), lease_until],
    )
    .await?;
    Ok(())
}

/// Imports with work left that nobody works on, of all accounts.
///
/// # Errors
/// When the database fails.
pub async fn abandoned(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<Vec<(AccountId, ImportId)>, DbError> {
    let rows = tx
        .query(
            "SELECT account_id, id FROM imports WHERE state = 'running' AND lease_until <= $1 \
             ORDER BY lease_until, account_id, id LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let import = ImportId::from_trusted(row.text("id")?);
            Ok((AccountId::from_trusted(row.text("account_id")?), import))
        })
        .collect()
}
