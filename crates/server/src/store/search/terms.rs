//! Which objects have which terms.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};
use serde_json::{Value, json};

/// How many bytes a term takes in a document.
const TERM_BYTES: usize = 8;

/// Terms of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The object.
    pub id: String,
    /// Sorted, each once.
    pub terms: Vec<i64>,
}

/// What one batch writes.
#[derive(Debug, Default)]
pub struct Batch {
    /// Pairs of object and term that are no more.
    pub removed: Vec<(String, i64)>,
    /// Pairs that are new.
    pub added: Vec<(String, i64)>,
    /// The terms of objects that have others than before.
    pub documents: Vec<Entry>,
    /// Objects that are gone.
    pub gone: Vec<String>,
    /// Changes that were looked at.
    pub looked_at: Vec<String>,
}

/// The terms under which objects stand in the index, by their ids.
///
/// # Errors
/// When the database fails, or holds what is no list of terms.
pub async fn documents(
    tx: &mut Tx,
    account: &AccountId,
    ids: &[&str],
) -> Result<HashMap<String, Vec<i64>>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx
        .query(
            "SELECT id, terms FROM search_documents WHERE account_id = $1 \
             AND id IN (SELECT r.value->>'id' FROM json_each($2) AS r)",
            binds![account.as_str(), &set_of_ids(ids.iter().copied())],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text("id")?, unpacked(&row.bytes("terms")?)?))).collect()
}

/// Writes a batch.
///
/// # Errors
/// When the database fails.
pub async fn write(tx: &mut Tx, account: &AccountId, batch: &Batch) -> Result<(), DbError> {
    let sets = [
        (
            // The whole key stands in the set, with its types: SQLite uses no more of the index than what it finds there,
            // and a term may be on every object of the account.
            "DELETE FROM search_terms WHERE account_id = $1 AND (account_id, term, id) IN (\
             SELECT CAST(r.value->>'account' AS TEXT), CAST(r.value->>'term' AS BIGINT), \
             CAST(r.value->>'id' AS TEXT) FROM json_each($2) AS r)",
            set_of_pairs(account, &batch.removed),
        ),
        (
            "INSERT INTO search_terms (account_id, term, id) \
             SELECT $1, CAST(r.value->>'term' AS BIGINT), r.value->>'id' FROM json_each($2) AS r WHERE true \
             ON CONFLICT (account_id, term, id) DO NOTHING",
            set_of_pairs(account, &batch.added),
        ),
        (
            "INSERT INTO search_documents (account_id, id, terms) \
             SELECT $1, r.value->>'id', unhex(r.value->>'terms') FROM json_each($2) AS r WHERE true \
             ON CONFLICT (account_id, id) DO UPDATE SET terms = excluded.terms",
            set_of_documents(&batch.documents),
        ),
        (
            "DELETE FROM search_documents WHERE account_id = $1 \
             AND id IN (SELECT r.value->>'id' FROM json_each($2) AS r)",
            (!batch.gone.is_empty()).then(|| set_of_ids(batch.gone.iter().map(String::as_str))),
        ),
        (
            "DELETE FROM search_changes WHERE account_id = $1 \
             AND id IN (SELECT r.value->>'id' FROM json_each($2) AS r)",
            (!batch.looked_at.is_empty()).then(|| set_of_ids(batch.looked_at.iter().map(String::as_str))),
        ),
    ];
    for (sql, set) in sets {
        if let Some(set) = set {
            tx.execute(sql, binds![account.as_str(), &set]).await?;
        }
    }
    Ok(())
}

/// Takes an object out of the index, in the transaction that erases it. A batch that was prepared before is not written
/// any more.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, account: &AccountId, object: &impl Id) -> Result<(), DbError> {
    let id = object.as_str();
    tx.execute(
        "UPDATE search_progress SET version = version + 1 WHERE account_id = $1",
        binds![account.as_str()],
    )
    .await?;
    let terms = documents(tx, account, &[id]).await?.remove(id).unwrap_or_default();
    let removed = terms.into_iter().map(|term| (id.to_owned(), term)).collect();
    write(tx, account, &Batch { removed, gone: vec![id.to_owned()], ..Batch::default() }).await
}

