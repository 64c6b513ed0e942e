//! Operations at processors: M1 (committed before sent), M2 (one open per debt) and M4 (counted for ever).

use onfile_core::attempts::Initiator;
use onfile_core::ids::{AccountId, Id, OperationId};
use onfile_core::operation::OperationState;
use onfile_service::binds;
use onfile_service::db::{DbError, Put, Row, Tx};
use serde_json::json;

use super::sets;
use crate::model::operation::{Kind, Operation, OperationDoc};

/// Inserts an operation as *sending*. The index `operations_one_open` refuses a second open one for the same debt.
///
/// # Errors
/// [`DbError::Duplicate`] when an operation of this debt is open.
pub async fn insert(
    tx: &mut Tx,
    account: &AccountId,
    operation: &Operation,
    check_at: i64,
) -> Result<(), DbError> {
    let doc = to_doc(&operation.doc)?;
    tx.execute(
        "INSERT INTO operations (account_id, id, debt_id, kind, state, initiator, counts_as_attempt, check_at, checks, \
         fingerprint, created, settled, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, NULL, $11)",
        binds![
            account.as_str(),
            operation.id.as_str(),
            operation.debt.as_str(),
            operation.kind.as_str(),
            operation.state.as_str(),
            operation.initiator.as_str(),
            operation.kind.is_attempt(),
            check_at,
            operation.fingerprint.as_deref(),
            operation.created,
            &doc,
        ],
    )
    .await?;
    Ok(())
}

/// Inserts operations as [`insert`] does, in one statement; `check_at` is the same for all.
///
/// # Errors
/// [`DbError::Duplicate`] when an operation of one of the debts is open: then none is inserted.
pub async fn insert_all(
    tx: &mut Tx,
    account: &AccountId,
    operations: &[Operation],
    check_at: i64,
) -> Result<(), DbError> {
    if operations.is_empty() {
        return Ok(());
    }
    let rows = operations.iter().map(|operation| {
        Ok(json!({
            "id": operation.id.as_str(),
            "debt": operation.debt,
            "kind": operation.kind.as_str(),
            "state": operation.state.as_str(),
            "initiator": operation.initiator.as_str(),
            "counts": i64::from(operation.kind.is_attempt()),
            "fingerprint": operation.fingerprint,
            "created": operation.created,
            "doc": to_doc(&operation.doc)?,
        }))
    });
    let rows = rows.collect::<Result<serde_json::Value, DbError>>()?.to_string();
    tx.execute(
        "INSERT INTO operations (account_id, id, debt_id, kind, state, initiator, counts_as_attempt, check_at, checks, \
         fingerprint, created, settled, doc) \
         SELECT $1, r.value->>'id', r.value->>'debt', r.value->>'kind', r.value->>'state', r.value->>'initiator', \
         CAST(r.value->>'counts' AS BIGINT), $3, 0, r.value->>'fingerprint', CAST(r.value->>'created' AS BIGINT), \
         NULL, r.value->>'doc' FROM json_each($2) AS r",
        binds![account.as_str(), &rows, check_at],
    )
    .await?;
    Ok(())
}

const LOCK: &str = "UPDATE operations SET checks = checks WHERE account_id = $1 AND id = $2 \
    RETURNING id, debt_id, kind, state, initiator, checks, fingerprint, created, doc";

const LOCK_ALL: &str = "UPDATE operations SET checks = checks WHERE account_id = $1 \
    AND id IN (SELECT r.value->>'id' FROM json_each($2) AS r) \
    RETURNING id, debt_id, kind, state, initiator, checks, fingerprint, created, doc";

/// Locks operations ahead, for [`lock`] in this transaction.
///
/// # Errors
/// When the database fails.
pub async fn lock_ahead(tx: &mut Tx, account: &AccountId, ids: &[&OperationId]) -> Result<(), DbError> {
    sets::ahead(tx, account, ids, LOCK, LOCK_ALL).await.map(drop)
}

/// Locks an operation until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, account: &AccountId, id: &OperationId) -> Result<Option<Operation>, DbError> {
    let row = match tx.take_ahead(LOCK, || sets::key(account, id)) {
        Some(row) => row,
        None => tx.query_opt(LOCK, binds![account.as_str(), id.as_str()]).await?,
    };
    row.as_ref().map(from_row).transpose()
}

const SAVE_ALL: &str = "WITH changes AS MATERIALIZED (SELECT r.value->>'id' AS id, r.value->>'state' AS state, \
    CAST(r.value->>'counts' AS BIGINT) AS counts, CAST(r.value->>'check_at' AS BIGINT) AS check_at, \
    CAST(r.value->>'checks' AS BIGINT) AS checks, CAST(r.value->>'settled' AS BIGINT) AS settled, \
    r.value->>'doc' AS doc FROM json_each($2) AS r) \
    UPDATE operations SET state = changes.state, counts_as_attempt = changes.counts, check_at = changes.check_at, \
    checks = changes.checks, settled = changes.settled, doc = changes.doc FROM changes \
    WHERE operations.account_id = $1 AND operations.id = changes.id";

