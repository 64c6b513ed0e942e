//! Which agreements are due, and who looks after them. Claims are leases, taken in sets.

use std::collections::HashMap;

use onfile_core::ids::{AccountId, Id, InvoiceId, SubscriptionId};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};
use serde_json::{Value, json};

use super::objects::{Versioned, from_row};
use super::sets;
use crate::model::invoice::Invoice;
use crate::model::subscription::Subscription;

/// Names real time in the indexes.
pub const REAL_TIME: &str = "";

/// Accounts in which something is due in real time: agreements to bill, invoices to collect again. Read-only and over
/// all accounts; what is claimed is claimed account by account.
///
/// # Errors
/// When the database fails.
pub async fn accounts_due(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<Vec<AccountId>, DbError> {
    let rows = tx
        .query(
            "SELECT account_id FROM subscriptions \
             WHERE clock_id = '' AND next_due <= $1 AND next_due IS NOT NULL AND parked IS NULL AND lease_until <= $1 \
             UNION SELECT account_id FROM invoices \
             WHERE clock_id = '' AND next_attempt <= $1 AND next_attempt IS NOT NULL AND lease_until <= $1 LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter().map(|row| Ok(AccountId::from_trusted(row.text("account_id")?))).collect()
}

/// Which work is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// In which time: a clock's id, or [`REAL_TIME`].
    pub clock: &'a str,
    /// What is due until then, Unix milliseconds of that time.
    pub until_ms: i64,
    /// Now, Unix milliseconds of real time, in which leases count.
    pub now_ms: i64,
    /// Until when it is ours.
    pub lease_until: i64,
    /// How much at most.
    pub limit: u32,
}

/// Claims agreements with something due: each is ours until the lease ends, then anyone's again.
///
/// The outer test of the lease is no repetition: a second worker that waited for the row sees the new lease and passes
/// by.
///
/// # Errors
/// When the database fails.
pub async fn claim_subscriptions(
    tx: &mut Tx,
    account: &AccountId,
    claim: &Claim<'_>,
) -> Result<Vec<SubscriptionId>, DbError> {
    let rows = tx
        .query(
            "UPDATE subscriptions SET lease_until = $4 WHERE account_id = $1 AND lease_until <= $5 AND id IN (\
                SELECT id FROM subscriptions WHERE account_id = $1 AND clock_id = $2 AND next_due <= $3 \
                AND next_due IS NOT NULL AND parked IS NULL AND lease_until <= $5 ORDER BY next_due, id LIMIT $6) \
             RETURNING id",
            binds![account.as_str(), claim.clock, claim.until_ms, claim.lease_until, claim.now_ms, claim.limit],
        )
        .await?;
    rows.iter().map(|row| Ok(SubscriptionId::from_trusted(row.text("id")?))).collect()
}

/// Claims invoices that are to be collected again, as [`claim_subscriptions`].
///
/// # Errors
/// When the database fails.
pub async fn claim_invoices(
    tx: &mut Tx,
    account: &AccountId,
    claim: &Claim<'_>,
) -> Result<Vec<HeldInvoice>, DbError> {
    let rows = tx
        .query(
            "UPDATE invoices SET lease_until = $4 WHERE account_id = $1 AND lease_until <= $5 AND id IN (\
                SELECT id FROM invoices WHERE account_id = $1 AND clock_id = $2 AND next_attempt <= $3 \
                AND next_attempt IS NOT NULL AND lease_until <= $5 ORDER BY next_attempt, id LIMIT $6) \
             RETURNING id",
            binds![
                account.as_str(),
                claim.clock,
                claim.until_ms,
                claim.lease_until,
                claim.now_ms,
                claim.limit
            ],
        )
        .await?;
    let held = |row: &Row| {
        let id = InvoiceId::from_trusted(row.text("id")?);
        Ok(HeldInvoice { id, lease_until: claim.lease_until, until_ms: claim.until_ms })
    };
    rows.iter().map(held).collect()
}

/// Hands in a claim in the transaction that does its work, which gives it back when it is committed, so that the next look
/// finds at once if more is due. Answers what is still ours, locked: what somebody else has claimed since is theirs.
///
/// # Errors
/// When the database fails.
pub async fn hand_in_subscriptions(
    tx: &mut Tx,
    account: &AccountId,
    ids: &[SubscriptionId],
    lease_until: i64,
) -> Result<Vec<SubscriptionId>, DbError> {
    let set: Value = ids.iter().map(|id| json!({ "id": id.as_str() })).collect();
    let rows = tx
        .query(
            "UPDATE subscriptions SET lease_until = 0 WHERE account_id = $1 AND lease_until = $3 \
             AND id IN (SELECT r.value->>'id' FROM json_each($2) AS r) RETURNING id",
            binds![account.as_str(), &set.to_string(), lease_until],
        )
        .await?;
    rows.iter().map(|row| Ok(SubscriptionId::from_trusted(row.text("id")?))).collect()
}

/// An invoice that was claimed for a further attempt.
#[derive(Debug, Clone)]
pub struct HeldInvoice {
    /// Which.
    pub id: InvoiceId,
    /// The lease: no other claim of this invoice ever ends at the same moment.
    pub lease_until: i64,
    /// Its attempt was due until then, Unix milliseconds of its customer's time.
    pub until_ms: i64,
}

impl HeldInvoice {
    /// Whether the claim is still ours, and the attempt still due: asked in the transaction that begins the attempt.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_held(&self, tx: &mut Tx, account: &AccountId, now_ms: i64) -> Result<bool, DbError> {
        if now_ms >= self.lease_until {
            return Ok(false);
        }
        let row = tx
            .query_opt(
                "SELECT 1 AS one FROM invoices WHERE account_id = $1 AND id = $2 AND lease_until = $3 \
                 AND next_attempt IS NOT NULL AND next_attempt <= $4",
                binds![account.as_str(), self.id.as_str(), self.lease_until, self.until_ms],
            )
            .await?;
        Ok(row.is_some())
    }
}