/// How many objects within a stretch of ids have each of these terms; counting ends at `most`.
///
/// # Errors
/// When the database fails.
pub async fn counts(
    tx: &mut Tx,
    account: &AccountId,
    terms: &[i64],
    (low, high): (&str, &str),
    most: u32,
) -> Result<Vec<(i64, i64)>, DbError> {
    let set = Value::Array(terms.iter().map(|term| json!({ "term": term })).collect()).to_string();
    let rows = tx
        .query(
            "SELECT t.term AS term, (SELECT COUNT(*) FROM (SELECT 1 FROM search_terms s \
             WHERE s.account_id = $1 AND s.term = t.term AND s.id > $3 AND s.id < $4 LIMIT $5) AS met) AS found \
             FROM (SELECT CAST(r.value->>'term' AS BIGINT) AS term FROM json_each($2) AS r) AS t",
            binds![account.as_str(), &set, low, high, most],
        )
        .await?;
    rows.iter().map(|row| Ok((row.int("term")?, row.int("found")?))).collect()
}

/// Which ids of a stretch, newest first, have a term and two others, which may be the same: `limit` that have the first are
/// looked at. The second part is the last of those, where there may be more beyond it.
///
/// # Errors
/// When the database fails.
pub async fn having(
    tx: &mut Tx,
    account: &AccountId,
    [first, second, third]: [i64; 3],
    (low, high): (&str, &str),
    limit: u32,
) -> Result<(Vec<String>, Option<String>), DbError> {
    if first == second && first == third {
        let sql = "SELECT id FROM search_terms WHERE account_id = $1 AND term = $2 AND id > $3 AND id < $4 \
             ORDER BY id DESC LIMIT $5";
        let ids = texts(&tx.query(sql, binds![account.as_str(), first, low, high, limit]).await?)?;
        let is_full = u32::try_from(ids.len()).is_ok_and(|found| found >= limit);
        let end = ids.last().filter(|_| is_full).cloned();
        return Ok((ids, end));
    }
    let rows = tx
        .query(
            "SELECT s.id AS id FROM (SELECT id FROM search_terms \
             WHERE account_id = $1 AND term = $2 AND id > $3 AND id < $4 ORDER BY id DESC LIMIT $5) AS s \
             WHERE EXISTS (SELECT 1 FROM search_terms b WHERE b.account_id = $1 AND b.term = $6 AND b.id = s.id) \
             AND EXISTS (SELECT 1 FROM search_terms c WHERE c.account_id = $1 AND c.term = $7 AND c.id = s.id) \
             ORDER BY s.id DESC",
            binds![account.as_str(), first, low, high, limit, second, third],
        )
        .await?;
    let end = tx
        .query_opt(
            "SELECT id FROM search_terms WHERE account_id = $1 AND term = $2 AND id > $3 AND id < $4 \
             ORDER BY id DESC LIMIT 1 OFFSET $5",
            binds![account.as_str(), first, low, high, limit.saturating_sub(1)],
        )
        .await?;
    Ok((texts(&rows)?, end.map(|row| row.text("id")).transpose()?))
}

fn texts(rows: &[Row]) -> Result<Vec<String>, DbError> {
    rows.iter().map(|row| row.text("id")).collect()
}

pub(super) fn set_of_ids<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    Value::Array(ids.map(|id| json!({ "id": id })).collect()).to_string()
}

fn set_of_pairs(account: &AccountId, pairs: &[(String, i64)]) -> Option<String> {
    let row = |(id, term): &(String, i64)| json!({ "account": account.as_str(), "id": id, "term": term });
    let rows = || pairs.iter().map(row).collect();
    (!pairs.is_empty()).then(|| Value::Array(rows()).to_string())
}

fn set_of_documents(entries: &[Entry]) -> Option<String> {
    let rows = || {
        let row = |entry: &Entry| json!({ "id": entry.id, "terms": HEXLOWER.encode(&packed(&entry.terms)) });
        entries.iter().map(row).collect()
    };
    (!entries.is_empty()).then(|| Value::Array(rows()).to_string())
}

fn packed(terms: &[i64]) -> Vec<u8> {
    terms.iter().flat_map(|term| term.to_be_bytes()).collect()
}

fn unpacked(bytes: &[u8]) -> Result<Vec<i64>, DbError> {
    let (terms, rest) = bytes.as_chunks::<TERM_BYTES>();
    if rest.is_empty() {
        return Ok(terms.iter().map(|term| i64::from_be_bytes(*term)).collect());
    }
    Err(DbError::Inconsistent("a document of the search index is cut short".to_owned()))
}
