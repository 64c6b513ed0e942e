//! Objects by id: inserted, loaded, locked, saved. One set of statements for every kind.
//!
//! An object is locked by raising its version, which is a write on both engines; two changes of one object therefore
//! stand in line, and every change has its own version (M5, M7).

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Param, Row, Tx};

use super::sets;
use crate::model::Object;
use crate::model::charge::Charge;
use crate::model::coupon::Coupon;
use crate::model::customer::Customer;
use crate::model::discount::Discount;
use crate::model::dispute::Dispute;
use crate::model::import::Import;
use crate::model::invoice::Invoice;
use crate::model::invoice_item::InvoiceItem;
use crate::model::mandate::Mandate;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::price::Price;
use crate::model::product::Product;
use crate::model::promotion_code::PromotionCode;
use crate::model::refund::Refund;
use crate::model::run::Run;
use crate::model::setup_intent::SetupIntent;
use crate::model::subscription::{Subscription, due};
use crate::model::tax_rate::TaxRate;
use crate::model::test_clock::TestClock;
use crate::model::webhook_endpoint::WebhookEndpoint;

/// An object and which version of it this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// 1 when it is made; one more with every change.
    pub version: i64,
    /// The object.
    pub object: T,
    /// Its document as it was read, for telling what a change changed; none of a new one.
    pub before: Option<String>,
}

impl<T> Versioned<T> {
    /// A new object, in its first version.
    pub const fn new(object: T) -> Self {
        Self { version: 1, object, before: None }
    }
}

/// The statements for one table. Those that end in `_all` take a set of rows (see [`super::sets`]).
#[derive(Debug)]
pub struct Statements {
    /// The columns beside account, id, version and doc.
    pub(super) columns: &'static [&'static str],
    insert: &'static str,
    pub(super) load: &'static str,
    pub(super) lock: &'static str,
    save: &'static str,
    delete: &'static str,
    pub(super) insert_all: &'static str,
    pub(super) load_all: &'static str,
    pub(super) lock_all: &'static str,
    pub(super) save_all: &'static str,
}

/// Something with a table of its own.
pub trait Stored: Object {
    /// Its statements. `insert` and `save` take account, id, doc, and then [`Self::columns`].
    const STATEMENTS: Statements;

    /// What stands in columns of its own, for filters: the values of `insert`'s and `save`'s parameters `$4` and on.
    fn columns(&self) -> Vec<Param<'_>>;
}

/// A field of a row in a set.
macro_rules! field {
    ($column:literal, text) => {
        concat!("r.value->>'", $column, "'")
    };
    ($column:literal, int) => {
        concat!("CAST(r.value->>'", $column, "' AS BIGINT)")
    };
}

/// The statements of a table: its name, then each further column with its parameter and kind.
macro_rules! statements {
    ($table:literal $(, $column:literal = $param:literal $kind:ident)* $(,)?) => {
        Statements {
            columns: &[$($column),*],
            insert: concat!(
                "INSERT INTO ", $table, " (account_id, id, version, doc" $(, ", ", $column)*,
                ") VALUES ($1, $2, 1, $3" $(, ", ", $param)*, ")"
            ),
            load: concat!("SELECT version, doc FROM ", $table, " WHERE account_id = $1 AND id = $2"),
            lock: concat!(
                "UPDATE ", $table,
                " SET version = version + 1 WHERE account_id = $1 AND id = $2 RETURNING version, doc"
            ),
            save: concat!(
                "UPDATE ", $table, " SET doc = $3" $(, ", ", $column, " = ", $param)*,
                " WHERE account_id = $1 AND id = $2"
            ),
            delete: concat!("DELETE FROM ", $table, " WHERE account_id = $1 AND id = $2"),
            insert_all: concat!(
                "INSERT INTO ", $table, " (account_id, id, version, doc" $(, ", ", $column)*,
                ") SELECT $1, r.value->>'id', 1, r.value->>'doc'" $(, ", ", field!($column, $kind))*,
                " FROM json_each($2) AS r"
            ),
            load_all: concat!(
                "SELECT id, version, doc FROM ", $table,
                " WHERE account_id = $1 AND id IN (SELECT r.value->>'id' FROM json_each($2) AS r)"
            ),
            lock_all: concat!(
                "UPDATE ", $table, " SET version = version + 1 ",
                "WHERE account_id = $1 AND id IN (SELECT r.value->>'id' FROM json_each($2) AS r) ",
                "RETURNING id, version, doc"
            ),
            // The set is read once, then each row found by its key. Joined as it is, SQLite goes through the account's
            // rows and reads the whole set anew for each.
            save_all: concat!(
                "WITH changes AS MATERIALIZED (SELECT r.value->>'id' AS id, r.value->>'doc' AS doc"
                $(, ", ", field!($column, $kind), " AS ", $column)*,
                " FROM json_each($2) AS r) UPDATE ", $table, " SET doc = changes.doc"
                $(, ", ", $column, " = changes.", $column)*,
                " FROM changes WHERE ", $table, ".account_id = $1 AND ", $table, ".id = changes.id"
            ),
        }
    };
}

