//! Many objects of one kind in one statement: what a billing run writes hundreds of at a time.
//!
//! Code that has a set in hand calls [`insert`], [`save`], [`load`] and [`lock`]. Code that deals with one object at a time
//! works on a set too, in a transaction that gathers (`service::db`): its objects are read by [`load_ahead`] or
//! [`lock_ahead`] first, and what it saves is held back by `put`.

use std::collections::{BTreeSet, HashMap};

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Param, Put, Row, Tx};
use serde_json::{Map, Value, json};

use super::objects::{Stored, Versioned, from_row, to_doc};

/// Inserts new objects; their versions are 1.
///
/// # Errors
/// [`DbError::Duplicate`] when an id, or what must be unique, is taken.
pub async fn insert<'a, T: Stored + 'a>(
    tx: &mut Tx,
    account: &AccountId,
    objects: impl IntoIterator<Item = &'a T>,
) -> Result<(), DbError> {
    let Some((count, set)) = rows(objects)? else { return Ok(()) };
    exactly(count, tx.execute(T::STATEMENTS.insert_all, binds![account.as_str(), &set]).await?, "inserted")
}

/// Saves objects that were locked in this transaction.
///
/// # Errors
/// [`DbError::Inconsistent`] when one is gone.
pub async fn save<'a, T: Stored + 'a>(
    tx: &mut Tx,
    account: &AccountId,
    objects: impl IntoIterator<Item = &'a T>,
) -> Result<(), DbError> {
    let Some((count, set)) = rows(objects)? else { return Ok(()) };
    exactly(count, tx.execute(T::STATEMENTS.save_all, binds![account.as_str(), &set]).await?, "saved")
}

/// Loads objects as they are; those that do not exist are left out.
///
/// # Errors
/// When the database fails, or holds what it should not.
pub async fn load<T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    ids: &[&T::Id],
) -> Result<Vec<Versioned<T>>, DbError> {
    read(tx, account, ids, T::STATEMENTS.load_all).await
}

/// Locks objects until the transaction ends, for a change: their versions are already the new ones.
///
/// # Errors
/// As [`load`].
pub async fn lock<T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    ids: &[&T::Id],
) -> Result<Vec<Versioned<T>>, DbError> {
    read(tx, account, ids, T::STATEMENTS.lock_all).await
}

/// Reads objects ahead, for `objects::load` in this transaction. Each is asked for only once, whatever is named twice.
///
/// # Errors
/// When the database fails.
pub async fn load_ahead<T: Stored>(tx: &mut Tx, account: &AccountId, ids: &[&T::Id]) -> Result<(), DbError> {
    ahead(tx, account, ids, T::STATEMENTS.load, T::STATEMENTS.load_all).await.map(drop)
}

/// Locks objects ahead, for `objects::lock` in this transaction, and answers their rows (`id`, `version`, `doc`).
///
/// # Errors
/// When the database fails.
pub async fn lock_ahead<T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    ids: &[&T::Id],
) -> Result<Vec<Row>, DbError> {
    ahead(tx, account, ids, T::STATEMENTS.lock, T::STATEMENTS.lock_all).await
}

/// Reads rows ahead for `single`, by `all`, whose rows have a column `id`.
pub(super) async fn ahead<T: Id>(
    tx: &mut Tx,
    account: &AccountId,
    ids: &[&T],
    single: &'static str,
    all: &'static str,
) -> Result<Vec<Row>, DbError> {
    let ids: BTreeSet<&str> = ids.iter().map(|id| id.as_str()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let set = Value::Array(ids.iter().map(|id| json!({ "id": id })).collect()).to_string();
    let rows = tx.query(all, binds![account.as_str(), &set]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        found.insert(row.text("id")?, row.clone());
    }
    for id in ids {
        let row = found.remove(id);
        tx.read_ahead(single, key_of(account, id), row);
    }
    Ok(rows)
}

/// By what a row of an account is read ahead.
pub(super) fn key<T: Id>(account: &AccountId, id: &T) -> String {
    key_of(account, id.as_str())
}

/// As [`key`], where the id is plain text.
pub(super) fn key_of(account: &AccountId, id: &str) -> String {
    format!("{account} {id}")
}

/// Holds an object back for one of its table's statements that take a set.
pub(super) async fn put<T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    object: &T,
    sql: &'static str,
) -> Result<(), DbError> {
    tx.forget_ahead(T::STATEMENTS.load, || key(account, object.id()));
    let (id, row) = (object.id().as_str().to_owned(), row(object)?);
    tx.put(Put { sql, scope: account.as_str(), id, row, each: true }).await
}

async fn read<T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    ids: &[&T::Id],
    sql: &'static str,
) -> Result<Vec<Versioned<T>>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let set = Value::Array(ids.iter().map(|id| json!({ "id": id.as_str() })).collect()).to_string();
    tx.query(sql, binds![account.as_str(), &set]).await?.iter().map(from_row).collect()
}

/// The objects as rows of a set, and how many there are; none when there are none.
fn rows<'a, T: Stored + 'a>(
    objects: impl IntoIterator<Item = &'a T>,
) -> Result<Option<(usize, String)>, DbError> {
    let rows = objects.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
    Ok((!rows.is_empty()).then(|| (rows.len(), Value::Array(rows).to_string())))
}

fn row<T: Stored>(object: &T) -> Result<Value, DbError> {
    let mut row = Map::new();
    row.insert("id".to_owned(), object.id().as_str().into());
    row.insert("doc".to_owned(), to_doc(object)?.into());
    for (column, value) in T::STATEMENTS.columns.iter().zip(object.columns()) {
        let value = match value {
            Param::Null => Value::Null,
            Param::Int(value) => value.into(),
            Param::Text(value) => value.into(),
            Param::Bytes(_) => return Err(DbError::Failed(format!("{column}: bytes are in no set"))),
        };
        row.insert((*column).to_owned(), value);
    }
    Ok(Value::Object(row))
}

fn exactly(wanted: usize, done: u64, what: &str) -> Result<(), DbError> {
    if u64::try_from(wanted).is_ok_and(|wanted| wanted == done) {
        return Ok(());
    }
    Err(DbError::Inconsistent(format!("{done} of {wanted} rows {what}")))
}
