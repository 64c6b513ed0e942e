//! Transactions that work on a set: rows are read ahead by one statement for all, and written by one statement for all.
//!
//! The code that deals with one thing stays as it is, and is the only one. What it asks for one by one was read for all
//! before ([`Tx::read_ahead`]); what it writes one by one is held back ([`Tx::put`]) and written together. Held rows are
//! written before any other statement of the transaction runs, so the transaction always sees its own writes.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{DbError, Row, Tx};
use crate::binds;

/// What a transaction has read ahead, and holds back.
#[derive(Default)]
pub(super) struct Gathered {
    ahead: HashMap<(&'static str, String), Option<Row>>,
    held: Vec<Held>,
    ids: HashSet<String>,
    /// A set could not be written: nothing of this transaction may be committed.
    failed: bool,
}

/// The rows held back for one statement.
struct Held {
    sql: &'static str,
    scope: String,
    rows: Vec<Value>,
    each: bool,
}

/// A row for a statement that takes a set: `$1` is the scope (the account), `$2` the rows as a JSON array.
#[derive(Debug)]
pub struct Put<'a> {
    /// The statement.
    pub sql: &'static str,
    /// Its `$1`.
    pub scope: &'a str,
    /// What the row is about. Two rows about the same are written one after the other.
    pub id: String,
    /// The row, a JSON object.
    pub row: Value,
    /// Whether the statement has to change something for each of its rows.
    pub each: bool,
}

impl Tx {
    /// Makes this a transaction that works on a set.
    pub fn gather(&mut self) {
        self.gathered.get_or_insert_default();
    }

    /// Whether it works on a set.
    pub fn gathers(&self) -> bool {
        self.gathered.is_some()
    }

    /// Keeps a row, or that there is none, for the statement that will ask for it. It must be what that statement would
    /// give at any moment of this transaction, or be [forgotten](Self::forget_ahead) by whoever changes it.
    pub fn read_ahead(&mut self, sql: &'static str, key: String, row: Option<Row>) {
        if let Some(gathered) = &mut self.gathered {
            gathered.ahead.insert((sql, key), row);
        }
    }

    /// What was read ahead for a statement; none when it has to be run.
    pub fn ahead(&self, sql: &'static str, key: impl FnOnce() -> String) -> Option<Option<Row>> {
        self.gathered.as_ref()?.ahead.get(&(sql, key())).cloned()
    }

    /// What was read ahead for a statement, once: whoever asks again runs it.
    pub fn take_ahead(&mut self, sql: &'static str, key: impl FnOnce() -> String) -> Option<Option<Row>> {
        self.gathered.as_mut()?.ahead.remove(&(sql, key()))
    }

    /// Forgets what was read ahead, since it is being changed.
    pub fn forget_ahead(&mut self, sql: &'static str, key: impl FnOnce() -> String) {
        drop(self.take_ahead(sql, key));
    }

    /// Writes a row: later, with all others of its statement, where the transaction works on a set; else at once.
    ///
    /// # Errors
    /// When rows that were held back before could not be written, or this one at once.
    pub async fn put(&mut self, put: Put<'_>) -> Result<(), DbError> {
        let Put { sql, scope, id, row, each } = put;
        if self.gathered.as_ref().is_some_and(|gathered| gathered.ids.contains(&id)) {
            self.flush().await?;
        }
        let Some(gathered) = &mut self.gathered else {
            return self.write(Held { sql, scope: scope.to_owned(), rows: vec![row], each }).await;
        };
        gathered.ids.insert(id);
        match gathered.held.iter_mut().find(|held| held.sql == sql && held.scope == scope) {
            Some(held) => held.rows.push(row),
            None => gathered.held.push(Held { sql, scope: scope.to_owned(), rows: vec![row], each }),
        }
        Ok(())
    }

    /// Writes what is held back.
    pub(super) async fn flush(&mut self) -> Result<(), DbError> {
        let Some(gathered) = &mut self.gathered else { return Ok(()) };
        if gathered.failed {
            return Err(DbError::Failed("a set of this transaction could not be written".into()));
        }
        gathered.ids.clear();
        for held in std::mem::take(&mut gathered.held) {
            let written = self.write(held).await;
            if let (Err(_), Some(gathered)) = (&written, &mut self.gathered) {
                gathered.failed = true;
            }
            written?;
        }
        Ok(())
    }

    async fn write(&mut self, held: Held) -> Result<(), DbError> {
        let Held { sql, scope, rows, each } = held;
        let count = rows.len();
        let set = Value::Array(rows).to_string();
        let done = self.inner.execute(sql, binds![&scope, &set]).await?;
        if each && u64::try_from(count).is_ok_and(|count| count != done) {
            return Err(DbError::Inconsistent(format!("{done} of {count} rows written by {sql}")));
        }
        Ok(())
    }
}