impl Stored for Customer {
    const STATEMENTS: Statements = statements!("customers", "email" = "$4" text, "deleted" = "$5" int);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.email.as_deref().into(), self.deleted.into()]
    }
}

impl Stored for PaymentMethod {
    const STATEMENTS: Statements = statements!("payment_methods", "customer_id" = "$4" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_ref().map(Id::as_str).into()]
    }
}

impl Stored for PaymentIntent {
    const STATEMENTS: Statements = statements!("payment_intents", "customer_id" = "$4" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_ref().map(Id::as_str).into()]
    }
}

impl Stored for SetupIntent {
    const STATEMENTS: Statements = statements!("setup_intents", "customer_id" = "$4" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_ref().map(Id::as_str).into()]
    }
}

impl Stored for Charge {
    const STATEMENTS: Statements =
        statements!("charges", "customer_id" = "$4" text, "payment_intent_id" = "$5" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_ref().map(Id::as_str).into(), self.payment_intent.as_str().into()]
    }
}

impl Stored for Refund {
    const STATEMENTS: Statements =
        statements!("refunds", "charge_id" = "$4" text, "payment_intent_id" = "$5" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.charge.as_str().into(), self.payment_intent.as_str().into()]
    }
}

impl Stored for Product {
    const STATEMENTS: Statements = statements!(
        "products",
        "place" = "$4" text,
        "active" = "$5" int,
        "shippable" = "$6" int,
        "url" = "$7" text,
    );
    fn columns(&self) -> Vec<Param<'_>> {
        vec![
            self.place.as_str().into(),
            self.active.into(),
            self.shippable.unwrap_or(false).into(),
            self.url.as_deref().unwrap_or_default().into(),
        ]
    }
}

impl Stored for Price {
    const STATEMENTS: Statements = statements!(
        "prices",
        "product_id" = "$4" text,
        "active" = "$5" int,
        "currency" = "$6" text,
        "kind" = "$7" text,
        "recurring_interval" = "$8" text,
        "lookup_key" = "$9" text,
    );
    fn columns(&self) -> Vec<Param<'_>> {
        vec![
            self.product.as_str().into(),
            self.active.into(),
            self.currency.as_str().into(),
            self.kind().into(),
            self.recurring.map_or("", |recurring| recurring.interval.as_str()).into(),
            self.lookup_key.as_deref().into(),
        ]
    }
}

impl Stored for Subscription {
    const STATEMENTS: Statements = statements!(
        "subscriptions",
        "customer_id" = "$4" text,
        "status" = "$5" text,
        "clock_id" = "$6" text,
        "next_due" = "$7" int,
        "parked" = "$8" text,
        "card_look" = "$9" int,
    );
    fn columns(&self) -> Vec<Param<'_>> {
        vec![
            self.customer.as_str().into(),
            self.status.as_str().into(),
            self.clock_key().into(),
            due::next_due(self).map(|seconds| seconds.saturating_mul(1000)).into(),
            self.parked.as_deref().into(),
            due::card_look(self).map(|seconds| seconds.saturating_mul(1000)).into(),
        ]
    }
}

impl Stored for Invoice {
    const STATEMENTS: Statements = statements!(
        "invoices",
        "customer_id" = "$4" text,
        "subscription_id" = "$5" text,
        "occurrence" = "$6" int,
        "status" = "$7" text,
        "run_id" = "$8" text,
        "clock_id" = "$9" text,
        "next_attempt" = "$10" int,
    );
    fn columns(&self) -> Vec<Param<'_>> {
        let of = self.subscription.as_ref();
        vec![
            self.customer.as_str().into(),
            of.map(|of| of.id.as_str()).into(),
            of.map(|of| of.occurrence).into(),
            self.status.as_str().into(),
            self.run.as_ref().map(Id::as_str).into(),
            self.clock_key().into(),
            self.next_payment_attempt.map(|seconds| seconds.saturating_mul(1000)).into(),
        ]
    }
}

impl Stored for InvoiceItem {
    const STATEMENTS: Statements =
        statements!("invoice_items", "customer_id" = "$4" text, "invoice_id" = "$5" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_str().into(), self.invoice.as_ref().map(Id::as_str).into()]
    }
}

impl Stored for TestClock {
    const STATEMENTS: Statements = statements!("test_clocks", "status" = "$4" text, "now_ms" = "$5" int);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.status().into(), self.frozen_time.saturating_mul(1000).into()]
    }
}

impl Stored for Run {
    const STATEMENTS: Statements = statements!("runs", "clock_id" = "$4" text, "state" = "$5" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.test_clock.as_ref().map_or("", Id::as_str).into(), self.state.as_str().into()]
    }
}