/// Gives back an invoice that was claimed, unless it is somebody else's by now.
///
/// # Errors
/// When the database fails.
pub async fn release_invoice(tx: &mut Tx, account: &AccountId, held: &HeldInvoice) -> Result<(), DbError> {
    tx.execute(
        "UPDATE invoices SET lease_until = 0 WHERE account_id = $1 AND id = $2 AND lease_until = $3",
        binds![account.as_str(), held.id.as_str(), held.lease_until],
    )
    .await?;
    Ok(())
}

/// The earliest moment at which something is due for a clock's customers, Unix milliseconds of its time.
///
/// # Errors
/// When the database fails.
pub async fn next_moment(tx: &mut Tx, account: &AccountId, clock: &str) -> Result<Option<i64>, DbError> {
    let row = tx
        .query_one(
            "SELECT MIN(at) AS at FROM (\
                SELECT MIN(next_due) AS at FROM subscriptions \
                WHERE account_id = $1 AND clock_id = $2 AND next_due IS NOT NULL AND parked IS NULL \
                UNION ALL SELECT MIN(next_attempt) AS at FROM invoices \
                WHERE account_id = $1 AND clock_id = $2 AND next_attempt IS NOT NULL) AS moments",
            binds![account.as_str(), clock],
        )
        .await?;
    row.opt_int("at")
}

/// Whether anything is due in a time until a moment, claimed or not.
///
/// # Errors
/// When the database fails.
pub async fn anything_due(
    tx: &mut Tx,
    account: &AccountId,
    clock: &str,
    until_ms: i64,
) -> Result<bool, DbError> {
    let row = tx
        .query_opt(
            "SELECT 1 AS one WHERE EXISTS (\
                SELECT 1 FROM subscriptions WHERE account_id = $1 AND clock_id = $2 AND next_due <= $3 \
                AND next_due IS NOT NULL AND parked IS NULL) \
             OR EXISTS (SELECT 1 FROM invoices WHERE account_id = $1 AND clock_id = $2 AND next_attempt <= $3 \
                AND next_attempt IS NOT NULL)",
            binds![account.as_str(), clock, until_ms],
        )
        .await?;
    Ok(row.is_some())
}

