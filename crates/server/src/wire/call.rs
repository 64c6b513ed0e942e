//! One request on its way through: parsed, let through the walls, authenticated, run, answered.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use onfile_core::card_shaped;
use onfile_core::ids::{Id, RequestId};
use onfile_service::bodies::BODY_BYTES_MAX;
use onfile_service::db::Tx;
use onfile_service::listen::Peer;
use serde_json::{Value, json};

use super::auth::{Merchant, authenticate, secret_key_required};
use super::envelope::{IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, json};
use super::error::{ApiError, TAKEN};
use super::idempotency::{Claim, Found, KEY_CHARACTERS_MAX, request_hash};
use super::params::Params;
use super::{document, edge, expand, form};
use crate::app::App;
use crate::payments::Cause;
use crate::render;
use crate::render::payment_intent::for_browser;
use crate::store::api_keys::KeyKind;

/// How much of a browser's name is kept.
const USER_AGENT_MAX: usize = 255;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Secret keys only.
    Secret,
    /// Secret keys, and publishable ones together with the client secret of what is asked for.
    ClientSecret,
}

/// What a handler gives back.
#[derive(Debug)]
pub struct Answer {
    /// The body, status 200.
    pub body: Value,
    /// Whether the answer was stored under the idempotency key together with the effect.
    pub recorded: bool,
    /// A file in place of the body; only from routes that read.
    pub file: Option<CsvFile>,
}

/// A table for people's spreadsheets (RFC 4180), written while it is sent.
#[derive(Debug)]
pub struct CsvFile {
    /// What it is called where it is saved.
    pub name: String,
    /// Its text.
    pub content: Body,
}

impl Answer {
    /// An answer that is not stored yet.
    pub fn new(body: Value) -> Self {
        Self { body, recorded: false, file: None }
    }

    /// A file.
    pub fn file(name: String, content: Body) -> Self {
        Self { body: Value::Null, recorded: false, file: Some(CsvFile { name, content }) }
    }
}

/// What a handler returns while it works.
pub type Working = Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + Send>>;
/// A route's work.
pub type Handler = fn(Call) -> Working;

/// One request that got past the walls.
#[derive(Debug)]
pub struct Call {
    /// This process.
    pub app: Arc<App>,
    /// Who asks.
    pub merchant: Arc<Merchant>,
    /// This request.
    pub request_id: RequestId,
    /// What is asked; to be finished.
    pub params: Params,
    /// A file that was sent as the body; to be taken by [`Self::document`].
    document: Option<String>,
    /// The path, for the `url` of lists.
    pub path: String,
    /// The idempotency key, not yet claimed.
    pub claim: Option<Claim>,
    /// The client's address.
    pub ip: Option<String>,
    /// The client's program.
    pub user_agent: Option<String>,
    segments: HashMap<String, String>,
}

impl Call {
    /// The id in the path; an impossible one is answered like a missing one.
    ///
    /// # Errors
    /// 404 `resource_missing`.
    pub fn id<T: Id>(&self, segment: &str, noun: &str, param: &str) -> Result<T, ApiError> {
        let text = self.segment(segment);
        T::parse(text).ok_or_else(|| missing_in_path(noun, text, param))
    }

    /// A part of the path, as it was sent.
    pub fn segment(&self, name: &str) -> &str {
        self.segments.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Every parameter must have been taken, and a file too.
    ///
    /// # Errors
    /// `parameter_unknown`; for a file, that the body must be a form.
    pub fn finish(&mut self) -> Result<(), ApiError> {
        if self.document.is_some() {
            return Err(not_a_form());
        }
        std::mem::take(&mut self.params).finish()
    }

    /// Takes the file that was sent as the body.
    ///
    /// # Errors
    /// When the body was something else.
    pub fn document(&mut self) -> Result<String, ApiError> {
        let message =
            format!("Send the file itself as the body, with Content-Type: {}.", document::CONTENT_TYPE);
        self.document.take().ok_or_else(|| ApiError::invalid("", "parameter_missing", message))
    }

    /// Who asked, for events and consents.
    pub fn cause(&self) -> Cause {
        Cause {
            account: self.merchant.account.clone(),
            request_id: Some(self.request_id.as_str().to_owned()),
            claim: self.claim.clone(),
            ip: self.ip.clone(),
            user_agent: self.user_agent.clone(),
        }
    }

    /// What renderers need to know.
    pub fn rendering(&self) -> render::Context<'_> {
        render::Context {
            account: &self.merchant.account,
            public_url: &self.app.config.public.url,
            now: self.app.clock.now(),
        }
    }

