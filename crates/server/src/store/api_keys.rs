//! API keys: only their digests are kept.

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Everything: for servers.
    Secret,
    /// What a customer's browser may do with an intent's client secret.
    Publishable,
}

impl KeyKind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Publishable => "publishable",
        }
    }
}

/// A key as it is shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLine {
    /// `secret` or `publishable`.
    pub kind: String,
    /// Its last four characters.
    pub hint: String,
    /// Unix milliseconds.
    pub created: i64,
    /// Unix milliseconds.
    pub revoked: Option<i64>,
}

/// Keeps a new key.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    account: &AccountId,
    digest: &[u8],
    kind: KeyKind,
    hint: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO api_keys (account_id, digest, kind, hint, created, revoked) VALUES ($1, $2, $3, $4, $5, NULL)",
        binds![account.as_str(), digest, kind.as_str(), hint, now_ms],
    )
    .await?;
    Ok(())
}

/// What a key that is not revoked may do.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, account: &AccountId, digest: &[u8]) -> Result<Option<KeyKind>, DbError> {
    let row = tx
        .query_opt(
            "SELECT kind FROM api_keys WHERE account_id = $1 AND digest = $2 AND revoked IS NULL",
            binds![account.as_str(), digest],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    match row.text("kind")?.as_str() {
        "secret" => Ok(Some(KeyKind::Secret)),
        "publishable" => Ok(Some(KeyKind::Publishable)),
        other => Err(DbError::Inconsistent(format!("api_keys.kind holds {other:?}"))),
    }
}

/// Revokes the keys that end with `hint`; answers how many there were.
///
/// # Errors
/// When the database fails.
pub async fn revoke(tx: &mut Tx, account: &AccountId, hint: &str, now_ms: i64) -> Result<u64, DbError> {
    let sql = "UPDATE api_keys SET revoked = $3 WHERE account_id = $1 AND hint = $2 AND revoked IS NULL";
    tx.execute(sql, binds![account.as_str(), hint, now_ms]).await
}

/// The newest keys of an account, for people.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, account: &AccountId, limit: u32) -> Result<Vec<KeyLine>, DbError> {
    let sql = "SELECT kind, hint, created, revoked FROM api_keys WHERE account_id = $1 ORDER BY created DESC LIMIT $2";
    let rows = tx.query(sql, binds![account.as_str(), limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(KeyLine {
                kind: row.text("kind")?,
                hint: row.text("hint")?,
                created: row.int("created")?,
                revoked: row.opt_int("revoked")?,
            })
        })
        .collect()
}
