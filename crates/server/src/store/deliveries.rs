//! The log of deliveries: one row per event and endpoint, written after the first try.

use std::collections::HashMap;

use onfile_core::ids::{AccountId, CustomerId, EventId, Id, WebhookDeliveryId, WebhookEndpointId};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};
use onfile_service::seal::Aad;

use crate::app::App;
use crate::keys::open_under;
use crate::model::webhook_delivery::{DeliveryState, Try, WebhookDelivery};

/// An event on the way, as much of it as is needed to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub sequence: i64,
    /// Which event.
    pub event: EventId,
    /// Its type.
    pub kind: String,
    /// Which object it is about.
    pub object_id: String,
}

/// Events after a number that an endpoint has not been tried with, in order.
///
/// # Errors
/// When the database fails.
pub async fn waiting(
    tx: &mut Tx,
    account: &AccountId,
    endpoint: &WebhookEndpointId,
    after: i64,
    limit: u32,
) -> Result<Vec<Waiting>, DbError> {
    let rows = tx
        .query(
            "SELECT o.sequence AS sequence, e.id AS id, e.type AS type, e.object_id AS object_id \
             FROM event_order o JOIN events e ON e.account_id = o.account_id AND e.id = o.event_id \
             WHERE o.account_id = $1 AND o.sequence > $2 AND NOT EXISTS (\
             SELECT 1 FROM webhook_deliveries d WHERE d.account_id = $1 AND d.event_id = o.event_id \
             AND d.endpoint_id = $3) ORDER BY o.sequence LIMIT $4",
            binds![account.as_str(), after, endpoint.as_str(), limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Waiting {
                sequence: row.int("sequence")?,
                event: EventId::from_trusted(row.text("id")?),
                kind: row.text("type")?,
                object_id: row.text("object_id")?,
            })
        })
        .collect()
}

/// Deliveries of an endpoint that are to be tried again now, the longest due first.
///
/// # Errors
/// When the database fails, or what is sealed does not open.
pub async fn due(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    endpoint: &WebhookEndpointId,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<WebhookDelivery>, DbError> {
    let rows = tx
        .query(
            "SELECT id, endpoint_id, event_id, key_id, state, next_try, give_up, created, doc, sealed \
             FROM webhook_deliveries WHERE account_id = $1 AND endpoint_id = $2 AND state = 'pending' \
             AND next_try <= $3 ORDER BY next_try, id LIMIT $4",
            binds![account.as_str(), endpoint.as_str(), now_ms, limit],
        )
        .await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        all.push(from_row(tx, app, account, row).await?);
    }
    Ok(all)
}

