//! Batches and what they did about each invoice.

use onfile_core::ids::{AccountId, Id, InvoiceId, RunId};
use onfile_service::binds;
use onfile_service::db::{DbError, Put, Row, Tx};
use serde_json::{Value, json};

use super::objects::{Versioned, from_row};
use crate::model::invoice::Invoice;
use crate::model::payment_intent::PaymentIntent;
use crate::model::run::Run;

/// What a run does about one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The invoice.
    pub invoice: String,
    /// Who owes it.
    pub customer: String,
    /// In what.
    pub currency: String,
    /// Minor units.
    pub amount: i64,
    /// `sent` until the outcome is known; then `paid`, `declined`, `needs_customer`, `not_sent`; `open` where nothing
    /// was to be charged by itself.
    pub state: String,
    /// Why it was not paid: a decline code, or `no_payment_method`, `sent_to_customer`, `network_limit`,
    /// `attempts_exhausted`, `cannot_be_charged`; else empty.
    pub reason: String,
    /// When it is tried again, Unix seconds.
    pub next_attempt: Option<i64>,
}

impl Item {
    /// An invoice as a run begins with it; `sent` tells whether it is being collected.
    pub fn planned(invoice: &Invoice, sent: bool) -> Self {
        let (state, reason) = match (sent, invoice.amount_due()) {
            (true, _) => ("sent", ""),
            (false, 0) => ("paid", ""),
            (false, _) if invoice.collection_method == "send_invoice" => ("open", "sent_to_customer"),
            (false, _) => ("open", "no_payment_method"),
        };
        Self {
            invoice: invoice.id.as_str().to_owned(),
            customer: invoice.customer.as_str().to_owned(),
            currency: invoice.currency.as_str().to_owned(),
            amount: invoice.amount_due(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            next_attempt: None,
        }
    }

    /// An invoice that the run leaves open for this reason.
    pub fn not_charged(invoice: &Invoice, reason: &str) -> Self {
        Self {
            state: "open".to_owned(),
            reason: reason.to_owned(),
            next_attempt: invoice.next_payment_attempt,
            ..Self::planned(invoice, false)
        }
    }

    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            invoice: row.text("invoice_id")?,
            customer: row.text("customer_id")?,
            currency: row.text("currency")?,
            amount: row.int("amount")?,
            state: row.text("state")?,
            reason: row.text("reason")?,
            next_attempt: row.opt_int("next_attempt")?,
        })
    }
}