/// Saves the outcome of an operation that was locked in this transaction. An attempt that never left us, or never
/// arrived, no longer counts (M4).
///
/// # Errors
/// When the database fails.
pub async fn save(
    tx: &mut Tx,
    account: &AccountId,
    operation: &Operation,
    now_ms: i64,
    check_at: i64,
) -> Result<(), DbError> {
    let doc = to_doc(&operation.doc)?;
    let settled = (!operation.state.is_open()).then_some(now_ms);
    let counts = operation.state.may_have_reached_issuer() && operation.kind.is_attempt();
    if tx.gathers() {
        let id = operation.id.as_str();
        let row = json!({
            "id": id, "state": operation.state.as_str(), "counts": i64::from(counts), "check_at": check_at,
            "checks": operation.checks, "settled": settled, "doc": doc,
        });
        let put = Put { sql: SAVE_ALL, scope: account.as_str(), id: id.to_owned(), row, each: true };
        return tx.put(put).await;
    }
    tx.execute(
        "UPDATE operations SET state = $3, counts_as_attempt = $4, check_at = $5, checks = $6, settled = $7, doc = $8 \
         WHERE account_id = $1 AND id = $2",
        binds![
            account.as_str(),
            operation.id.as_str(),
            operation.state.as_str(),
            counts,
            check_at,
            operation.checks,
            settled,
            &doc,
        ],
    )
    .await?;
    Ok(())
}

/// How many attempts of this debt reached, or may have reached, an issuer.
///
/// # Errors
/// When the database fails.
pub async fn attempts(
    tx: &mut Tx,
    account: &AccountId,
    debt: &str,
    initiator: Initiator,
) -> Result<u32, DbError> {
    let row = tx
        .query_one(
            "SELECT COUNT(*) AS n FROM operations \
             WHERE account_id = $1 AND debt_id = $2 AND initiator = $3 AND counts_as_attempt = 1",
            binds![account.as_str(), debt, initiator.as_str()],
        )
        .await?;
    Ok(u32::try_from(row.int("n")?).unwrap_or(u32::MAX))
}

/// How often this debt was presented to a bank, whoever started it: debits that came back count, what never arrived
/// does not.
///
/// # Errors
/// When the database fails.
pub async fn presentments(tx: &mut Tx, account: &AccountId, debt: &str) -> Result<u32, DbError> {
    let row = tx
        .query_one(
            "SELECT COUNT(*) AS n FROM operations \
             WHERE account_id = $1 AND debt_id = $2 AND kind = 'authorise' AND counts_as_attempt = 1",
            binds![account.as_str(), debt],
        )
        .await?;
    Ok(u32::try_from(row.int("n")?).unwrap_or(u32::MAX))
}

/// All operations of a debt, oldest first: the attempts as staff read them.
///
/// # Errors
/// When the database fails.
pub async fn of_debt(
    tx: &mut Tx,
    account: &AccountId,
    debt: &str,
    limit: u32,
) -> Result<Vec<Operation>, DbError> {
    let rows = tx
        .query(
            "SELECT id, debt_id, kind, state, initiator, checks, fingerprint, created, doc FROM operations \
             WHERE account_id = $1 AND debt_id = $2 ORDER BY id LIMIT $3",
            binds![account.as_str(), debt, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Accounts with operations whose outcome is to be looked up now. Read-only and over all accounts; what is claimed
/// is claimed account by account ([`claim_due`]).
///
/// # Errors
/// When the database fails.
pub async fn accounts_due(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<Vec<AccountId>, DbError> {
    let rows = tx
        .query(
            "SELECT DISTINCT account_id FROM operations \
             WHERE state IN ('sending', 'unknown') AND check_at <= $1 LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter().map(|row| Ok(AccountId::from_trusted(row.text("account_id")?))).collect()
}

/// Claims operations whose look-up is due: each is ours until `lease_until`, then anyone's again.
///
/// The outer test of `check_at` is no repetition: a second worker that waited for the row sees the new lease and
/// passes by.
///
/// # Errors
/// When the database fails.
pub async fn claim_due(
    tx: &mut Tx,
    account: &AccountId,
    now_ms: i64,
    lease_until: i64,
    limit: u32,
) -> Result<Vec<Operation>, DbError> {
    let rows = tx
        .query(
            "UPDATE operations SET check_at = $3 WHERE account_id = $1 AND check_at <= $2 \
             AND state IN ('sending', 'unknown') AND id IN (\
                SELECT id FROM operations WHERE account_id = $1 AND check_at <= $2 \
                AND state IN ('sending', 'unknown') ORDER BY check_at, id LIMIT $4) \
             RETURNING id, debt_id, kind, state, initiator, checks, fingerprint, created, doc",
            binds![account.as_str(), now_ms, lease_until, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Operation, DbError> {
    let word =
        |column: &str, what: &str| DbError::Inconsistent(format!("operations.{column} holds {what:?}"));
    let (kind, state, initiator) = (row.text("kind")?, row.text("state")?, row.text("initiator")?);
    let doc: OperationDoc =
        serde_json::from_str(&row.text("doc")?).map_err(|e| word("doc", &e.to_string()))?;
    Ok(Operation {
        id: OperationId::from_trusted(row.text("id")?),
        debt: row.text("debt_id")?,
        kind: Kind::parse(&kind).ok_or_else(|| word("kind", &kind))?,
        state: OperationState::parse(&state).ok_or_else(|| word("state", &state))?,
        initiator: Initiator::parse(&initiator).ok_or_else(|| word("initiator", &initiator))?,
        doc,
        fingerprint: row.opt_text("fingerprint")?,
        created: row.int("created")?,
        checks: row.int("checks")?,
    })
}

fn to_doc(doc: &OperationDoc) -> Result<String, DbError> {
    serde_json::to_string(doc).map_err(|e| DbError::Inconsistent(format!("an operation to store: {e}")))
}
