//! What coupons and codes are asked besides their objects.

use onfile_core::ids::{AccountId, CouponId, CustomerId, Id, PromotionCodeId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

/// Deletes a coupon that was locked in this transaction.
///
/// # Errors
/// [`DbError::Inconsistent`] when it is gone.
pub async fn delete_coupon(tx: &mut Tx, account: &AccountId, coupon: &CouponId) -> Result<(), DbError> {
    let deleted = tx
        .execute(
            "DELETE FROM coupons WHERE account_id = $1 AND id = $2",
            binds![account.as_str(), coupon.as_str()],
        )
        .await?;
    match deleted {
        1 => Ok(()),
        n => Err(DbError::Inconsistent(format!("{n} rows deleted for {coupon}"))),
    }
}

/// The active code that is spelt like this, for a customer (empty for everybody).
///
/// # Errors
/// When the database fails.
pub async fn holder(
    tx: &mut Tx,
    account: &AccountId,
    key: &str,
    customer: &str,
) -> Result<Option<PromotionCodeId>, DbError> {
    let found = tx
        .query_opt(
            "SELECT id FROM promotion_codes WHERE account_id = $1 AND code_key = $2 AND customer_id = $3 AND active = 1",
            binds![account.as_str(), key, customer],
        )
        .await?;
    found.map(|row| Ok(PromotionCodeId::from_trusted(row.text("id")?))).transpose()
}

/// Whether a customer has ever paid anything: a charge that was captured, or an invoice. A pattern cannot be met by a
/// merchant's own text, in which JSON escapes the quotation marks.
///
/// # Errors
/// When the database fails.
pub async fn has_paid(tx: &mut Tx, account: &AccountId, customer: &CustomerId) -> Result<bool, DbError> {
    let found = tx
        .query_opt(
            "SELECT 1 AS one WHERE EXISTS (\
                SELECT 1 FROM charges WHERE account_id = $1 AND customer_id = $2 AND doc LIKE '%\"captured\":true%') \
             OR EXISTS (SELECT 1 FROM invoices WHERE account_id = $1 AND customer_id = $2 AND status = 'paid')",
            binds![account.as_str(), customer.as_str()],
        )
        .await?;
    Ok(found.is_some())
}
