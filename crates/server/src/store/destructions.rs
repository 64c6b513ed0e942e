//! Numbers that the vault has still to destroy. A removal counts for the customer as soon as it is committed; the
//! vault is told right after it, and again until it has answered.

use onfile_core::ids::{AccountId, Id, PaymentMethodId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

/// A number that is to be destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub account: AccountId,
    /// Which method's.
    pub method: PaymentMethodId,
    /// How often it was put off.
    pub tries: i64,
}

/// Writes down that a method's number is to be destroyed.
///
/// # Errors
/// When the database fails.
pub async fn request(
    tx: &mut Tx,
    account: &AccountId,
    method: &PaymentMethodId,
    now_ms: i64,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO vault_destructions (account_id, payment_method_id, due, tries) VALUES ($1, $2, $3, 0) \
         ON CONFLICT (account_id, payment_method_id) DO NOTHING",
        binds![account.as_str(), method.as_str(), now_ms],
    )
    .await?;
    Ok(())
}

/// What is to be destroyed now, over all accounts; the longest due first.
///
/// # Errors
/// When the database fails.
pub async fn due(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<Vec<Due>, DbError> {
    let rows = tx
        .query(
            "SELECT account_id, payment_method_id, tries FROM vault_destructions WHERE due <= $1 \
             ORDER BY due, account_id, payment_method_id LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                account: AccountId::from_trusted(row.text("account_id")?),
                method: PaymentMethodId::from_trusted(row.text("payment_method_id")?),
                tries: row.int("tries")?,
            })
        })
        .collect()
}

/// Puts it off until `due`; once, when several processes have tried at the same time.
///
/// # Errors
/// When the database fails.
pub async fn put_off(tx: &mut Tx, of: &Due, due: i64) -> Result<(), DbError> {
    tx.execute(
        "UPDATE vault_destructions SET due = $3, tries = tries + 1 WHERE account_id = $1 AND payment_method_id = $2 \
         AND tries = $4",
        binds![of.account.as_str(), of.method.as_str(), due, of.tries],
    )
    .await?;
    Ok(())
}

/// The vault has destroyed it.
///
/// # Errors
/// When the database fails.
pub async fn done(tx: &mut Tx, of: &Due) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM vault_destructions WHERE account_id = $1 AND payment_method_id = $2",
        binds![of.account.as_str(), of.method.as_str()],
    )
    .await?;
    Ok(())
}
