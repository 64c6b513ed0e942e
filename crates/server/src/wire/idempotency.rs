//! Idempotency keys: the same request twice has one effect and one answer.
//!
//! A key is claimed in the transaction that has the effect, so that neither is ever there without the other. An
//! answer is kept only where something was done; what was refused before that is decided anew. Answers are sealed
//! under the key of the customer they are about, so that erasing the customer erases them (M7).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::digest::{Context, SHA256};
use axum::http::StatusCode;
use onfile_core::ids::{AccountId, CustomerId, Id, RequestId};
use onfile_service::credentials::constant_time_eq;
use onfile_service::db::{DbError, Tx};
use onfile_service::seal::Aad;
use serde_json::Value;

use super::error::ApiError;
use crate::app::App;
use crate::config::Config;
use crate::keys::open_under;
use crate::store::api_keys::KeyKind;
use crate::store::idempotency::{self, NewRow, Used};

/// Stripe's limit on keys.
pub const KEY_CHARACTERS_MAX: usize = 255;
/// A caller's key for one request.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Whose.
    pub account: AccountId,
    /// As the caller sent it.
    pub key: String,
    /// Hash of the request.
    pub hash: [u8; 32],
    /// The request.
    pub request_id: RequestId,
    kind: KeyKind,
    started: Arc<AtomicBool>,
}

/// Why a key was not claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another request has it.
    #[error("another request with this idempotency key is being worked on")]
    InUse,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ClaimError> for ApiError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::InUse => in_use(),
            ClaimError::Db(error) => error.into(),
        }
    }
}

/// What a key is found to be.
#[derive(Debug)]
pub enum Found {
    /// Not used yet.
    Fresh,
    /// Its answer is known.
    Answered(StatusCode, Value),
    /// Abandoned by a process that died; this object is what the request was about.
    Abandoned {
        /// What the request made or changed.
        object_id: String,
        /// The request that held the key.
        request_id: String,
    },
}

impl Claim {
    /// A claim that is not started yet.
    pub fn new(
        account: AccountId,
        key: String,
        kind: KeyKind,
        hash: [u8; 32],
        request_id: RequestId,
    ) -> Self {
        Self { account, key, hash, request_id, kind, started: Arc::default() }
    }

    /// Claims the key in the caller's transaction, for work that goes on after it.
    ///
    /// # Errors
    /// [`ClaimError::InUse`] when another request has the key.
    pub async fn start(&self, tx: &mut Tx, app: &App, object_id: &str) -> Result<(), ClaimError> {
        self.insert(tx, app, object_id, None).await?;
        self.started.store(true, Ordering::Release);
        Ok(())
    }

