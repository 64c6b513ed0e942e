//! Declines of cards, as long as networks count them.

use std::collections::HashMap;

use onfile_core::ids::{AccountId, Id, OperationId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};
use serde_json::{Value, json};

/// How many declines of each card are read, the newest first: several times what the tightest limits count.
const READ_MAX: u32 = 256;

/// A decline of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardDecline {
    /// In the customer's time, Unix seconds.
    pub at: i64,
    /// In which currency it was to be charged.
    pub currency: String,
    /// How much, minor units.
    pub amount: i64,
    /// Whether the network wants no further attempt after it.
    pub never: bool,
}

/// Writes a decline down, and forgets those of the same card from before `counted_from` (Unix seconds).
///
/// # Errors
/// When the database fails.
pub async fn note(
    tx: &mut Tx,
    account: &AccountId,
    number: &str,
    operation: &OperationId,
    decline: &CardDecline,
    counted_from: i64,
) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM card_declines WHERE account_id = $1 AND number = $2 AND at < $3",
        binds![account.as_str(), number, counted_from],
    )
    .await?;
    tx.execute(
        "INSERT INTO card_declines (account_id, number, at, operation_id, currency, amount, never) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, number, at, operation_id) DO NOTHING",
        binds![
            account.as_str(),
            number,
            decline.at,
            operation.as_str(),
            &decline.currency,
            decline.amount,
            i64::from(decline.never),
        ],
    )
    .await?;
    Ok(())
}

/// The declines of these cards, by card.
///
/// # Errors
/// When the database fails.
pub async fn of(
    tx: &mut Tx,
    account: &AccountId,
    numbers: &[&str],
) -> Result<HashMap<String, Vec<CardDecline>>, DbError> {
    let mut found: HashMap<String, Vec<CardDecline>> = HashMap::new();
    if numbers.is_empty() {
        return Ok(found);
    }
    let set: Value = numbers.iter().map(|number| json!({ "number": number })).collect();
    let rows = tx
        .query(
            "SELECT number, at, currency, amount, never FROM (SELECT number, at, currency, amount, never, \
             ROW_NUMBER() OVER (PARTITION BY number ORDER BY at DESC) AS place FROM card_declines \
             WHERE account_id = $1 AND number IN (SELECT r.value->>'number' FROM json_each($2) AS r)) AS newest \
             WHERE place <= $3",
            binds![account.as_str(), &set.to_string(), READ_MAX],
        )
        .await?;
    for row in &rows {
        found.entry(row.text("number")?).or_default().push(CardDecline {
            at: row.int("at")?,
            currency: row.text("currency")?,
            amount: row.int("amount")?,
            never: row.int("never")? != 0,
        });
    }
    Ok(found)
}
