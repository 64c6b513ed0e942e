//! Events (M7): written in the transaction of the change they tell of, kept for ever, read in the account's order.

use data_encoding::HEXLOWER;
use onfile_core::ids::{AccountId, CustomerId, EventId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Put, Row, Tx};
use onfile_service::seal::Aad;
use serde_json::{Value, json};

use crate::app::App;
use crate::keys::open_under;
use crate::model::event::{Event, Snapshot};
use crate::model::event_types::is_known;
use crate::payments::Cause;

const APPEND_ALL: &str = "INSERT INTO events \
    (account_id, id, type, object_id, object_version, key_id, request_id, idempotency_key, sealed) \
    SELECT $1, r.value->>'id', r.value->>'type', r.value->>'object', CAST(r.value->>'version' AS BIGINT), \
    r.value->>'key', r.value->>'request', r.value->>'idempotency', unhex(r.value->>'sealed') \
    FROM json_each($2) AS r";

/// Stands in the place of a customer's id where an event is about none.
const NO_CUSTOMER: &str = "";

/// What is told of one change.
#[derive(Debug)]
pub struct News<'a> {
    /// Stripe's word, for example `payment_intent.succeeded`.
    pub kind: &'a str,
    /// The object's version after the change.
    pub version: i64,
    /// The object after the change.
    pub snapshot: &'a Snapshot,
    /// Its document before the change ([`Versioned::before`]); kept for events that are called `….updated`, as Stripe
    /// tells in those alone what was changed.
    ///
    /// [`Versioned::before`]: super::objects::Versioned::before
    pub before: Option<&'a str>,
}

impl News<'_> {
    /// What is sealed: the snapshot, or an array of it and the document before.
    fn plaintext(&self) -> Result<Vec<u8>, DbError> {
        let mut plaintext = serde_json::to_vec(self.snapshot)
            .map_err(|e| DbError::Inconsistent(format!("a snapshot to store: {e}")))?;
        if let Some(before) = self.before.filter(|_| self.kind.ends_with(".updated")) {
            plaintext.insert(0, b'[');
            plaintext.push(b',');
            plaintext.extend_from_slice(before.as_bytes());
            plaintext.push(b']');
        }
        Ok(plaintext)
    }
}

/// What was sealed by [`append`]: the object after and, where that was kept, before the change.
fn opened(plaintext: &[u8]) -> serde_json::Result<(Snapshot, Option<Snapshot>)> {
    if plaintext.first() != Some(&b'[') {
        return Ok((serde_json::from_slice(plaintext)?, None));
    }
    let (snapshot, mut before): (Value, Value) = serde_json::from_slice(plaintext)?;
    if let (Some(fields), Some(kind)) = (before.as_object_mut(), snapshot.get("object")) {
        fields.insert("object".to_owned(), kind.clone());
    }
    Ok((serde_json::from_value(snapshot)?, Some(serde_json::from_value(before)?)))
}

/// Appends an event. Its snapshot is sealed under its customer's key.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &mut Tx, app: &App, cause: &Cause, news: &News<'_>) -> Result<(), DbError> {
    debug_assert!(is_known(news.kind), "{} is missing in model/event_types.rs", news.kind);
    let account = &cause.account.id;
    let id: EventId = app.ids.next();
    let customer = news.snapshot.customer();
    let key = app.keys.subject(tx, account, customer).await?;
    let sealed = app.keys.seal_under(key.as_ref(), &aad(account, &id), &news.plaintext()?)?;
    let subject = customer.map_or(NO_CUSTOMER, Id::as_str);
    app.activity.mark(account, app.now_ms());
    if tx.gathers() {
        let row = json!({
            "id": id.as_str(), "type": news.kind, "object": news.snapshot.object_id(), "version": news.version,
            "key": subject, "request": cause.request_id, "idempotency": cause.idempotency_key(),
            "sealed": HEXLOWER.encode(&sealed),
        });
        let id = id.as_str().to_owned();
        return tx.put(Put { sql: APPEND_ALL, scope: account.as_str(), id, row, each: true }).await;
    }
    tx.execute(
        "INSERT INTO events (account_id, id, type, object_id, object_version, key_id, request_id, idempotency_key, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        binds![
            account.as_str(),
            id.as_str(),
            news.kind,
            news.snapshot.object_id(),
            news.version,
            subject,
            cause.request_id.as_deref(),
            cause.idempotency_key(),
            &sealed,
        ],
    )
    .await?;
    Ok(())
}

/// Reads a row of `events` with its `sequence`; the snapshot is none when its customer was erased.
///
/// # Errors
/// When the database fails, or the snapshot does not open.
pub async fn from_row(tx: &mut Tx, app: &App, account: &AccountId, row: &Row) -> Result<Event, DbError> {
    let id = EventId::from_trusted(row.text("id")?);
    let key_id = row.text("key_id")?;
    let customer = (key_id != NO_CUSTOMER).then(|| CustomerId::from_trusted(key_id));
    let sealed = row.bytes("sealed")?;
    let plaintext = match &customer {
        None => Some(app.keys.open_sealed(&aad(account, &id), &sealed)?),
        Some(customer) => match app.keys.existing(tx, account, customer).await? {
            Some(key) => Some(open_under(key.as_ref(), &aad(account, &id), &sealed)?),
            None => None,
        },
    };
    let opened = plaintext.map(|bytes| opened(&bytes)).transpose();
    let opened = opened.map_err(|e| DbError::Inconsistent(format!("a stored snapshot: {e}")))?;
    let (snapshot, previous) = opened.map_or((None, None), |(now, before)| (Some(now), before));
    Ok(Event {
        id,
        sequence: row.opt_int("sequence")?,
        kind: row.text("type")?,
        object_id: row.text("object_id")?,
        object_version: row.int("object_version")?,
        snapshot,
        previous,
        request_id: row.opt_text("request_id")?,
        idempotency_key: row.opt_text("idempotency_key")?,
    })
}

/// Loads an event by its id, with the customer whose key seals it (empty for none); none when there is none.
///
/// # Errors
/// As [`from_row`].
pub async fn load(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    id: &EventId,
) -> Result<Option<(Event, String)>, DbError> {
    let row = tx
        .query_opt(
            "SELECT id, type, object_id, object_version, key_id, request_id, idempotency_key, sealed, \
             (SELECT o.sequence FROM event_order o WHERE o.account_id = $1 AND o.event_id = $2) AS sequence \
             FROM events WHERE account_id = $1 AND id = $2",
            binds![account.as_str(), id.as_str()],
        )
        .await?;
    match row {
        Some(row) => Ok(Some((from_row(tx, app, account, &row).await?, row.text("key_id")?))),
        None => Ok(None),
    }
}

fn aad(account: &AccountId, id: &EventId) -> Aad {
    Aad::new(&[("account", account.as_str()), ("record", id.as_str()), ("field", "events.sealed")])
}
