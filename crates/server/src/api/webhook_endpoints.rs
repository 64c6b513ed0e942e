//! Webhook endpoints: where a merchant hears of events.

use onfile_core::ids::{AccountId, Id, WebhookEndpointId};
use onfile_service::db::Tx;
use onfile_service::secret::Secret;

use super::{find, missing};
use crate::model::event_types::is_known;
use crate::model::webhook_endpoint::{ALL_EVENTS, EndpointStatus, WebhookEndpoint};
use crate::render;
use crate::render::webhook_endpoint::deleted;
use crate::store::{event_order, objects, pages, webhooks};
use crate::webhooks::{TargetError, Trust, new_secret};
use crate::wire::call::{Answer, Call};
use crate::wire::envelope::API_VERSION;
use crate::wire::error::{ApiError, quoted};
use crate::wire::list::{envelope, window};
use crate::wire::params::{Given, MetadataPatch, Params};

/// How many endpoints an account may have, as with Stripe.
const ENDPOINTS_MAX: i64 = 16;
/// The longest URL, as a parameter.
const URL_MAX: usize = 2_048;
/// The longest note.
const DESCRIPTION_MAX: usize = 5_000;
/// The longest name of a type.
const TYPE_MAX: usize = 100;
/// How long a secret goes on to sign after it was replaced: a day.
const OLD_SECRET_MS: i64 = 24 * 60 * 60 * 1000;

/// What a request says of an endpoint.
struct Patch {
    url: Option<String>,
    enabled_events: Option<Vec<String>>,
    description: Given<String>,
    metadata: MetadataPatch,
}

fn patch(params: &mut Params) -> Result<Patch, ApiError> {
    Ok(Patch {
        url: params.text("url", URL_MAX)?,
        enabled_events: enabled_events(params)?,
        description: params.text_or_unset("description", DESCRIPTION_MAX)?,
        metadata: params.metadata()?,
    })
}

fn enabled_events(params: &mut Params) -> Result<Option<Vec<String>>, ApiError> {
    let wanted = match params.texts("enabled_events", TYPE_MAX)? {
        Given::Absent => return Ok(None),
        Given::Unset => Vec::new(),
        Given::Set(wanted) => wanted,
    };
    if wanted.is_empty() {
        return Err(ApiError::invalid(
            "enabled_events",
            "parameter_invalid_empty",
            "Name at least one type of event, or `*` for all.",
        ));
    }
    match wanted.iter().position(|kind| kind != ALL_EVENTS && !is_known(kind)) {
        None => Ok(Some(wanted)),
        Some(at) => {
            let kind = wanted.get(at).map_or_else(String::new, |kind| quoted(kind));
            let message = format!("Onfile sends no events of type {kind}. `*` stands for all that it sends.");
            Err(ApiError::invalid(format!("enabled_events[{at}]"), None, message))
        }
    }
}

/// The version of the objects that are sent is the API's: there is one.
fn api_version(params: &mut Params) -> Result<Option<String>, ApiError> {
    let version = params.text("api_version", TYPE_MAX)?;
    match &version {
        Some(other) if other != API_VERSION => {
            let message = format!("Invalid API version: {}; must be {API_VERSION}.", quoted(other));
            Err(ApiError::invalid("api_version", None, message))
        }
        _ => Ok(version),
    }
}

async fn check_url(call: &Call, url: &str) -> Result<(), ApiError> {
    let trust = Trust::of(&call.merchant.account, &call.app.config.webhooks);
    call.app.webhooks.sender.check(url, trust).await.map_err(|error| bad_url(&error))
}

fn bad_url(error: &TargetError) -> ApiError {
    ApiError::invalid("url", "url_invalid", format!("Invalid URL: {error}."))
}

/// `POST /v1/webhook_endpoints`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let patch = patch(&mut call.params)?;
    let api_version = api_version(&mut call.params)?;
    if call.params.boolean("connect")? == Some(true) {
        return Err(ApiError::invalid("connect", None, "There are no connected accounts here."));
    }
    no_expansion(&mut call.params)?;
    call.finish()?;
    let url = patch.url.ok_or_else(|| ApiError::missing("url"))?;
    let enabled_events = patch.enabled_events.ok_or_else(|| ApiError::missing("enabled_events"))?;
    check_url(&call, &url).await?;
    let endpoint = WebhookEndpoint {
        id: call.app.ids.next(),
        created: call.app.now_seconds(),
        url,
        enabled_events,
        description: patch.description.value(),
        metadata: patch.metadata.into_new()?,
        api_version,
        status: EndpointStatus::Enabled,
        given_up: None,
    };
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.begin().await?;
    // Locks the account's head: two endpoints made at the same time are counted one after the other.
    let head = event_order::lock_head(&mut tx, account).await?;
    if webhooks::count(&mut tx, account).await? >= ENDPOINTS_MAX {
        let message = format!("You have reached the maximum of {ENDPOINTS_MAX} webhook endpoints.");
        return Err(ApiError::invalid("", None, message));
    }
    objects::insert(&mut tx, account, &endpoint).await?;
    let secret = new_secret(&call.app.ids);
    webhooks::add_secret(&mut tx, &call.app.keys, account, &endpoint.id, &secret, 0).await?;
    webhooks::start(&mut tx, account, &endpoint.id, head.last).await?;
    finish(&call, tx, &endpoint, Some(&secret)).await
}

