//! Webhook endpoints' secrets, and how far each endpoint has come.

use onfile_core::ids::{AccountId, Id, WebhookEndpointId};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};
use onfile_service::seal::Aad;
use onfile_service::secret::Secret;

use crate::keys::Keys;
use crate::model::webhook_endpoint::WebhookEndpoint;
use crate::store::objects::from_row;

/// How many secrets sign at the same time: the newest, and the one before it while it is valid.
const SECRETS_MAX: u32 = 2;

/// How many endpoints an account has.
///
/// # Errors
/// When the database fails.
pub async fn count(tx: &mut Tx, account: &AccountId) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) AS endpoints FROM webhook_endpoints WHERE account_id = $1";
    tx.query_one(sql, binds![account.as_str()]).await?.int("endpoints")
}

/// Removes an endpoint with its secrets and its cursor. What was logged of its deliveries stays.
///
/// # Errors
/// When the database fails.
pub async fn remove(tx: &mut Tx, account: &AccountId, id: &WebhookEndpointId) -> Result<(), DbError> {
    stop(tx, account, id).await?;
    for sql in [
        "DELETE FROM webhook_secrets WHERE account_id = $1 AND endpoint_id = $2",
        "DELETE FROM webhook_endpoints WHERE account_id = $1 AND id = $2",
    ] {
        tx.execute(sql, binds![account.as_str(), id.as_str()]).await?;
    }
    Ok(())
}

/// Adds a secret, the newest. The one before it goes on to sign until `old_expires`; older ones end.
///
/// # Errors
/// When the database fails.
pub async fn add_secret(
    tx: &mut Tx,
    keys: &Keys,
    account: &AccountId,
    id: &WebhookEndpointId,
    secret: &Secret,
    old_expires: i64,
) -> Result<(), DbError> {
    let row = tx
        .query_one(
            "SELECT COALESCE(MAX(generation), 0) AS newest FROM webhook_secrets \
             WHERE account_id = $1 AND endpoint_id = $2",
            binds![account.as_str(), id.as_str()],
        )
        .await?;
    let newest = row.int("newest")?;
    tx.execute(
        "DELETE FROM webhook_secrets WHERE account_id = $1 AND endpoint_id = $2 AND generation < $3",
        binds![account.as_str(), id.as_str(), newest],
    )
    .await?;
    tx.execute(
        "UPDATE webhook_secrets SET expires = $3 WHERE account_id = $1 AND endpoint_id = $2",
        binds![account.as_str(), id.as_str(), old_expires],
    )
    .await?;
    let sealed = keys.seal(&aad(account, id, newest + 1), secret.expose_secret().as_bytes())?;
    tx.execute(
        "INSERT INTO webhook_secrets (account_id, endpoint_id, generation, sealed, expires) \
         VALUES ($1, $2, $3, $4, NULL)",
        binds![account.as_str(), id.as_str(), newest + 1, &sealed],
    )
    .await?;
    Ok(())
}

/// The secrets that sign now, the newest first.
///
/// # Errors
/// When the database fails, or one does not open.
pub async fn secrets(
    tx: &mut Tx,
    keys: &Keys,
    account: &AccountId,
    id: &WebhookEndpointId,
    now_ms: i64,
) -> Result<Vec<Secret>, DbError> {
    let rows = tx
        .query(
            "SELECT generation, sealed FROM webhook_secrets WHERE account_id = $1 AND endpoint_id = $2 \
             AND (expires IS NULL OR expires > $3) ORDER BY generation DESC LIMIT $4",
            binds![account.as_str(), id.as_str(), now_ms, SECRETS_MAX],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let plain = keys.open_sealed(&aad(account, id, row.int("generation")?), &row.bytes("sealed")?)?;
            let text = String::from_utf8(plain)
                .map_err(|_| DbError::Inconsistent("a webhook secret that is not text".into()))?;
            Ok(Secret::new(text))
        })
        .collect()
}

fn aad(account: &AccountId, id: &WebhookEndpointId, generation: i64) -> Aad {
    let record = format!("{id}/{generation}");
    Aad::new(&[("account", account.as_str()), ("record", &record), ("field", "webhook_secrets.sealed")])
}

/// Lets an endpoint hear of what comes after `position`.
///
/// # Errors
/// When the database fails.
pub async fn start(
    tx: &mut Tx,
    account: &AccountId,
    id: &WebhookEndpointId,
    position: i64,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO webhook_cursors (account_id, endpoint_id, position, rest_until, retry_at, failures, \
         failing_since, lease, lease_until) VALUES ($1, $2, $3, 0, NULL, 0, NULL, '', 0) \
         ON CONFLICT (account_id, endpoint_id) DO NOTHING",
        binds![account.as_str(), id.as_str(), position],
    )
    .await?;
    Ok(())
}

/// Stops sending to an endpoint; what waits to be tried again is not.
///
/// # Errors
/// When the database fails.
pub async fn stop(tx: &mut Tx, account: &AccountId, id: &WebhookEndpointId) -> Result<(), DbError> {
    for sql in [
        "DELETE FROM webhook_cursors WHERE account_id = $1 AND endpoint_id = $2",
        "UPDATE webhook_deliveries SET state = 'failed', next_try = NULL \
         WHERE account_id = $1 AND endpoint_id = $2 AND state = 'pending'",
    ] {
        tx.execute(sql, binds![account.as_str(), id.as_str()]).await?;
    }
    Ok(())
}

