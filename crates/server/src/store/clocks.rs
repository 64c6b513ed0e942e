//! Test clocks that move, and who moves them.

use onfile_core::ids::{AccountId, Id, TestClockId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

use crate::app::App;

/// Takes a clock that is to move, unless somebody else has it.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    app: &App,
    account: &AccountId,
    id: &TestClockId,
    lease_until: i64,
) -> Result<bool, DbError> {
    let mut tx = app.db.begin().await?;
    let taken = tx
        .execute(
            "UPDATE test_clocks SET lease_until = $3 \
             WHERE account_id = $1 AND id = $2 AND status = 'advancing' AND lease_until <= $4",
            binds![account.as_str(), id.as_str(), lease_until, app.now_ms()],
        )
        .await?;
    tx.commit().await?;
    Ok(taken == 1)
}

/// Keeps a clock for longer. False when somebody else has it by now.
///
/// # Errors
/// When the database fails.
pub async fn extend(
    tx: &mut Tx,
    account: &AccountId,
    id: &TestClockId,
    held_until: i64,
    lease_until: i64,
) -> Result<bool, DbError> {
    let kept = tx
        .execute(
            "UPDATE test_clocks SET lease_until = $4 WHERE account_id = $1 AND id = $2 AND lease_until = $3",
            binds![account.as_str(), id.as_str(), held_until, lease_until],
        )
        .await?;
    Ok(kept == 1)
}

/// Gives a clock that has arrived back.
///
/// # Errors
/// When the database fails.
pub async fn release(tx: &mut Tx, account: &AccountId, id: &TestClockId) -> Result<(), DbError> {
    tx.execute(
        "UPDATE test_clocks SET lease_until = 0 WHERE account_id = $1 AND id = $2",
        binds![account.as_str(), id.as_str()],
    )
    .await?;
    Ok(())
}

/// Clocks that are to move and that nobody moves.
///
/// # Errors
/// When the database fails.
pub async fn abandoned(
    tx: &mut Tx,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<(AccountId, TestClockId)>, DbError> {
    let rows = tx
        .query(
            "SELECT account_id, id FROM test_clocks WHERE status = 'advancing' AND lease_until <= $1 \
             ORDER BY account_id, id LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let id = TestClockId::from_trusted(row.text("id")?);
            Ok((AccountId::from_trusted(row.text("account_id")?), id))
        })
        .collect()
}