impl Stored for Import {
    const STATEMENTS: Statements =
        statements!("imports", "clock_id" = "$4" text, "content_hash" = "$5" text, "state" = "$6" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.clock_key().into(), self.content_hash.as_str().into(), self.state.as_str().into()]
    }
}

impl Stored for Mandate {
    const STATEMENTS: Statements = statements!("mandates", "payment_method_id" = "$4" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.payment_method.as_str().into()]
    }
}

impl Stored for Dispute {
    const STATEMENTS: Statements = statements!(
        "disputes",
        "charge_id" = "$4" text,
        "payment_intent_id" = "$5" text,
    );
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.charge.as_str().into(), self.payment_intent.as_str().into()]
    }
}

impl Stored for WebhookEndpoint {
    const STATEMENTS: Statements = statements!("webhook_endpoints", "status" = "$4" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.status.as_str().into()]
    }
}

impl Stored for Coupon {
    const STATEMENTS: Statements =
        statements!("coupons", "place" = "$4" text, "exhausted" = "$5" int, "redeem_by" = "$6" int);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.place.as_str().into(), self.is_exhausted().into(), self.redeem_by.into()]
    }
}

impl Stored for PromotionCode {
    const STATEMENTS: Statements = statements!(
        "promotion_codes",
        "coupon_id" = "$4" text,
        "customer_id" = "$5" text,
        "code_key" = "$6" text,
        "active" = "$7" int,
        "exhausted" = "$8" int,
        "expires_at" = "$9" int,
    );
    fn columns(&self) -> Vec<Param<'_>> {
        vec![
            self.coupon.as_str().into(),
            self.customer.as_ref().map_or("", Id::as_str).into(),
            self.key.as_str().into(),
            self.active.into(),
            self.is_exhausted().into(),
            self.expires_at.into(),
        ]
    }
}

impl Stored for Discount {
    const STATEMENTS: Statements = statements!("discounts", "customer_id" = "$4" text);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.customer.as_str().into()]
    }
}

impl Stored for TaxRate {
    const STATEMENTS: Statements = statements!("tax_rates", "active" = "$4" int, "inclusive" = "$5" int);
    fn columns(&self) -> Vec<Param<'_>> {
        vec![self.active.into(), self.inclusive.into()]
    }
}

/// Inserts a new object; its version is 1.
///
/// # Errors
/// [`DbError::Duplicate`] when the id is taken.
pub async fn insert<T: Stored>(tx: &mut Tx, account: &AccountId, object: &T) -> Result<(), DbError> {
    if tx.gathers() {
        return sets::put(tx, account, object, T::STATEMENTS.insert_all).await;
    }
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
    let row = match tx.ahead(T::STATEMENTS.load, || sets::key(account, id)) {
        Some(row) => row,
        None => tx.query_opt(T::STATEMENTS.load, binds![account.as_str(), id.as_str()]).await?,
    };
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
    tx.forget_ahead(T::STATEMENTS.load, || sets::key(account, id));
    let row = match tx.take_ahead(T::STATEMENTS.lock, || sets::key(account, id)) {
        Some(row) => row,
        None => tx.query_opt(T::STATEMENTS.lock, binds![account.as_str(), id.as_str()]).await?,
    };
    row.as_ref().map(from_row).transpose()
}

/// Saves an object that was locked in this transaction.
///
/// # Errors
/// [`DbError::Inconsistent`] when it is gone.
pub async fn save<T: Stored>(tx: &mut Tx, account: &AccountId, object: &T) -> Result<(), DbError> {
    if tx.gathers() {
        return sets::put(tx, account, object, T::STATEMENTS.save_all).await;
    }
    let doc = to_doc(object)?;
    let mut params = vec![account.as_str().into(), object.id().as_str().into(), Param::from(&doc)];
    params.extend(object.columns());
    match tx.execute(T::STATEMENTS.save, &params).await? {
        1 => Ok(()),
        n => Err(DbError::Inconsistent(format!("{n} rows saved for {}", object.id().as_str()))),
    }
}

/// Deletes an object that was locked in this transaction.
///
/// # Errors
/// [`DbError::Inconsistent`] when it is gone.
pub async fn delete<T: Stored>(tx: &mut Tx, account: &AccountId, id: &T::Id) -> Result<(), DbError> {
    match tx.execute(T::STATEMENTS.delete, binds![account.as_str(), id.as_str()]).await? {
        1 => Ok(()),
        n => Err(DbError::Inconsistent(format!("{n} rows deleted for {}", id.as_str()))),
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
    Ok(Versioned { version: row.int("version")?, object, before: Some(doc) })
}

pub(super) fn to_doc<T: Object>(object: &T) -> Result<String, DbError> {
    serde_json::to_string(object).map_err(|e| DbError::Inconsistent(format!("an object to store: {e}")))
}