/// How far an endpoint has come, and how it fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whose.
    pub account: AccountId,
    /// Which endpoint's.
    pub endpoint: WebhookEndpointId,
    /// Every event up to this number was tried or is not wanted.
    pub position: i64,
    /// It is sent no further events before this moment, Unix milliseconds.
    pub rest_until: i64,
    /// When its next failed delivery is due, Unix milliseconds.
    pub retry_at: Option<i64>,
    /// Tries in a row that failed.
    pub failures: i64,
    /// Since when nothing has arrived, Unix milliseconds.
    pub failing_since: Option<i64>,
    /// Who sends.
    pub lease: String,
}

/// Endpoints that have something to be sent and that nobody is sending to; over all accounts, the longest unattended
/// first.
///
/// # Errors
/// When the database fails.
pub async fn due(
    tx: &mut Tx,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<(AccountId, WebhookEndpointId)>, DbError> {
    let rows = tx
        .query(
            "SELECT c.account_id AS account_id, c.endpoint_id AS endpoint_id FROM webhook_cursors c \
             LEFT JOIN event_heads h ON h.account_id = c.account_id \
             WHERE c.lease_until <= $1 AND ((c.rest_until <= $1 AND c.position < h.last) OR c.retry_at <= $1) \
             ORDER BY c.lease_until, c.account_id, c.endpoint_id LIMIT $2",
            binds![now_ms, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let account = AccountId::from_trusted(row.text("account_id")?);
            Ok((account, WebhookEndpointId::from_trusted(row.text("endpoint_id")?)))
        })
        .collect()
}

/// Takes the lease of an endpoint; none when somebody has it, or the endpoint was disabled.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    of: &(AccountId, WebhookEndpointId),
    lease: &str,
    now_ms: i64,
    until: i64,
) -> Result<Option<Cursor>, DbError> {
    let row = tx
        .query_opt(
            "UPDATE webhook_cursors SET lease = $3, lease_until = $5 \
             WHERE account_id = $1 AND endpoint_id = $2 AND lease_until <= $4 \
             RETURNING account_id, endpoint_id, position, rest_until, retry_at, failures, failing_since, lease",
            binds![of.0.as_str(), of.1.as_str(), lease, now_ms, until],
        )
        .await?;
    row.as_ref().map(cursor).transpose()
}

/// Writes down how far the holder of the lease has come and gives the lease back. False when it is not the holder's any
/// more: then nothing of what it did may be written.
///
/// # Errors
/// When the database fails.
pub async fn hand_back(tx: &mut Tx, cursor: &Cursor, now_ms: i64) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "UPDATE webhook_cursors SET position = $4, rest_until = $5, failures = $6, failing_since = $7, \
             lease = '', lease_until = $8 WHERE account_id = $1 AND endpoint_id = $2 AND lease = $3",
            binds![
                cursor.account.as_str(),
                cursor.endpoint.as_str(),
                &cursor.lease,
                cursor.position,
                cursor.rest_until,
                cursor.failures,
                cursor.failing_since,
                now_ms,
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Sets when the next failed delivery is due, after deliveries were written; false when the endpoint is not sent
/// anything.
///
/// # Errors
/// When the database fails.
pub async fn schedule(tx: &mut Tx, account: &AccountId, id: &WebhookEndpointId) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "UPDATE webhook_cursors SET retry_at = (SELECT MIN(d.next_try) FROM webhook_deliveries d \
             WHERE d.account_id = $1 AND d.endpoint_id = $2 AND d.state = 'pending') \
             WHERE account_id = $1 AND endpoint_id = $2",
            binds![account.as_str(), id.as_str()],
        )
        .await?;
    Ok(changed == 1)
}

/// The cursor of an endpoint; none when it is disabled.
///
/// # Errors
/// When the database fails.
pub async fn load(
    tx: &mut Tx,
    account: &AccountId,
    id: &WebhookEndpointId,
) -> Result<Option<Cursor>, DbError> {
    let row = tx
        .query_opt(
            "SELECT account_id, endpoint_id, position, rest_until, retry_at, failures, failing_since, lease \
             FROM webhook_cursors WHERE account_id = $1 AND endpoint_id = $2",
            binds![account.as_str(), id.as_str()],
        )
        .await?;
    row.as_ref().map(cursor).transpose()
}

/// An account's enabled endpoints, each with its position.
///
/// # Errors
/// When the database fails.
pub async fn enabled(tx: &mut Tx, account: &AccountId) -> Result<Vec<(WebhookEndpoint, i64)>, DbError> {
    let rows = tx
        .query(
            "SELECT e.version AS version, e.doc AS doc, c.position AS position FROM webhook_cursors c \
             JOIN webhook_endpoints e ON e.account_id = c.account_id AND e.id = c.endpoint_id \
             WHERE c.account_id = $1",
            binds![account.as_str()],
        )
        .await?;
    rows.iter().map(|row| Ok((from_row::<WebhookEndpoint>(row)?.object, row.int("position")?))).collect()
}

fn cursor(row: &Row) -> Result<Cursor, DbError> {
    Ok(Cursor {
        account: AccountId::from_trusted(row.text("account_id")?),
        endpoint: WebhookEndpointId::from_trusted(row.text("endpoint_id")?),
        position: row.int("position")?,
        rest_until: row.int("rest_until")?,
        retry_at: row.opt_int("retry_at")?,
        failures: row.int("failures")?,
        failing_since: row.opt_int("failing_since")?,
        lease: row.text("lease")?,
    })
}
