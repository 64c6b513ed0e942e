//! Requests to processors that may have had an effect: committed as sent before they leave (M1).

use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

/// What is known of an order.
#[derive(Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// SHA-256 of the order.
    pub request_hash: Vec<u8>,
    /// Whether a security code went, or may have gone, along.
    pub carried_cvc: bool,
    /// Status and scrubbed body, once the processor answered.
    pub answer: Option<(u16, String)>,
}

/// The order of this operation.
pub async fn find(tx: &mut Tx, account: &str, operation: &str) -> Result<Option<OrderRow>, DbError> {
    let row = tx
        .query_opt(
            "SELECT request_hash, carried_cvc, status, answer FROM orders WHERE account_id = $1 AND operation_id = $2",
            binds![account, operation],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let status = row.opt_int("status")?.map(u16::try_from).transpose();
    let status = status.map_err(|_| DbError::Inconsistent("orders.status is no HTTP status".into()))?;
    Ok(Some(OrderRow {
        request_hash: row.bytes("request_hash")?,
        carried_cvc: row.bool("carried_cvc")?,
        answer: status.zip(row.opt_text("answer")?),
    }))
}

/// Records the first sending of an order that is about to leave.
///
/// # Errors
/// [`DbError::Duplicate`] when there is a record for this operation.
pub async fn insert_sent(
    tx: &mut Tx,
    (account, operation): (&str, &str),
    request_hash: &[u8],
    carried_cvc: bool,
    now_ms: i64,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO orders (account_id, operation_id, request_hash, carried_cvc, sendings, sent_at) \
         VALUES ($1, $2, $3, $4, 1, $5)",
        binds![account, operation, request_hash, carried_cvc, now_ms],
    )
    .await?;
    Ok(())
}

/// Records that an unanswered order is about to leave again. False when it was answered or undone meanwhile.
pub async fn count_sending(tx: &mut Tx, account: &str, operation: &str) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "UPDATE orders SET sendings = sendings + 1 \
             WHERE account_id = $1 AND operation_id = $2 AND answered_at IS NULL AND carried_cvc = 0",
            binds![account, operation],
        )
        .await?;
    Ok(changed == 1)
}

/// Removes the record of an order whose only sending did not leave. False when another sending was recorded since.
pub async fn delete_unsent(tx: &mut Tx, account: &str, operation: &str) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "DELETE FROM orders WHERE account_id = $1 AND operation_id = $2 AND answered_at IS NULL AND sendings = 1",
            binds![account, operation],
        )
        .await?;
    Ok(changed == 1)
}

/// Records the processor's answer. False when one was recorded before; that one stays.
pub async fn record_answer(
    tx: &mut Tx,
    (account, operation): (&str, &str),
    status: u16,
    answer: &str,
    now_ms: i64,
) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "UPDATE orders SET answered_at = $3, status = $4, answer = $5 \
             WHERE account_id = $1 AND operation_id = $2 AND answered_at IS NULL",
            binds![account, operation, now_ms, u32::from(status), answer],
        )
        .await?;
    Ok(changed == 1)
}
