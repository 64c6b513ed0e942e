//! Objects by id: inserted, loaded, locked, saved. One set of statements for every kind.
//!
//! An object is locked by raising its version, which is a write on both engines; two changes of one object therefore
//! stand in line, and every change has its own version (M5, M7).

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Param, Row, Tx};

use crate::model::Object;
use crate::model::charge::Charge;
use crate::model::customer::Customer;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::refund::Refund;
use crate::model::setup_intent::SetupIntent;
use crate::model::webhook_endpoint::WebhookEndpoint;

/// An object and which version of it this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// 1 when it is made; one more with every change.
    pub version: i64,
    /// The object.
    pub object: T,
}

/// The statements for one table.
#[derive(Debug)]
pub struct Statements {
    insert: &'static str,
    load: &'static str,
    lock: &'static str,
    save: &'static str,
}

/// Something with a table of its own.
pub trait Stored: Object {
    /// Its statements. `insert` and `save` take account, id, doc, and then [`Self::columns`].
    const STATEMENTS: Statements;

    /// What stands in columns of its own, for filters: the values of `insert`'s and `save`'s parameters `$4` and on.
    fn columns(&self) -> Vec<Param<'_>>;
}

macro_rules! statements {
    ($table:literal, $columns:literal, $values:literal, $assignments:literal) => {
        Statements {
            insert: concat!(
                "INSERT INTO ",
                $table,
                " (account_id, id, version, doc, ",
                $columns,
                ") VALUES ($1, $2, 1, $3, ",
                $values,
                ")"
            ),
            load: concat!("SELECT version, doc FROM ", $table, " WHERE account_id = $1 AND id = $2"),
            lock: concat!(
                "UPDATE ",
                $table,
                " SET version = version + 1 WHERE account_id = $1 AND id = $2 RETURNING version, doc"
            ),
            save: concat!(
                "UPDATE ",
                $table,
                " SET doc = $3, ",
                $assignments,
                " WHERE account_id = $1 AND id = $2"
            ),
        }
    };
}

impl Stored for Customer {
    const STATEMENTS: Statements =
        statements!("customers", "email, deleted", "$4, $5", "email = $4, deleted = $5");
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.email.as_deref().into(), self.deleted.into()]
    }
}

impl Stored for PaymentMethod {
    const STATEMENTS: Statements = statements!("payment_methods", "customer_id", "$4", "customer_id = $4");
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_ref().map(Id::as_str).into()]
    }
}

impl Stored for PaymentIntent {
    const STATEMENTS: Statements = statements!("payment_intents", "customer_id", "$4", "customer_id = $4");
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_ref().map(Id::as_str).into()]
    }
}

impl Stored for SetupIntent {
    const STATEMENTS: Statements = statements!("setup_intents", "customer_id", "$4", "customer_id = $4");
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_ref().map(Id::as_str).into()]
    }
}

impl Stored for Charge {
    const STATEMENTS: Statements = statements!(
        "charges",
        "customer_id, payment_intent_id",
        "$4, $5",
        "customer_id = $4, payment_intent_id = $5"
    );
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_ref().map(Id::as_str).into(), self.payment_intent.as_str().into()]
    }
}

impl Stored for Refund {
    const STATEMENTS: Statements = statements!(
        "refunds",
        "charge_id, payment_intent_id",
        "$4, $5",
        "charge_id = $4, payment_intent_id = $5"
    );
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.charge.as_str().into(), self.payment_intent.as_str().into()]
    }
}

impl Stored for WebhookEndpoint {
    const STATEMENTS: Statements = statements!("webhook_endpoints", "status", "$4", "status = $4");
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.status.as_str().into()]
    }
}

/// Inserts a new object; its version is 1.
///
/// # Errors
/// [`DbError::Duplicate`] when the id is taken.
pub async fn insert<T: Stored>(tx: &mut Tx, account: &AccountId, object: &T) -> Result<(), DbError> {
    let doc = to_doc(object)?;
    let mut params = vec![account.as_str().into(), object.id().as_str().into(), Param::from(&doc)];
    params.extend(object.columns());
    tx.execute(T::STATEMENTS.insert, &params).await?;
    Ok(())
}

/// Loads an object, as it is at this moment.
///
/// # Errors
/// When the database fails, or holds what it should not.
pub async fn load<T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    id: &T::Id,
) -> Result<Option<Versioned<T>>, DbError> {
    let row = tx.query_opt(T::STATEMENTS.load, binds![account.as_str(), id.as_str()]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Locks an object until the transaction ends, for a change: the version is already the new one.
///
/// # Errors
/// As [`load`].
pub async fn lock<T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    id: &T::Id,
) -> Result<Option<Versioned<T>>, DbError> {
    let row = tx.query_opt(T::STATEMENTS.lock, binds![account.as_str(), id.as_str()]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Saves an object that was locked in this transaction.
///
/// # Errors
/// [`DbError::Inconsistent`] when it is gone.
pub async fn save<T: Stored>(tx: &mut Tx, account: &AccountId, object: &T) -> Result<(), DbError> {
    let doc = to_doc(object)?;
    let mut params = vec![account.as_str().into(), object.id().as_str().into(), Param::from(&doc)];
    params.extend(object.columns());
    match tx.execute(T::STATEMENTS.save, &params).await? {
        1 => Ok(()),
        n => Err(DbError::Inconsistent(format!("{n} rows saved for {}", object.id().as_str()))),
    }
}

/// Reads a row with the columns `version` and `doc`.
///
/// # Errors
/// [`DbError::Inconsistent`] when the document cannot be read.
pub fn from_row<T: Object>(row: &Row) -> Result<Versioned<T>, DbError> {
    let doc = row.text("doc")?;
    let object =
        serde_json::from_str(&doc).map_err(|e| DbError::Inconsistent(format!("a stored object: {e}")))?;
    Ok(Versioned { version: row.int("version")?, object })
}

fn to_doc<T: Object>(object: &T) -> Result<String, DbError> {
    serde_json::to_string(object).map_err(|e| DbError::Inconsistent(format!("an object to store: {e}")))
}