/// Loads a delivery and locks it until the transaction ends.
///
/// # Errors
/// As [`due`].
pub async fn lock(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    id: &WebhookDeliveryId,
) -> Result<Option<WebhookDelivery>, DbError> {
    let row = tx
        .query_opt(
            "UPDATE webhook_deliveries SET state = state WHERE account_id = $1 AND id = $2 \
             RETURNING id, endpoint_id, event_id, key_id, state, next_try, give_up, created, doc, sealed",
            binds![account.as_str(), id.as_str()],
        )
        .await?;
    match row {
        Some(row) => from_row(tx, app, account, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Loads a delivery.
///
/// # Errors
/// As [`due`].
pub async fn load(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    id: &WebhookDeliveryId,
) -> Result<Option<WebhookDelivery>, DbError> {
    let row = tx
        .query_opt(
            "SELECT id, endpoint_id, event_id, key_id, state, next_try, give_up, created, doc, sealed \
             FROM webhook_deliveries WHERE account_id = $1 AND id = $2",
            binds![account.as_str(), id.as_str()],
        )
        .await?;
    match row {
        Some(row) => from_row(tx, app, account, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Writes a delivery as it is now, whether or not it was there.
///
/// # Errors
/// When the database fails.
pub async fn save(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    delivery: &WebhookDelivery,
) -> Result<(), DbError> {
    let doc = serde_json::to_string(&delivery.tries).map_err(unreadable)?;
    let sealed = seal(tx, app, account, delivery).await?;
    tx.execute(
        "INSERT INTO webhook_deliveries (account_id, id, endpoint_id, event_id, key_id, state, next_try, give_up, \
         created, doc, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (account_id, id) DO UPDATE SET state = $6, next_try = $7, give_up = $8, doc = $10, sealed = $11",
        binds![
            account.as_str(),
            delivery.id.as_str(),
            delivery.endpoint.as_str(),
            delivery.event.as_str(),
            &delivery.key_id,
            delivery.state.as_str(),
            delivery.next_try,
            delivery.give_up,
            delivery.created,
            &doc,
            &sealed,
        ],
    )
    .await?;
    Ok(())
}

/// How many deliveries of each event wait to be tried again, of events whose ids lie between these two.
///
/// # Errors
/// When the database fails.
pub async fn pending_between(
    tx: &mut Tx,
    account: &AccountId,
    first: &str,
    last: &str,
) -> Result<HashMap<String, i64>, DbError> {
    let rows = tx
        .query(
            "SELECT event_id, COUNT(*) AS waiting FROM webhook_deliveries WHERE account_id = $1 AND event_id >= $2 \
             AND event_id <= $3 AND state = 'pending' GROUP BY event_id",
            binds![account.as_str(), first, last],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text("event_id")?, row.int("waiting")?))).collect()
}

/// Forgets deliveries that began before `before_ms` and are not tried any more; answers how many.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, before_ms: i64, limit: u32) -> Result<u64, DbError> {
    tx.execute(
        "DELETE FROM webhook_deliveries WHERE (account_id, id) IN (\
         SELECT account_id, id FROM webhook_deliveries WHERE created < $1 AND state <> 'pending' \
         ORDER BY created LIMIT $2)",
        binds![before_ms, limit],
    )
    .await
}

/// Reads a row of the log. What receivers answered is none when the event's customer was erased.
///
/// # Errors
/// When the database fails, or what is sealed does not open.
pub async fn from_row(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    row: &Row,
) -> Result<WebhookDelivery, DbError> {
    let id = WebhookDeliveryId::from_trusted(row.text("id")?);
    let key_id = row.text("key_id")?;
    let state = row.text("state")?;
    let mut tries: Vec<Try> = serde_json::from_str(&row.text("doc")?).map_err(unreadable)?;
    let responses = open(tx, app, account, &id, &key_id, &row.bytes("sealed")?).await?;
    for (tried, response) in tries.iter_mut().zip(responses) {
        tried.response = response;
    }
    Ok(WebhookDelivery {
        id,
        endpoint: WebhookEndpointId::from_trusted(row.text("endpoint_id")?),
        event: EventId::from_trusted(row.text("event_id")?),
        key_id,
        state: DeliveryState::parse(&state)
            .ok_or_else(|| DbError::Inconsistent(format!("a delivery is {state}")))?,
        next_try: row.opt_int("next_try")?,
        give_up: row.int("give_up")?,
        created: row.int("created")?,
        tries,
    })
}

async fn seal(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    delivery: &WebhookDelivery,
) -> Result<Vec<u8>, DbError> {
    let answered: Vec<Option<&str>> = delivery.tries.iter().map(|tried| tried.response.as_deref()).collect();
    let aad = aad(account, &delivery.id);
    let key = match customer(&delivery.key_id) {
        None => app.keys.subject(tx, account, None).await?,
        // Never makes a key: a customer who was erased stays erased.
        Some(customer) => match app.keys.existing(tx, account, &customer).await? {
            Some(key) => key,
            None => return Ok(Vec::new()),
        },
    };
    app.keys.seal_under(key.as_ref(), &aad, &serde_json::to_vec(&answered).map_err(unreadable)?)
}

async fn open(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    id: &WebhookDeliveryId,
    key_id: &str,
    sealed: &[u8],
) -> Result<Vec<Option<String>>, DbError> {
    if sealed.is_empty() {
        return Ok(Vec::new());
    }
    let plain = match customer(key_id) {
        None => app.keys.open_sealed(&aad(account, id), sealed)?,
        Some(customer) => match app.keys.existing(tx, account, &customer).await? {
            Some(key) => open_under(key.as_ref(), &aad(account, id), sealed)?,
            None => return Ok(Vec::new()),
        },
    };
    serde_json::from_slice(&plain).map_err(unreadable)
}

fn customer(key_id: &str) -> Option<CustomerId> {
    (!key_id.is_empty()).then(|| CustomerId::from_trusted(key_id.to_owned()))
}

fn unreadable(error: serde_json::Error) -> DbError {
    DbError::Inconsistent(format!("a stored delivery: {error}"))
}

fn aad(account: &AccountId, id: &WebhookDeliveryId) -> Aad {
    Aad::new(&[
        ("account", account.as_str()),
        ("record", id.as_str()),
        ("field", "webhook_deliveries.sealed"),
    ])
}