    /// Whether a browser asks.
    pub fn is_browser(&self) -> bool {
        self.merchant.kind == KeyKind::Publishable
    }

    /// Stores the answer with its effect under the idempotency key, if there is one, and commits both.
    ///
    /// # Errors
    /// 409 when another request has the key: then nothing was done.
    pub async fn commit(&self, mut tx: Tx, object_id: &str, body: Value) -> Result<Answer, ApiError> {
        if let Some(claim) = &self.claim {
            claim.record(&mut tx, &self.app, object_id, StatusCode::OK, &body).await?;
        }
        tx.commit().await?;
        Ok(Answer { body, recorded: true, file: None })
    }
}

/// 404 for what a path names, whatever the parameter is called.
pub fn missing_in_path(noun: &str, id: impl std::fmt::Display, param: &str) -> ApiError {
    let mut error = ApiError::no_such(noun, id, param);
    error.status = StatusCode::NOT_FOUND;
    error
}

/// Runs a request through to its answer.
pub async fn dispatch(app: Arc<App>, access: Access, handler: Handler, request: Request) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    // The route's limit was kept before this; it cannot be exceeded here.
    let answered = match to_bytes(body, document::BYTES_MAX).await {
        Ok(body) => admit(&app, access, &mut parts, &body).await,
        Err(_) => Err(ApiError::invalid("", None, "The request body cannot be read.")),
    };
    let (call, allowed) = match answered {
        Ok(call) => {
            let allowed = origin.filter(|origin| is_registered(&app, &call.merchant, origin));
            (call, allowed)
        }
        Err(error) => {
            // Decoded, so that the log's mask sees what stands there: `4242%204242…` is a number as well.
            let path = percent_encoding::percent_decode_str(&path).decode_utf8_lossy();
            tracing::info!(status = error.status.as_u16(), %path, "refused");
            return error.into_response();
        }
    };
    let from_browser = call.is_browser() && parts.headers.contains_key(header::ORIGIN);
    let mut response = if from_browser && allowed.is_none() {
        unregistered_origin().into_response()
    } else {
        run(&parts.method, handler, call).await
    };
    if let Some(origin) = allowed {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("request-id"));
    }
    response
}

/// For requests that lead nowhere: they are not to carry account data either.
///
/// # Errors
/// See [`edge::check`].
pub async fn past_the_wall(request: Request) -> Result<(), ApiError> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    checked_pairs(&parts, &body).map(drop)
}

/// Decodes the parameters of query and body, and looks at everything for account data.
fn checked_pairs(parts: &Parts, body: &[u8]) -> Result<Vec<form::Pair>, ApiError> {
    let key = parts.headers.get(IDEMPOTENCY_KEY).map(HeaderValue::as_bytes);
    let mut pairs = form::pairs(parts.uri.query().unwrap_or_default().as_bytes())?;
    if parts.method == Method::POST && is_form(&parts.headers) {
        pairs.append(&mut form::pairs(body)?);
    }
    edge::check(parts.uri.path(), key, &pairs)?;
    if document::is_one(&parts.headers) {
        edge::check_document(&String::from_utf8_lossy(body))?;
    }
    Ok(pairs)
}

/// Parses, looks for account data, finds out who asks. Nothing is stored here.
async fn admit(app: &Arc<App>, access: Access, parts: &mut Parts, body: &[u8]) -> Result<Call, ApiError> {
    let pairs = checked_pairs(parts, body)?;
    let has_body = parts.method == Method::POST && !body.is_empty();
    let merchant = authenticate(app, &parts.headers).await?;
    if access == Access::Secret && merchant.kind == KeyKind::Publishable {
        return Err(secret_key_required());
    }
    let document =
        if has_body && document::is_one(&parts.headers) { Some(document::text(body)?) } else { None };
    if has_body && document.is_none() && !is_form(&parts.headers) {
        return Err(not_a_form());
    }
    let request_id = parts.extensions.get::<RequestId>().cloned().unwrap_or_else(|| app.ids.next());
    let claim = claim(&merchant, parts, body, &request_id)?;
    Ok(Call {
        app: Arc::clone(app),
        params: Params::new(pairs)?,
        document,
        path: parts.uri.path().to_owned(),
        claim,
        ip: client_address(parts),
        user_agent: user_agent(&parts.headers),
        segments: segments(parts).await,
        request_id,
        merchant,
    })
}

