//! Accounts, their publishable keys and their origins.

use onfile_core::ids::{AccountId, Id};
use onfile_core::vault_contract::PutAccount;
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

use crate::accounts::Account;

/// Makes the account what `put` says; keys and origins that it does not name are gone.
pub async fn replace(tx: &mut Tx, put: &PutAccount, now_ms: i64) -> Result<(), DbError> {
    let account = put.account.as_str();
    tx.execute(
        "INSERT INTO accounts (account_id, name, livemode, updated_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, livemode = excluded.livemode, \
         updated_at = excluded.updated_at",
        binds![account, &put.name, put.livemode, now_ms],
    )
    .await?;
    tx.execute("DELETE FROM publishable_keys WHERE account_id = $1", binds![account]).await?;
    tx.execute("DELETE FROM origins WHERE account_id = $1", binds![account]).await?;
    for key in &put.publishable_keys {
        tx.execute(
            "INSERT INTO publishable_keys (account_id, key) VALUES ($1, $2) ON CONFLICT (account_id, key) DO NOTHING",
            binds![account, key],
        )
        .await?;
    }
    for origin in &put.origins {
        tx.execute(
            "INSERT INTO origins (account_id, origin) VALUES ($1, $2) ON CONFLICT (account_id, origin) DO NOTHING",
            binds![account, origin],
        )
        .await?;
    }
    Ok(())
}

/// The account with this id.
pub async fn load(tx: &mut Tx, id: &str) -> Result<Option<Account>, DbError> {
    let found = tx.query_opt("SELECT name, livemode FROM accounts WHERE account_id = $1", binds![id]).await?;
    let Some(row) = found else { return Ok(None) };
    let keys =
        tx.query("SELECT key FROM publishable_keys WHERE account_id = $1 ORDER BY key", binds![id]).await?;
    let origins =
        tx.query("SELECT origin FROM origins WHERE account_id = $1 ORDER BY origin", binds![id]).await?;
    Ok(Some(Account {
        id: AccountId::from_trusted(id.to_owned()),
        name: row.text("name")?,
        livemode: row.bool("livemode")?,
        publishable_keys: keys.iter().map(|row| row.text("key")).collect::<Result<_, _>>()?,
        origins: origins.iter().map(|row| row.text("origin")).collect::<Result<_, _>>()?,
    }))
}

/// Whether any account registered this origin.
pub async fn any_has_origin(tx: &mut Tx, origin: &str) -> Result<bool, DbError> {
    let rows = tx.query("SELECT account_id FROM origins WHERE origin = $1 LIMIT 1", binds![origin]).await?;
    Ok(!rows.is_empty())
}
