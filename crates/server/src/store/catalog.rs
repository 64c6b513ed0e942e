//! What the tables of products and prices are asked besides their objects.

use onfile_core::ids::{AccountId, Id, PriceId, ProductId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

/// Whether a product has prices, active or not.
///
/// # Errors
/// When the database fails.
pub async fn has_prices(tx: &mut Tx, account: &AccountId, product: &ProductId) -> Result<bool, DbError> {
    let found = tx
        .query_opt(
            "SELECT 1 AS one FROM prices WHERE account_id = $1 AND product_id = $2 LIMIT 1",
            binds![account.as_str(), product.as_str()],
        )
        .await?;
    Ok(found.is_some())
}

/// The active price that has a lookup key.
///
/// # Errors
/// When the database fails.
pub async fn holder(tx: &mut Tx, account: &AccountId, lookup_key: &str) -> Result<Option<PriceId>, DbError> {
    let found = tx
        .query_opt(
            "SELECT id FROM prices WHERE account_id = $1 AND lookup_key = $2 AND active = 1",
            binds![account.as_str(), lookup_key],
        )
        .await?;
    found.map(|row| row.text("id").map(PriceId::from_trusted)).transpose()
}
