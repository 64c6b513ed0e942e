//! Accounts, and the numbers of their customers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{Db, DbError, Row, Tx};
use serde::{Deserialize, Serialize};

use crate::model::account::Account;

/// The first customer's number: four digits from the start, so that no label looks odd.
const FIRST_CUSTOMER_NUMBER: u64 = 1001;
/// How many numbers a process reserves at a time: one row is written once for so many customers. A restart leaves a
/// gap, which nobody minds.
const NUMBERS_RESERVED: u64 = 64;

/// What an account keeps besides its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDoc {
    /// Keys for browsers. They are public, and the vault is told of them.
    #[serde(default)]
    pub publishable_keys: Vec<String>,
    /// Origins whose pages may use those keys.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Whether customers get a receipt by mail for every invoice, and for every other charge without them, also where the
    /// payment names no address.
    #[serde(default)]
    pub mail_receipts: bool,
    /// The number that the next reservation begins with.
    pub next_customer_number: u64,
}

impl Default for AccountDoc {
    fn default() -> Self {
        Self {
            publishable_keys: Vec::new(),
            origins: Vec::new(),
            mail_receipts: false,
            next_customer_number: FIRST_CUSTOMER_NUMBER,
        }
    }
}

/// An account with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// Who it is.
    pub account: Account,
    /// The rest.
    pub doc: AccountDoc,
}

/// Inserts an account.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, stored: &StoredAccount, now_ms: i64) -> Result<(), DbError> {
    let doc = to_text(&stored.doc)?;
    let account = &stored.account;
    tx.execute(
        "INSERT INTO accounts (account_id, name, livemode, demo, doc, created) VALUES ($1, $2, $3, $4, $5, $6)",
        binds![account.id.as_str(), &account.name, account.livemode, account.demo, &doc, now_ms],
    )
    .await?;
    Ok(())
}

/// Loads an account.
///
/// # Errors
/// When the database fails.
pub async fn load(tx: &mut Tx, id: &AccountId) -> Result<Option<StoredAccount>, DbError> {
    let row = match tx.ahead(LOAD, || id.as_str().to_owned()) {
        Some(row) => row,
        None => tx.query_opt(LOAD, binds![id.as_str()]).await?,
    };
    row.as_ref().map(from_row).transpose()
}

const LOAD: &str = "SELECT account_id, name, livemode, demo, doc FROM accounts WHERE account_id = $1";

/// Reads an account ahead, for [`load`] in a transaction that does not change it.
///
/// # Errors
/// When the database fails.
pub async fn load_ahead(tx: &mut Tx, id: &AccountId) -> Result<(), DbError> {
    let row = tx.query_opt(LOAD, binds![id.as_str()]).await?;
    tx.read_ahead(LOAD, id.as_str().to_owned(), row);
    Ok(())
}

/// Locks an account until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: &AccountId) -> Result<Option<StoredAccount>, DbError> {
    let sql =
        "UPDATE accounts SET doc = doc WHERE account_id = $1 RETURNING account_id, name, livemode, demo, doc";
    tx.query_opt(sql, binds![id.as_str()]).await?.as_ref().map(from_row).transpose()
}

/// Saves the document of an account that was locked in this transaction.
///
/// # Errors
/// When the database fails.
pub async fn save_doc(tx: &mut Tx, id: &AccountId, doc: &AccountDoc) -> Result<(), DbError> {
    let doc = to_text(doc)?;
    tx.execute("UPDATE accounts SET doc = $2 WHERE account_id = $1", binds![id.as_str(), &doc]).await?;
    Ok(())
}

/// Test accounts of this name, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn test_accounts_named(tx: &mut Tx, name: &str) -> Result<Vec<StoredAccount>, DbError> {
    let sql = "SELECT account_id, name, livemode, demo, doc FROM accounts \
         WHERE name = $1 AND livemode = 0 ORDER BY account_id LIMIT 2";
    tx.query(sql, binds![name]).await?.iter().map(from_row).collect()
}

/// Accounts in order, a page at a time.
///
/// # Errors
/// When the database fails.
pub async fn after(tx: &mut Tx, id: &str, limit: u32) -> Result<Vec<StoredAccount>, DbError> {
    let sql = "SELECT account_id, name, livemode, demo, doc FROM accounts \
         WHERE account_id > $1 ORDER BY account_id LIMIT $2";
    tx.query(sql, binds![id, limit]).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<StoredAccount, DbError> {
    let doc = serde_json::from_str(&row.text("doc")?)
        .map_err(|e| DbError::Inconsistent(format!("a stored account: {e}")))?;
    let account = Account {
        id: AccountId::from_trusted(row.text("account_id")?),
        name: row.text("name")?,
        livemode: row.bool("livemode")?,
        demo: row.bool("demo")?,
    };
    Ok(StoredAccount { account, doc })
}

fn to_text(doc: &AccountDoc) -> Result<String, DbError> {
    serde_json::to_string(doc).map_err(|e| DbError::Inconsistent(e.to_string()))
}

/// The merchants' numbers for their customers (`C1042`), reserved in blocks.
#[derive(Debug, Default)]
pub struct CustomerNumbers(Mutex<HashMap<AccountId, std::ops::Range<u64>>>);

impl CustomerNumbers {
    /// The next number. It is this caller's alone, whether or not it is used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next(&self, db: &Db, account: &AccountId) -> Result<u64, DbError> {
        if let Some(number) = self.reserved().get_mut(account).and_then(Iterator::next) {
            return Ok(number);
        }
        let mut tx = db.begin().await?;
        let stored = lock(&mut tx, account).await?;
        let mut doc = stored.ok_or_else(|| DbError::Inconsistent("an account is gone".into()))?.doc;
        let mut block = doc.next_customer_number..doc.next_customer_number + NUMBERS_RESERVED;
        doc.next_customer_number = block.end;
        save_doc(&mut tx, account, &doc).await?;
        tx.commit().await?;
        let number = block.next().unwrap_or_default();
        self.reserved().insert(account.clone(), block);
        Ok(number)
    }

    fn reserved(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, std::ops::Range<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
