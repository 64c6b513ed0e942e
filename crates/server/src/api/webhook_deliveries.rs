//! The log of deliveries to webhook endpoints.

use onfile_core::ids::{EventId, Id, WebhookDeliveryId, WebhookEndpointId};

use super::missing;
use crate::model::webhook_delivery::{DeliveryState, WebhookDelivery};
use crate::render::webhook_delivery::webhook_delivery;
use crate::store::pages::{self, Page};
use crate::store::{deliveries, webhooks};
use crate::webhooks::GIVE_UP_AFTER_MS;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::list::{envelope, window};

/// What the log calls its rows in errors.
const NOUN: &str = "webhook delivery";

/// `GET /v1/onfile/webhook_deliveries`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<WebhookDeliveryId>(&mut call.params, NOUN, true)?;
    let endpoint: Option<WebhookEndpointId> = call.params.id("endpoint", "webhook endpoint")?;
    let event: Option<EventId> = call.params.id("event", "event")?;
    let state = call.params.word("state", &DeliveryState::WORDS)?.unwrap_or("%");
    call.finish()?;
    let (listing, filter) = match (&endpoint, &event) {
        (None, None) => (pages::DELIVERIES, vec![state]),
        (Some(endpoint), None) => (pages::DELIVERIES_TO, vec![state, endpoint.as_str()]),
        (None, Some(event)) => (pages::DELIVERIES_OF, vec![state, event.as_str()]),
        (Some(endpoint), Some(event)) => {
            (pages::DELIVERIES_OF_TO, vec![state, event.as_str(), endpoint.as_str()])
        }
    };
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.read().await?;
    let page: Page<_> = pages::rows(&mut tx, account, listing, &window, &filter).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    for row in &page.objects {
        let delivery = deliveries::from_row(&mut tx, &call.app, account, row).await?;
        data.push(webhook_delivery(&call.rendering(), &delivery));
    }
    Ok(Answer::new(envelope(&call, &page, data)?))
}

/// `GET /v1/onfile/webhook_deliveries/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: WebhookDeliveryId = call.id("id", NOUN, "id")?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let found = deliveries::load(&mut tx, &call.app, &call.merchant.account.id, &id).await?;
    let delivery = found.ok_or_else(|| missing(&id, NOUN, "id"))?;
    Ok(Answer::new(webhook_delivery(&call.rendering(), &delivery)))
}

/// `POST /v1/onfile/webhook_deliveries/{id}/retry`: sends it again right away, whatever became of it before.
pub async fn retry(mut call: Call) -> Result<Answer, ApiError> {
    let id: WebhookDeliveryId = call.id("id", NOUN, "id")?;
    call.finish()?;
    let account = &call.merchant.account.id;
    let found = deliveries::load(&mut call.app.db.read().await?, &call.app, account, &id).await?;
    let endpoint = found.ok_or_else(|| missing(&id, NOUN, "id"))?.endpoint;
    let mut tx = call.app.db.begin().await?;
    // The cursor is locked before the delivery, as by those who send.
    if !webhooks::schedule(&mut tx, account, &endpoint).await? {
        let message = format!("The endpoint {endpoint} is disabled or deleted; enable it first.");
        return Err(ApiError::invalid("", "webhook_endpoint_disabled", message));
    }
    let locked = deliveries::lock(&mut tx, &call.app, account, &id).await?;
    let now_ms = call.app.now_ms();
    let delivery = WebhookDelivery {
        state: DeliveryState::Pending,
        next_try: Some(now_ms),
        give_up: now_ms.saturating_add(GIVE_UP_AFTER_MS),
        ..locked.ok_or_else(|| missing(&id, NOUN, "id"))?
    };
    deliveries::save(&mut tx, &call.app, account, &delivery).await?;
    webhooks::schedule(&mut tx, account, &endpoint).await?;
    let body = webhook_delivery(&call.rendering(), &delivery);
    let answer = call.commit(tx, id.as_str(), body).await?;
    call.app.webhooks.wake();
    Ok(answer)
}
