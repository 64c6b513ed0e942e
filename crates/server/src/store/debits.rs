//! Bank debits that are waited for: pending ones, and settled ones that may still come back.

use onfile_core::ids::{AccountId, Id, OperationId};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};

use super::operations;
use crate::model::operation::Operation;

/// Which debits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// The processor has them and has not decided.
    Pending,
    /// They settled, and are watched.
    Settled,
}

/// From now on the debit is looked up until `until`.
///
/// # Errors
/// When the database fails.
pub async fn watch(
    tx: &mut Tx,
    account: &AccountId,
    operation: &OperationId,
    check_at: i64,
    until: i64,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO settled_debits (account_id, operation_id, check_at, until) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (account_id, operation_id) DO NOTHING",
        binds![account.as_str(), operation.as_str(), check_at, until],
    )
    .await?;
    Ok(())
}

/// The debit is no longer watched. Answers whether it was.
///
/// # Errors
/// When the database fails.
pub async fn unwatch(tx: &mut Tx, account: &AccountId, operation: &OperationId) -> Result<bool, DbError> {
    let sql = "DELETE FROM settled_debits WHERE account_id = $1 AND operation_id = $2";
    Ok(tx.execute(sql, binds![account.as_str(), operation.as_str()]).await? > 0)
}

/// Accounts with debits that are to be looked up now. Read-only and over all accounts.
///
/// # Errors
/// When the database fails.
pub async fn accounts_due(
    tx: &mut Tx,
    waiting: Waiting,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<AccountId>, DbError> {
    let sql = match waiting {
        Waiting::Pending => {
            "SELECT DISTINCT account_id FROM operations WHERE state = 'pending' AND check_at <= $1 LIMIT $2"
        }
        Waiting::Settled => "SELECT DISTINCT account_id FROM settled_debits WHERE check_at <= $1 LIMIT $2",
    };
    let rows = tx.query(sql, binds![now_ms, limit]).await?;
    rows.iter().map(|row| Ok(AccountId::from_trusted(row.text("account_id")?))).collect()
}

/// Claims debits whose look-up is due: nobody looks them up again before `next`. The outer test of `check_at` lets a
/// second worker that waited for a row pass by.
///
/// # Errors
/// When the database fails.
pub async fn claim_due(
    tx: &mut Tx,
    waiting: Waiting,
    account: &AccountId,
    now_ms: i64,
    next: i64,
    limit: u32,
) -> Result<Vec<Operation>, DbError> {
    let params = binds![account.as_str(), now_ms, next, limit];
    let rows = match waiting {
        Waiting::Pending => {
            tx.query(
                "UPDATE operations SET check_at = $3, checks = checks + 1 WHERE account_id = $1 AND check_at <= $2 \
                 AND state = 'pending' AND id IN (SELECT id FROM operations WHERE account_id = $1 \
                    AND check_at <= $2 AND state = 'pending' ORDER BY check_at, id LIMIT $4) RETURNING id",
                params,
            )
            .await?
        }
        Waiting::Settled => {
            let old = "DELETE FROM settled_debits WHERE account_id = $1 AND until <= $2";
            tx.execute(old, binds![account.as_str(), now_ms]).await?;
            tx.query(
                "UPDATE settled_debits SET check_at = $3 WHERE account_id = $1 AND check_at <= $2 \
                 AND operation_id IN (SELECT operation_id FROM settled_debits WHERE account_id = $1 \
                    AND check_at <= $2 ORDER BY check_at, operation_id LIMIT $4) RETURNING operation_id AS id",
                params,
            )
            .await?
        }
    };
    let mut claimed = Vec::with_capacity(rows.len());
    for id in rows.iter().map(id_of).collect::<Result<Vec<_>, _>>()? {
        claimed.extend(operations::lock(tx, account, &id).await?);
    }
    Ok(claimed)
}

fn id_of(row: &Row) -> Result<OperationId, DbError> {
    Ok(OperationId::from_trusted(row.text("id")?))
}
