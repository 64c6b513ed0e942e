//! Numbers that the vault has still to destroy. A removal counts for the customer as soon as it is committed; the
//! vault is told right after it, and again until it has answered.

use onfile_core::ids::{AccountId, Id, PaymentMethodId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

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
        "INSERT INTO vault_destructions (account_id, payment_method_id, due) VALUES ($1, $2, $3) \
         ON CONFLICT (account_id, payment_method_id) DO NOTHING",
        binds![account.as_str(), method.as_str(), now_ms],
    )
    .await?;
    Ok(())
}

/// What is to be destroyed now, over all accounts.
///
/// # Errors
/// When the database fails.
pub async fn due(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<Vec<(AccountId, PaymentMethodId)>, DbError> {
    let rows = tx
        .query(
            "SELECT account_id, payment_method_id FROM vault_destructions WHERE due <= $1 LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let account = AccountId::from_trusted(row.text("account_id")?);
            Ok((account, PaymentMethodId::from_trusted(row.text("payment_method_id")?)))
        })
        .collect()
}

/// The vault has destroyed it.
///
/// # Errors
/// When the database fails.
pub async fn done(tx: &mut Tx, account: &AccountId, method: &PaymentMethodId) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM vault_destructions WHERE account_id = $1 AND payment_method_id = $2",
        binds![account.as_str(), method.as_str()],
    )
    .await?;
    Ok(())
}