fn not_a_form() -> ApiError {
    let message = "Invalid request: the body must be sent as application/x-www-form-urlencoded.";
    ApiError::invalid("", None, message)
}

fn claim(
    merchant: &Merchant,
    parts: &Parts,
    body: &[u8],
    request_id: &RequestId,
) -> Result<Option<Claim>, ApiError> {
    let Some(header) = parts.headers.get(IDEMPOTENCY_KEY).filter(|_| parts.method == Method::POST) else {
        return Ok(None);
    };
    let key = std::str::from_utf8(header.as_bytes()).unwrap_or_default();
    if key.trim().is_empty() || key.chars().count() > KEY_CHARACTERS_MAX {
        let message = format!("An idempotency key has 1 to {KEY_CHARACTERS_MAX} characters.");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "idempotency_error", message));
    }
    let path_and_query = parts.uri.path_and_query().map_or("", |p| p.as_str());
    let account = &merchant.account.id;
    let hash = request_hash(account, parts.method.as_str(), path_and_query, body);
    Ok(Some(Claim::new(account.clone(), key.to_owned(), merchant.kind, hash, request_id.clone())))
}

/// A write goes on to its end also when the caller hangs up: what was begun must be settled.
async fn run(method: &Method, handler: Handler, call: Call) -> Response {
    if *method == Method::GET || *method == Method::HEAD {
        return into_response(handler(call).await);
    }
    match tokio::spawn(write(handler, call)).await {
        Ok(response) => response,
        Err(error) => ApiError::internal(error).into_response(),
    }
}

async fn write(handler: Handler, call: Call) -> Response {
    let app = Arc::clone(&call.app);
    let Some(claim) = call.claim.clone() else {
        return into_response(handler(call).await);
    };
    match claim.look_up(&app).await {
        Ok(Found::Fresh) => {}
        Ok(Found::Answered(status, body)) => return replayed(status, &body),
        Ok(Found::Abandoned { object_id, request_id }) => {
            match take_over(&call, &claim, &object_id, &request_id).await {
                Ok(Some((status, body))) => return replayed(status, &body),
                Ok(None) => {}
                Err(error) => return error.into_response(),
            }
        }
        Err(error) => return error.into_response(),
    }
    let outcome = handler(call).await;
    let taken = outcome.as_ref().is_err_and(|error| error.code.as_deref() == Some(TAKEN));
    if claim.is_started() {
        settle_claim(&app, &claim, outcome.as_ref().map(|answer| (!answer.recorded).then_some(&answer.body)))
            .await;
    } else if taken && let Ok(Found::Answered(status, body)) = claim.look_up_behind_writers(&app).await {
        // What is in the way was made by this same request, which was sent twice at once.
        return replayed(status, &body);
    }
    into_response(outcome)
}

/// The process that held the key died: what became of its object is the answer. None when nothing did.
async fn take_over(
    call: &Call,
    claim: &Claim,
    object_id: &str,
    holder: &str,
) -> Result<Option<(StatusCode, Value)>, ApiError> {
    let mut tx = call.app.db.read().await?;
    let found = expand::load(&mut tx, &call.app, &call.rendering(), object_id).await?;
    drop(tx);
    let answered =
        |body| if call.is_browser() { (StatusCode::OK, for_browser(body)) } else { as_answered(body) };
    let found = found.map(answered);
    match &found {
        Some((status, body)) => claim.finish_for(&call.app, holder, *status, body).await?,
        None => claim.release(&call.app, holder).await?,
    }
    Ok(found)
}