    /// Claims the key and stores the answer in the caller's transaction, which holds the whole effect.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn record(
        &self,
        tx: &mut Tx,
        app: &App,
        object_id: &str,
        status: StatusCode,
        body: &Value,
    ) -> Result<(), ClaimError> {
        let sealed = self.seal(tx, app, body).await?;
        self.insert(tx, app, object_id, Some((i64::from(status.as_u16()), &sealed))).await
    }

    async fn insert(
        &self,
        tx: &mut Tx,
        app: &App,
        object_id: &str,
        answer: Option<(i64, &[u8])>,
    ) -> Result<(), ClaimError> {
        let now_ms = app.now_ms();
        let row = NewRow {
            key: &self.stored_key(),
            hash: &self.hash,
            request_id: self.request_id.as_str(),
            object_id,
            now_ms,
            working_until: now_ms + lease_ms(&app.config),
            answer,
        };
        if idempotency::insert(tx, &self.account, &row).await? { Ok(()) } else { Err(ClaimError::InUse) }
    }

    /// Whether work was started under the key, and its answer is still to be stored.
    pub fn is_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    /// Stores the answer of started work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish(&self, app: &App, status: StatusCode, body: &Value) -> Result<(), DbError> {
        self.finish_for(app, self.request_id.as_str(), status, body).await
    }

    /// Stores the answer in the place of the request that died holding the key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish_for(
        &self,
        app: &App,
        holder: &str,
        status: StatusCode,
        body: &Value,
    ) -> Result<(), DbError> {
        let mut tx = app.db.begin().await?;
        let sealed = self.seal(&mut tx, app, body).await?;
        let answer = (i64::from(status.as_u16()), sealed.as_slice());
        if !idempotency::finish(&mut tx, &self.account, &self.stored_key(), holder, answer).await? {
            tracing::warn!(request = holder, "an answer was stored by another request");
        }
        tx.commit().await
    }

    /// Gives the key back: nothing came of the work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(&self, app: &App, holder: &str) -> Result<(), DbError> {
        let mut tx = app.db.begin().await?;
        idempotency::release(&mut tx, &self.account, &self.stored_key(), holder).await?;
        tx.commit().await
    }

    /// What is known of the key.
    ///
    /// # Errors
    /// 400 `idempotency_error` when it was used with another request, 409 when another request is at it.
    pub async fn look_up(&self, app: &App) -> Result<Found, ApiError> {
        self.look_up_in(&mut app.db.read().await?, app).await
    }

    /// The same, behind every write that has begun: a reader does not see what others are about to commit, and what
    /// this finds is committed when it returns.
    ///
    /// # Errors
    /// As [`Self::look_up`].
    pub async fn look_up_behind_writers(&self, app: &App) -> Result<Found, ApiError> {
        let mut tx = app.db.begin().await?;
        let found = self.look_up_in(&mut tx, app).await?;
        tx.commit().await?;
        Ok(found)
    }

    async fn look_up_in(&self, tx: &mut Tx, app: &App) -> Result<Found, ApiError> {
        let Some(used) = idempotency::find(tx, &self.account, &self.stored_key()).await? else {
            return Ok(Found::Fresh);
        };
        if !constant_time_eq(&used.hash, &self.hash) {
            return Err(other_request());
        }
        match used {
            Used { answer: Some((status, sealed)), .. } => {
                let status = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok());
                let body = self.open(tx, app, &sealed).await?;
                Ok(Found::Answered(status.unwrap_or(StatusCode::OK), body))
            }
            Used { working_until: Some(until), object_id: Some(object_id), request_id, .. }
                if until <= app.now_ms() =>
            {
                Ok(Found::Abandoned { object_id, request_id })
            }
            _ => Err(in_use()),
        }
    }

    fn stored_key(&self) -> String {
        stored_key(self.kind, &self.key)
    }

    /// One byte with the length of the customer's id, the id, and the answer under that customer's key.
    async fn seal(&self, tx: &mut Tx, app: &App, body: &Value) -> Result<Vec<u8>, DbError> {
        let customer = subject_of(body);
        let key = app.keys.subject(tx, &self.account, customer.as_ref()).await?;
        let sealed = app.keys.seal_under(key.as_ref(), &self.aad(), body.to_string().as_bytes())?;
        let name = customer.as_ref().map_or("", Id::as_str);
        let length = u8::try_from(name.len()).map_err(|_| DbError::Inconsistent("an over-long id".into()))?;
        Ok([&[length], name.as_bytes(), &sealed].concat())
    }

    async fn open(&self, tx: &mut Tx, app: &App, stored: &[u8]) -> Result<Value, ApiError> {
        let damaged = || DbError::Inconsistent("a stored answer cannot be read".into());
        let (&length, rest) = stored.split_first().ok_or_else(damaged)?;
        let (name, sealed) = rest.split_at_checked(length.into()).ok_or_else(damaged)?;
        let name = std::str::from_utf8(name).map_err(|_| damaged())?;
        let customer = (!name.is_empty()).then(|| CustomerId::from_trusted(name.to_owned()));
        let key = match &customer {
            Some(customer) => app.keys.existing(tx, &self.account, customer).await?.ok_or_else(erased)?,
            None => app.keys.subject(tx, &self.account, None).await?,
        };
        let body = open_under(key.as_ref(), &self.aad(), sealed)?;
        Ok(serde_json::from_slice(&body).map_err(|_| damaged())?)
    }

    fn aad(&self) -> Aad {
        Aad::new(&[
            ("account", self.account.as_str()),
            ("record", &self.stored_key()),
            ("field", "idempotency_keys.sealed"),
        ])
    }
}

/// The key as it is stored. Keys of browsers and of servers do not meet: a customer must not read an answer that was
/// made for the merchant.
pub fn stored_key(kind: KeyKind, key: &str) -> String {
    let scope = match kind {
        KeyKind::Secret => "sk",
        KeyKind::Publishable => "pk",
    };
    format!("{scope}:{key}")
}

/// How long a request may work before its key is taken for abandoned, in milliseconds: longer than two calls to the
/// vault and all that it waits for itself, so that a key is not taken from a request that is still at it.
fn lease_ms(config: &Config) -> i64 {
    let call_ms = i64::try_from(config.vault.timeout_ms).unwrap_or(i64::MAX);
    call_ms.saturating_mul(2).saturating_add(config.processing.lease_ms)
}

/// What two requests must have in common to be the same: method, path, query and body, and the key they came under.
pub fn request_hash(account: &AccountId, method: &str, path_and_query: &str, body: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in [account.as_str().as_bytes(), method.as_bytes(), path_and_query.as_bytes(), body] {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    hash
}

/// The customer that an answer is about.
fn subject_of(body: &Value) -> Option<CustomerId> {
    let error_object = || {
        let error = body.get("error")?;
        error.get("payment_intent").or_else(|| error.get("setup_intent"))
    };
    let object = error_object().unwrap_or(body);
    let id = match object.get("object").and_then(Value::as_str) {
        Some("customer") => object.get("id"),
        _ => object.get("customer").map(|customer| customer.get("id").unwrap_or(customer)),
    };
    CustomerId::parse(id?.as_str()?)
}

fn in_use() -> ApiError {
    ApiError::conflict(
        "idempotency_key_in_use",
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted \
         twice, and the other request is still going through): please try again later.",
    )
}

fn other_request() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "idempotency_error",
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using \
         a key other than the one you sent if you meant to execute a different request.",
    )
}

fn erased() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "idempotency_error",
        "This key was used before, and the customer that its answer was about has since been deleted with it.",
    )
}
