//! The outbox of notices: written with the change that causes them, claimed by lease, settled by whoever claimed.

use data_encoding::HEXLOWER;
use onfile_core::ids::{AccountId, CustomerId, Id, NoticeId, PaymentIntentId};
use onfile_service::binds;
use onfile_service::db::{DbError, Put, Row, Tx};
use serde_json::json;

use crate::model::notice::{Notice, NoticeState};

/// Told of those whose customer was erased while they waited.
const ERASED: &str = "customer_erased";

/// A notice with its sealed content.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// What is kept in clear.
    pub notice: Notice,
    /// Address and words, under the customer's key.
    pub sealed: Vec<u8>,
}

const INSERT_ALL: &str = "INSERT INTO notices \
    (account_id, id, kind, customer_id, payment_intent_id, about, occasion, state, reason, attempts, due, settled, \
    sealed) SELECT $1, r.value->>'id', r.value->>'kind', r.value->>'customer', r.value->>'payment', \
    r.value->>'about', r.value->>'occasion', r.value->>'state', r.value->>'reason', \
    CAST(r.value->>'attempts' AS BIGINT), CAST(r.value->>'due' AS BIGINT), CAST(r.value->>'settled' AS BIGINT), \
    unhex(r.value->>'sealed') FROM json_each($2) AS r WHERE true \
    ON CONFLICT (account_id, kind, about, occasion) DO NOTHING";

/// Inserts a notice; answers false, and changes nothing, when the same was told before. A transaction that works on a set
/// learns of that only when it writes the set: then too nothing is changed.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, account: &AccountId, new: &Sealed, occasion: &str) -> Result<bool, DbError> {
    let it = &new.notice;
    if tx.gathers() {
        let id = it.id.as_str().to_owned();
        let row = json!({
            "id": id, "kind": it.kind, "customer": it.customer, "payment": it.payment, "about": it.about,
            "occasion": occasion, "state": it.state.as_str(), "reason": it.reason, "attempts": it.attempts,
            "due": it.due, "settled": it.settled, "sealed": HEXLOWER.encode(&new.sealed),
        });
        tx.put(Put { sql: INSERT_ALL, scope: account.as_str(), id, row, each: false }).await?;
        return Ok(true);
    }
    let rows = tx
        .execute(
            "INSERT INTO notices (account_id, id, kind, customer_id, payment_intent_id, about, occasion, state, reason, \
             attempts, due, settled, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (account_id, kind, about, occasion) DO NOTHING",
            binds![
                account.as_str(),
                it.id.as_str(),
                &it.kind,
                it.customer.as_ref().map(Id::as_str),
                it.payment.as_ref().map(Id::as_str),
                &it.about,
                occasion,
                it.state.as_str(),
                it.reason.as_deref(),
                it.attempts,
                it.due,
                it.settled,
                &new.sealed,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Accounts with notices that are to be sent now. Read-only and over all accounts; what is claimed is claimed account
/// by account ([`claim_due`]).
///
/// # Errors
/// When the database fails.
pub async fn accounts_due(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<Vec<AccountId>, DbError> {
    let rows = tx
        .query(
            "SELECT DISTINCT account_id FROM notices WHERE state IN ('queued', 'sending') AND due <= $1 LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter().map(|row| Ok(AccountId::from_trusted(row.text("account_id")?))).collect()
}

/// Claims notices that are due: each is ours until `lease_until`, then anyone's again. The claim counts as an attempt,
/// so that a notice which kills its sender comes to an end too.
///
/// The outer test of `due` is no repetition: a second worker that waited for the row sees the new lease and passes by.
///
/// # Errors
/// When the database fails.
pub async fn claim_due(
    tx: &mut Tx,
    account: &AccountId,
    now_ms: i64,
    lease_until: i64,
    limit: u32,
) -> Result<Vec<Sealed>, DbError> {
    let rows = tx
        .query(
            "UPDATE notices SET state = 'sending', due = $3, attempts = attempts + 1 \
             WHERE account_id = $1 AND due <= $2 AND state IN ('queued', 'sending') AND id IN (\
                SELECT id FROM notices WHERE account_id = $1 AND due <= $2 \
                AND state IN ('queued', 'sending') ORDER BY due, id LIMIT $4) \
             RETURNING id, kind, customer_id, payment_intent_id, about, state, reason, attempts, due, settled, sealed",
            binds![account.as_str(), now_ms, lease_until, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// What became of a notice, or when it is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Where it stands now.
    pub state: NoticeState,
    /// Why.
    pub reason: Option<String>,
    /// When it is due again, Unix milliseconds.
    pub due: i64,
}

/// Settles a notice that was claimed with this lease; answers false when the lease was somebody else's meanwhile, or the
/// notice came to an end without us.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    tx: &mut Tx,
    account: &AccountId,
    claimed: &Notice,
    outcome: &Outcome,
    now_ms: i64,
) -> Result<bool, DbError> {
    let settled = (outcome.state != NoticeState::Queued).then_some(now_ms);
    let rows = tx
        .execute(
            "UPDATE notices SET state = $4, reason = $5, due = $6, settled = $7 \
             WHERE account_id = $1 AND id = $2 AND state = 'sending' AND due = $3",
            binds![
                account.as_str(),
                claimed.id.as_str(),
                claimed.due,
                outcome.state.as_str(),
                outcome.reason.as_deref(),
                outcome.due,
                settled,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// A customer is being erased: what waits for them is not sent. What was sealed for them cannot be read once their key
/// is destroyed.
///
/// # Errors
/// When the database fails.
pub async fn suppress_for(
    tx: &mut Tx,
    account: &AccountId,
    customer: &CustomerId,
    now_ms: i64,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE notices SET state = 'suppressed', reason = $3, settled = $4 \
         WHERE account_id = $1 AND customer_id = $2 AND state IN ('queued', 'sending')",
        binds![account.as_str(), customer.as_str(), ERASED, now_ms],
    )
    .await?;
    Ok(())
}

/// Reads a row.
///
/// # Errors
/// When the database holds what it should not.
pub fn from_row(row: &Row) -> Result<Sealed, DbError> {
    let word = row.text("state")?;
    let state = NoticeState::parse(&word)
        .ok_or_else(|| DbError::Inconsistent(format!("notices.state holds {word:?}")))?;
    let notice = Notice {
        id: NoticeId::from_trusted(row.text("id")?),
        kind: row.text("kind")?,
        customer: row.opt_text("customer_id")?.map(CustomerId::from_trusted),
        payment: row.opt_text("payment_intent_id")?.map(PaymentIntentId::from_trusted),
        about: row.text("about")?,
        state,
        reason: row.opt_text("reason")?,
        attempts: row.int("attempts")?,
        due: row.int("due")?,
        settled: row.opt_int("settled")?,
    };
    Ok(Sealed { notice, sealed: row.bytes("sealed")? })
}
