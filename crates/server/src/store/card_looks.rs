//! Which agreements are to be looked at for a card that ends before its next charge.
//!
//! The time of the next look is set back by every change of the agreement, and written by whoever looked.

use onfile_core::ids::{AccountId, Id, SubscriptionId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};
use serde_json::{Value, json};

use super::objects::{Versioned, from_row};
use crate::model::subscription::Subscription;

/// Whose customers, and in which time: an account, with a clock's id or [`super::agreements::REAL_TIME`], and what
/// time it is there, Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The clock.
    pub clock: String,
    /// Now.
    pub now_ms: i64,
}

/// Places with agreements to look at. Read-only and over all accounts.
///
/// # Errors
/// When the database fails.
pub async fn places(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<Vec<Place>, DbError> {
    let rows = tx
        .query(
            "SELECT account_id, clock_id, $1 AS now_ms FROM subscriptions \
             WHERE clock_id = '' AND card_look <= $1 AND card_look IS NOT NULL AND parked IS NULL AND next_due > $1 \
             UNION SELECT c.account_id, c.id AS clock_id, c.now_ms FROM test_clocks AS c WHERE EXISTS (\
                SELECT 1 FROM subscriptions AS s WHERE s.account_id = c.account_id AND s.clock_id = c.id \
                AND s.card_look <= c.now_ms AND s.card_look IS NOT NULL AND s.parked IS NULL \
                AND s.next_due > c.now_ms) LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let account = AccountId::from_trusted(row.text("account_id")?);
            Ok(Place { account, clock: row.text("clock_id")?, now_ms: row.int("now_ms")? })
        })
        .collect()
}

/// Agreements of a place that are to be looked at. What is due already is left to the run that bills it.
///
/// # Errors
/// When the database fails.
pub async fn to_look(
    tx: &mut Tx,
    place: &Place,
    limit: u32,
) -> Result<Vec<Versioned<Subscription>>, DbError> {
    let rows = tx
        .query(
            "SELECT version, doc FROM subscriptions WHERE account_id = $1 AND clock_id = $2 AND card_look <= $3 \
             AND card_look IS NOT NULL AND parked IS NULL AND next_due > $3 ORDER BY card_look, id LIMIT $4",
            binds![place.account.as_str(), &place.clock, place.now_ms, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// An agreement that was looked at.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Which.
    pub id: SubscriptionId,
    /// In which version.
    pub version: i64,
    /// When it is to be looked at next, Unix milliseconds of its customer's time.
    pub next_ms: i64,
}

/// Writes when they are looked at next. One that was changed meanwhile stays as it is: it is looked at again.
///
/// # Errors
/// When the database fails.
pub async fn looked(tx: &mut Tx, account: &AccountId, looked: &[Looked]) -> Result<(), DbError> {
    let row = |it: &Looked| json!({ "id": it.id.as_str(), "version": it.version, "next": it.next_ms });
    let set: Value = looked.iter().map(row).collect();
    tx.execute(
        // As with every set that is saved: read once, then each row found by its key. The version is no part of the join,
        // for which SQLite would go through all of the account.
        "WITH looks AS MATERIALIZED (SELECT r.value->>'id' AS id, CAST(r.value->>'next' AS BIGINT) AS next, \
         CAST(r.value->>'version' AS BIGINT) AS version FROM json_each($2) AS r) \
         UPDATE subscriptions SET card_look = \
         CASE WHEN subscriptions.version = looks.version THEN looks.next ELSE subscriptions.card_look END \
         FROM looks WHERE subscriptions.account_id = $1 AND subscriptions.id = looks.id",
        binds![account.as_str(), &set.to_string()],
    )
    .await?;
    Ok(())
}