/// Adds invoices to a run; one that is in it already is being collected again. What is paid stays so, whoever is late.
///
/// # Errors
/// When the database fails.
pub async fn insert_items(
    tx: &mut Tx,
    account: &AccountId,
    run: &RunId,
    items: impl IntoIterator<Item = Item>,
) -> Result<(), DbError> {
    let rows: Vec<Value> = items
        .into_iter()
        .map(|item| {
            json!({
                "invoice": item.invoice, "customer": item.customer, "currency": item.currency,
                "amount": item.amount, "state": item.state, "reason": item.reason, "next": item.next_attempt,
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO run_items (account_id, run_id, invoice_id, customer_id, currency, amount, state, reason, \
         next_attempt) SELECT $1, $2, r.value->>'invoice', r.value->>'customer', r.value->>'currency', \
         CAST(r.value->>'amount' AS BIGINT), r.value->>'state', r.value->>'reason', \
         CAST(r.value->>'next' AS BIGINT) FROM json_each($3) AS r WHERE true \
         ON CONFLICT (account_id, run_id, invoice_id) DO UPDATE SET state = excluded.state, reason = excluded.reason, \
         next_attempt = excluded.next_attempt WHERE run_items.state <> 'paid'",
        binds![account.as_str(), run.as_str(), &Value::Array(rows).to_string()],
    )
    .await?;
    Ok(())
}

/// What became of an invoice in a run.
#[derive(Debug)]
pub struct Settled<'a> {
    invoice: &'a InvoiceId,
    state: &'static str,
    reason: String,
    next_attempt: Option<i64>,
}

impl<'a> Settled<'a> {
    /// The outcome of an attempt, in a word, with the reason that the payment gives.
    pub fn of(invoice: &'a Invoice, intent: &PaymentIntent, state: &'static str) -> Self {
        let error = intent.last_error.as_ref();
        let reason = error.map(|e| e.decline_code.clone().unwrap_or_else(|| e.code.clone()));
        Self {
            invoice: &invoice.id,
            state,
            reason: reason.filter(|_| state != "paid").unwrap_or_default(),
            next_attempt: invoice.next_payment_attempt,
        }
    }
}

const SETTLE_ALL: &str = "WITH changes AS MATERIALIZED (SELECT r.value->>'run' AS run, \
    r.value->>'invoice' AS invoice, r.value->>'state' AS state, r.value->>'reason' AS reason, \
    CAST(r.value->>'next' AS BIGINT) AS next FROM json_each($2) AS r) \
    UPDATE run_items SET state = changes.state, reason = changes.reason, next_attempt = changes.next FROM changes \
    WHERE run_items.account_id = $1 AND run_items.run_id = changes.run AND run_items.invoice_id = changes.invoice";

/// Writes what became of an invoice in a run.
///
/// # Errors
/// When the database fails.
pub async fn settle_item(
    tx: &mut Tx,
    account: &AccountId,
    run: &RunId,
    settled: &Settled<'_>,
) -> Result<(), DbError> {
    if tx.gathers() {
        let invoice = settled.invoice.as_str();
        let row = json!({
            "run": run.as_str(), "invoice": invoice, "state": settled.state, "reason": settled.reason,
            "next": settled.next_attempt,
        });
        let put = Put {
            sql: SETTLE_ALL,
            scope: account.as_str(),
            id: format!("{run} {invoice}"),
            row,
            each: false,
        };
        return tx.put(put).await;
    }
    tx.execute(
        "UPDATE run_items SET state = $4, reason = $5, next_attempt = $6 \
         WHERE account_id = $1 AND run_id = $2 AND invoice_id = $3",
        binds![
            account.as_str(),
            run.as_str(),
            settled.invoice.as_str(),
            settled.state,
            &settled.reason,
            settled.next_attempt,
        ],
    )
    .await?;
    Ok(())
}

/// A part of a run's total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// In what.
    pub currency: String,
    /// See [`Item::state`].
    pub state: String,
    /// See [`Item::reason`].
    pub reason: String,
    /// How many invoices.
    pub count: i64,
    /// Their sum, minor units.
    pub amount: i64,
    /// The earliest next attempt among them, Unix seconds.
    pub next_attempt: Option<i64>,
}

/// A run's totals by currency, state and reason.
///
/// # Errors
/// When the database fails.
pub async fn sums(tx: &mut Tx, account: &AccountId, run: &RunId) -> Result<Vec<Sum>, DbError> {
    let rows = tx
        .query(
            "SELECT currency, state, reason, COUNT(*) AS count, CAST(SUM(amount) AS BIGINT) AS amount, \
             MIN(next_attempt) AS next_attempt FROM run_items \
             WHERE account_id = $1 AND run_id = $2 GROUP BY currency, state, reason ORDER BY currency, state, reason",
            binds![account.as_str(), run.as_str()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Sum {
                currency: row.text("currency")?,
                state: row.text("state")?,
                reason: row.text("reason")?,
                count: row.int("count")?,
                amount: row.int("amount")?,
                next_attempt: row.opt_int("next_attempt")?,
            })
        })
        .collect()
}

/// A page of a run's invoices, in the order of their ids, after `after`.
///
/// # Errors
/// When the database fails.
pub async fn items(
    tx: &mut Tx,
    account: &AccountId,
    run: &RunId,
    after: &str,
    limit: u32,
) -> Result<Vec<Item>, DbError> {
    let rows = tx
        .query(
            "SELECT invoice_id, customer_id, currency, amount, state, reason, next_attempt FROM run_items \
             WHERE account_id = $1 AND run_id = $2 AND invoice_id > $3 ORDER BY invoice_id LIMIT $4",
            binds![account.as_str(), run.as_str(), after, limit],
        )
        .await?;
    rows.iter().map(Item::from_row).collect()
}

/// The run of an account and a clock that takes more work, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn running(
    tx: &mut Tx,
    account: &AccountId,
    clock: &str,
) -> Result<Option<Versioned<Run>>, DbError> {
    let row = tx
        .query_opt(
            "SELECT version, doc FROM runs WHERE account_id = $1 AND clock_id = $2 AND state = 'running'",
            binds![account.as_str(), clock],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Whether outcomes of a run are still open.
///
/// # Errors
/// When the database fails.
pub async fn has_open_items(tx: &mut Tx, account: &AccountId, run: &RunId) -> Result<bool, DbError> {
    let row = tx
        .query_opt(
            "SELECT 1 AS one FROM run_items WHERE account_id = $1 AND run_id = $2 AND state = 'sent' LIMIT 1",
            binds![account.as_str(), run.as_str()],
        )
        .await?;
    Ok(row.is_some())
}

/// Runs that are not over, of all accounts: somebody has to finish them.
///
/// # Errors
/// When the database fails.
pub async fn unfinished(tx: &mut Tx, limit: u32) -> Result<Vec<(AccountId, RunId)>, DbError> {
    let rows = tx
        .query(
            "SELECT account_id, id FROM runs WHERE state <> 'finished' ORDER BY id LIMIT $1",
            binds![limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((AccountId::from_trusted(row.text("account_id")?), RunId::from_trusted(row.text("id")?)))
        })
        .collect()
}
