//! The index that searches go by: which objects have which terms, and how far it follows the account's events.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use onfile_core::ids::{AccountId, EventId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};
use serde_json::{Value, json};

use crate::app::App;
use crate::model::payment_method::PaymentMethod;

/// How many bytes a term takes in a document.
const TERM_BYTES: usize = 8;
/// How many methods are read for a set of customers.
const METHODS_MAX: u32 = 10_000;

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

/// Terms of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The object.
    pub id: String,
    /// Sorted, each once.
    pub terms: Vec<i64>,
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
            "DELETE FROM search_terms WHERE account_id = $1 AND (term, id) IN (\
             SELECT CAST(r.value->>'term' AS BIGINT), r.value->>'id' FROM json_each($2) AS r)",
            set_of_pairs(&batch.removed),
        ),
        (
            "INSERT INTO search_terms (account_id, term, id) \
             SELECT $1, CAST(r.value->>'term' AS BIGINT), r.value->>'id' FROM json_each($2) AS r WHERE true \
             ON CONFLICT (account_id, term, id) DO NOTHING",
            set_of_pairs(&batch.added),
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

/// Which ids of a stretch, newest first, have a term and two others: `limit` that have the first are looked at. The second
/// part is the last of those, where there may be more beyond it.
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
    let ids = rows.iter().map(|row| row.text("id")).collect::<Result<_, _>>()?;
    let end = tx
        .query_opt(
            "SELECT id FROM search_terms WHERE account_id = $1 AND term = $2 AND id > $3 AND id < $4 \
             ORDER BY id DESC LIMIT 1 OFFSET $5",
            binds![account.as_str(), first, low, high, limit.saturating_sub(1)],
        )
        .await?;
    Ok((ids, end.map(|row| row.text("id")).transpose()?))
}

/// The methods that customers have, by customer.
///
/// # Errors
/// When the database fails.
pub async fn methods_of(
    tx: &mut Tx,
    account: &AccountId,
    customers: &[&str],
) -> Result<HashMap<String, Vec<PaymentMethod>>, DbError> {
    let mut found: HashMap<String, Vec<PaymentMethod>> = HashMap::new();
    if customers.is_empty() {
        return Ok(found);
    }
    let rows = tx
        .query(
            "SELECT customer_id, version, doc FROM payment_methods WHERE account_id = $1 \
             AND customer_id IN (SELECT r.value->>'id' FROM json_each($2) AS r) \
             ORDER BY customer_id, id DESC LIMIT $3",
            binds![account.as_str(), &set_of_ids(customers.iter().copied()), METHODS_MAX],
        )
        .await?;
    for row in &rows {
        let method = super::objects::from_row::<PaymentMethod>(row)?.object;
        found.entry(row.text("customer_id")?).or_default().push(method);
    }
    Ok(found)
}

/// Whether an account has, or had, customers who live in a time of their own.
///
/// # Errors
/// When the database fails.
pub async fn has_clocks(tx: &mut Tx, account: &AccountId) -> Result<bool, DbError> {
    let sql = "SELECT 1 AS one FROM test_clocks WHERE account_id = $1 LIMIT 1";
    Ok(tx.query_opt(sql, binds![account.as_str()]).await?.is_some())
}

fn set_of_ids<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    Value::Array(ids.map(|id| json!({ "id": id })).collect()).to_string()
}

fn set_of_pairs(pairs: &[(String, i64)]) -> Option<String> {
    let rows = || pairs.iter().map(|(id, term)| json!({ "id": id, "term": term })).collect();
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
