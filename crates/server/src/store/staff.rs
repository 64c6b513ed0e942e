//! The merchant's staff, and one-time links by which they sign in.

use onfile_core::ids::{AccountId, Id, StaffId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

/// Finds a member of staff by e-mail address.
///
/// # Errors
/// When the database fails.
pub async fn by_email(tx: &mut Tx, account: &AccountId, email: &str) -> Result<Option<StaffId>, DbError> {
    let sql = "SELECT id FROM staff WHERE account_id = $1 AND email = $2";
    let row = tx.query_opt(sql, binds![account.as_str(), email]).await?;
    row.map(|row| row.text("id").map(StaffId::from_trusted)).transpose()
}

/// Adds a member of staff.
///
/// # Errors
/// [`DbError::Duplicate`] when the address is taken.
pub async fn insert(
    tx: &mut Tx,
    account: &AccountId,
    id: &StaffId,
    email: &str,
    role: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO staff (account_id, id, email, role, created) VALUES ($1, $2, $3, $4, $5)",
        binds![account.as_str(), id.as_str(), email, role, now_ms],
    )
    .await?;
    Ok(())
}

/// Whether this account has any staff. Its links do not tell: they are forgotten once they are used.
///
/// # Errors
/// When the database fails.
pub async fn has_members(tx: &mut Tx, account: &AccountId) -> Result<bool, DbError> {
    let sql = "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM staff WHERE account_id = $1 LIMIT 1) AS s";
    Ok(tx.query_one(sql, binds![account.as_str()]).await?.int("n")? > 0)
}

/// Keeps a one-time link, by the digest of its code.
///
/// # Errors
/// When the database fails.
pub async fn insert_link(
    tx: &mut Tx,
    account: &AccountId,
    digest: &[u8],
    subject: &str,
    expires_ms: i64,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO sign_ins (account_id, digest, subject, expires, used) VALUES ($1, $2, $3, $4, NULL)",
        binds![account.as_str(), digest, subject, expires_ms],
    )
    .await?;
    Ok(())
}
