//! Many objects of one kind in one statement: what a billing run writes hundreds of at a time.

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Param, Tx};
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