/// An intent whose attempt was declined is answered as it would have been had its process lived: with the error.
fn as_answered(intent: Value) -> (StatusCode, Value) {
    let declined = intent.get("status").and_then(Value::as_str) == Some("requires_payment_method");
    let reason = |field: &str| intent.get(field).filter(|e| e.get("type").is_some_and(|t| t == "card_error"));
    let found = [("last_payment_error", "payment_intent"), ("last_setup_error", "setup_intent")]
        .into_iter()
        .find_map(|(field, object)| Some((reason(field)?.as_object()?.clone(), object)));
    match found {
        Some((mut error, object)) if declined => {
            error.insert(object.to_owned(), intent);
            (StatusCode::PAYMENT_REQUIRED, json!({ "error": error }))
        }
        _ => (StatusCode::OK, intent),
    }
}

/// Stores what came of started work, or gives the key back. The effect is committed already: when this fails, the
/// next request with the key is answered with the object as it is.
async fn settle_claim(app: &App, claim: &Claim, outcome: Result<Option<&Value>, &ApiError>) {
    let settled = match outcome {
        Ok(None) => Ok(()),
        Ok(Some(body)) => claim.finish(app, StatusCode::OK, body).await,
        Err(error) if error.is_outcome() => claim.finish(app, error.status, &error.body()).await,
        // Left as it is: once its lease is over, the key is answered with the object as it then is, or is free
        // because nothing was committed.
        Err(error) if error.uncertain => Ok(()),
        Err(_) => claim.release(app, claim.request_id.as_str()).await,
    };
    if let Err(error) = settled {
        tracing::warn!(request = %claim.request_id, "an answer could not be kept: {error}");
    }
}

fn into_response(outcome: Result<Answer, ApiError>) -> Response {
    match outcome {
        Ok(Answer { file: Some(CsvFile { name, content }), .. }) => {
            let saved = format!("attachment; filename=\"{name}\"");
            let kind = "text/csv; charset=utf-8".to_owned();
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, saved)], content).into_response()
        }
        Ok(answer) => json(StatusCode::OK, &answer.body),
        Err(error) => error.into_response(),
    }
}

fn replayed(status: StatusCode, body: &Value) -> Response {
    let mut response = json(status, body);
    response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    response
}

/// A body without a type is taken for a form, as `curl -X POST` and old SDKs send it.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.is_empty() || kind.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
}

async fn segments(parts: &mut Parts) -> HashMap<String, String> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => HashMap::new(),
    }
}

fn client_address(parts: &Parts) -> Option<String> {
    match parts.extensions.get::<ConnectInfo<Peer>>() {
        Some(ConnectInfo(Peer::Tcp(address))) => Some(address.ip().to_string()),
        _ => None,
    }
}

/// The client's program, unless somebody hid digits in it: it is kept with consents.
pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    (!card_shaped::contains(text.as_bytes())).then(|| text.chars().take(USER_AGENT_MAX).collect())
}

fn is_registered(app: &App, merchant: &Merchant, origin: &HeaderValue) -> bool {
    origin.to_str().is_ok_and(|origin| {
        merchant.origins.iter().any(|known| known == origin) || origin == app.config.public.url
    })
}

fn unregistered_origin() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "invalid_request_error",
        "This page's origin is not registered with the account. Add it to the account's origins first.",
    )
}

/// The answer to a browser that asks whether it may ask. Who asks is not known before the key is sent, so this says
/// yes; the request itself is refused, unread by the page, unless its origin is registered with the key's account.
pub async fn preflight(request: Request) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        for (name, value) in PREFLIGHT {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

const PREFLIGHT: [(HeaderName, &str); 4] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, stripe-version, idempotency-key"),
    (header::ACCESS_CONTROL_MAX_AGE, "600"),
    (header::VARY, "origin"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decline_whose_process_died_is_still_answered_as_a_decline() {
        let error = json!({ "type": "card_error", "code": "card_declined" });
        let declined =
            json!({ "id": "pi_1", "status": "requires_payment_method", "last_payment_error": error });
        let mut told = error.clone();
        told["payment_intent"] = declined.clone();
        assert_eq!(as_answered(declined.clone()), (StatusCode::PAYMENT_REQUIRED, json!({ "error": told })));
        let mut paid_since = declined.clone();
        paid_since["status"] = json!("succeeded");
        let mut ours = declined;
        ours["last_payment_error"] = json!({ "type": "api_error" });
        for body in [paid_since, ours, json!({ "id": "re_1", "status": "succeeded" })] {
            assert_eq!(as_answered(body.clone()), (StatusCode::OK, body));
        }
    }
}