/// Agreements of a clock's customers, or of real time, with something due until a moment, in the order of their ids,
/// after `after`: for a look that changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn peek(
    tx: &mut Tx,
    account: &AccountId,
    clock: &str,
    until_ms: i64,
    after: &str,
    limit: u32,
) -> Result<Vec<Versioned<Subscription>>, DbError> {
    let rows = tx
        .query(
            "SELECT version, doc FROM subscriptions WHERE account_id = $1 AND clock_id = $2 AND next_due <= $3 \
             AND next_due IS NOT NULL AND parked IS NULL AND id > $4 ORDER BY id LIMIT $5",
            binds![account.as_str(), clock, until_ms, after, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Whether another invoice of an agreement is still owed.
///
/// # Errors
/// When the database fails.
pub async fn owes_other(
    tx: &mut Tx,
    account: &AccountId,
    subscription: &SubscriptionId,
    invoice: &InvoiceId,
) -> Result<bool, DbError> {
    if let Some(row) = tx.ahead(OWES_OTHER, || sets::key(account, invoice)) {
        return Ok(row.is_some());
    }
    let params = binds![account.as_str(), subscription.as_str(), invoice.as_str()];
    Ok(tx.query_opt(OWES_OTHER, params).await?.is_some())
}

const OWES_OTHER: &str = "SELECT id FROM invoices \
    WHERE account_id = $1 AND subscription_id = $2 AND status = 'open' AND id <> $3 LIMIT 1";

const OWE_OTHERS: &str = "SELECT r.value->>'id' AS id FROM json_each($2) AS r WHERE EXISTS (\
    SELECT 1 FROM invoices AS i WHERE i.account_id = $1 AND i.subscription_id = r.value->>'subscription' \
    AND i.status = 'open' AND i.id <> r.value->>'id')";

/// Reads [`owes_other`] ahead for invoices that are about to be settled in this transaction: each of another agreement, so
/// that none changes what another reads.
///
/// # Errors
/// When the database fails.
pub async fn owe_others_ahead(
    tx: &mut Tx,
    account: &AccountId,
    invoices: &[(SubscriptionId, InvoiceId)],
) -> Result<(), DbError> {
    if invoices.is_empty() {
        return Ok(());
    }
    let row = |(of, id): &(SubscriptionId, InvoiceId)| json!({ "subscription": of, "id": id });
    let set = Value::Array(invoices.iter().map(row).collect()).to_string();
    let rows = tx.query(OWE_OTHERS, binds![account.as_str(), &set]).await?;
    let mut owing = HashMap::new();
    for row in rows {
        owing.insert(row.text("id")?, row);
    }
    for (_, id) in invoices {
        tx.read_ahead(OWES_OTHER, sets::key(account, id), owing.remove(id.as_str()));
    }
    Ok(())
}

/// Gives the next invoice numbers of some customers: for each, how many are wanted in, the last of them out. They are
/// used in the same transaction, so that none is ever missing.
///
/// # Errors
/// When the database fails.
pub async fn take_numbers(
    tx: &mut Tx,
    account: &AccountId,
    wanted: &std::collections::BTreeMap<String, i64>,
) -> Result<std::collections::BTreeMap<String, i64>, DbError> {
    let row = |(customer, count)| json!({ "customer": customer, "count": count });
    let set: Value = wanted.iter().map(row).collect();
    let rows = tx
        .query(
            "INSERT INTO invoice_numbers (account_id, customer_id, last) \
             SELECT $1, r.value->>'customer', CAST(r.value->>'count' AS BIGINT) FROM json_each($2) AS r WHERE true \
             ON CONFLICT (account_id, customer_id) DO UPDATE SET last = invoice_numbers.last + excluded.last \
             RETURNING customer_id, last",
            binds![account.as_str(), &set.to_string()],
        )
        .await?;
    let number = |row: &Row| Ok((row.text("customer_id")?, row.int("last")?));
    rows.iter().map(number).collect()
}

/// A subscription's invoices that are open, the oldest first. Drafts are the merchant's own matter.
///
/// # Errors
/// When the database fails.
pub async fn open_invoices(
    tx: &mut Tx,
    account: &AccountId,
    subscription: &SubscriptionId,
    limit: u32,
) -> Result<Vec<Versioned<Invoice>>, DbError> {
    let rows = tx
        .query(
            "SELECT version, doc FROM invoices \
             WHERE account_id = $1 AND subscription_id = $2 AND status = 'open' ORDER BY id LIMIT $3",
            binds![account.as_str(), subscription.as_str(), limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}