/// `GET /v1/webhook_endpoints/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: WebhookEndpointId = call.id("id", "webhook endpoint", "id")?;
    no_expansion(&mut call.params)?;
    call.finish()?;
    let endpoint = find::<WebhookEndpoint>(&call, &id, "webhook endpoint", "id").await?;
    let cursor = webhooks::load(&mut call.app.db.read().await?, &call.merchant.account.id, &id).await?;
    let rendered =
        render::webhook_endpoint::webhook_endpoint(&call.rendering(), &endpoint, cursor.as_ref(), None);
    Ok(Answer::new(rendered))
}

/// `POST /v1/webhook_endpoints/{id}`. An endpoint that is enabled again hears of what happens from then on; what
/// happened in between is at `/v1/onfile/events`.
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: WebhookEndpointId = call.id("id", "webhook endpoint", "id")?;
    let patch = patch(&mut call.params)?;
    let disabled = call.params.boolean("disabled")?;
    let mut roll = false;
    if let Some(mut own) = call.params.group("onfile")? {
        roll = own.boolean("roll_secret")?.unwrap_or(false);
        own.finish()?;
    }
    no_expansion(&mut call.params)?;
    call.finish()?;
    find::<WebhookEndpoint>(&call, &id, "webhook endpoint", "id").await?;
    if let Some(url) = &patch.url {
        check_url(&call, url).await?;
    }
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.begin().await?;
    let mut endpoint = lock(&mut tx, account, &id).await?;
    if let Some(url) = patch.url {
        endpoint.url = url;
    }
    if let Some(enabled_events) = patch.enabled_events {
        endpoint.enabled_events = enabled_events;
    }
    patch.description.apply(&mut endpoint.description);
    patch.metadata.apply(&mut endpoint.metadata)?;
    if let Some(disabled) = disabled {
        switch(&mut tx, account, &mut endpoint, !disabled).await?;
    }
    let secret = roll.then(|| new_secret(&call.app.ids));
    if let Some(secret) = &secret {
        let until = call.app.now_ms().saturating_add(OLD_SECRET_MS);
        webhooks::add_secret(&mut tx, &call.app.keys, account, &id, secret, until).await?;
    }
    objects::save(&mut tx, account, &endpoint).await?;
    finish(&call, tx, &endpoint, secret.as_ref()).await
}

async fn switch(
    tx: &mut Tx,
    account: &AccountId,
    endpoint: &mut WebhookEndpoint,
    on: bool,
) -> Result<(), ApiError> {
    match (endpoint.status, on) {
        (EndpointStatus::Enabled, false) => {
            webhooks::stop(tx, account, &endpoint.id).await?;
            endpoint.status = EndpointStatus::Disabled;
        }
        (EndpointStatus::Disabled, true) => {
            let head = event_order::head(tx, account).await?;
            webhooks::start(tx, account, &endpoint.id, head.last).await?;
            endpoint.status = EndpointStatus::Enabled;
            endpoint.given_up = None;
        }
        _ => {}
    }
    Ok(())
}

/// `GET /v1/webhook_endpoints`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<WebhookEndpointId>(&mut call.params, "webhook endpoint", false)?;
    no_expansion(&mut call.params)?;
    call.finish()?;
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.read().await?;
    let page = pages::page::<WebhookEndpoint>(&mut tx, account, &window, None).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    for endpoint in &page.objects {
        let cursor = webhooks::load(&mut tx, account, &endpoint.id).await?;
        let rendering = call.rendering();
        data.push(render::webhook_endpoint::webhook_endpoint(&rendering, endpoint, cursor.as_ref(), None));
    }
    Ok(Answer::new(envelope(&call, &page, data)?))
}

/// `DELETE /v1/webhook_endpoints/{id}`
pub async fn delete(mut call: Call) -> Result<Answer, ApiError> {
    let id: WebhookEndpointId = call.id("id", "webhook endpoint", "id")?;
    call.finish()?;
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.begin().await?;
    lock(&mut tx, account, &id).await?;
    webhooks::remove(&mut tx, account, &id).await?;
    tx.commit().await?;
    Ok(Answer::new(deleted(&id)))
}

async fn lock(tx: &mut Tx, account: &AccountId, id: &WebhookEndpointId) -> Result<WebhookEndpoint, ApiError> {
    let locked = objects::lock::<WebhookEndpoint>(tx, account, id).await?;
    locked.map(|locked| locked.object).ok_or_else(|| missing(id, "webhook endpoint", "id"))
}

/// Nothing of an endpoint can be expanded.
fn no_expansion(params: &mut Params) -> Result<(), ApiError> {
    match params.texts("expand", TYPE_MAX)? {
        Given::Set(paths) if !paths.is_empty() => {
            let path = paths.first().map_or_else(String::new, |path| quoted(path));
            Err(ApiError::invalid("expand", None, format!("This property cannot be expanded ({path}).")))
        }
        _ => Ok(()),
    }
}

async fn finish(
    call: &Call,
    mut tx: Tx,
    endpoint: &WebhookEndpoint,
    secret: Option<&Secret>,
) -> Result<Answer, ApiError> {
    let cursor = webhooks::load(&mut tx, &call.merchant.account.id, &endpoint.id).await?;
    let body =
        render::webhook_endpoint::webhook_endpoint(&call.rendering(), endpoint, cursor.as_ref(), secret);
    call.commit(tx, endpoint.id.as_str(), body).await
}
