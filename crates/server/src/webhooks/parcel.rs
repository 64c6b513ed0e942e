//! What is sent: an event as the API shows it, for one endpoint.

use std::collections::HashMap;

use onfile_core::ids::{AccountId, EventId, Id, WebhookDeliveryId, WebhookEndpointId};
use onfile_service::db::{DbError, Tx};

use super::sender::Sent;
use super::{Webhooks, schedule};
use crate::app::App;
use crate::model::account::Account;
use crate::model::event::Event;
use crate::model::webhook_delivery::{DeliveryState, TRIES_KEPT_MAX, Try, WebhookDelivery};
use crate::model::webhook_endpoint::WebhookEndpoint;
use crate::render;
use crate::render::full::Full;
use crate::store::{deliveries, events, webhooks};

/// An event that is ready to be sent.
#[derive(Debug)]
pub(super) struct Parcel {
    /// Its number in the account's order.
    pub sequence: i64,
    /// Which object it is about: its events are sent one after the other.
    pub object_id: String,
    /// The body.
    pub body: String,
    /// What was tried before, or a new delivery without a try.
    pub delivery: WebhookDelivery,
    /// Whether it was tried before.
    pub again: bool,
}

/// A delivery of which nothing was tried.
pub(super) fn fresh(
    app: &App,
    endpoint: &WebhookEndpointId,
    event: &Event,
    key_id: String,
) -> WebhookDelivery {
    let now_ms = app.now_ms();
    WebhookDelivery {
        id: app.ids.next::<WebhookDeliveryId>(),
        endpoint: endpoint.clone(),
        event: event.id.clone(),
        key_id,
        state: DeliveryState::Pending,
        next_try: None,
        give_up: now_ms.saturating_add(schedule::GIVE_UP_AFTER_MS),
        created: now_ms,
        tries: Vec::new(),
    }
}

/// The body: the event as the API shows it at this moment.
pub(super) async fn body(
    tx: &mut Tx,
    app: &App,
    account: &Account,
    event: &Event,
    outstanding: &Outstanding,
) -> Result<String, DbError> {
    let context = render::Context { account, public_url: &app.config.public.url, now: app.clock.now() };
    let pending = outstanding.of(event);
    Ok(Full::new(tx, context).event(event, pending).await?.to_string())
}

/// Writes a try into its delivery and decides when the next one is.
pub(super) fn note(delivery: &mut WebhookDelivery, latest: Try, webhooks: &Webhooks, first_delay_ms: i64) {
    let ended = latest.time.saturating_add(latest.duration_ms);
    let succeeded = latest.succeeded();
    if delivery.tries.len() >= TRIES_KEPT_MAX {
        delivery.tries.remove(0);
    }
    delivery.tries.push(latest);
    let tries = i64::try_from(delivery.tries.len()).unwrap_or(i64::MAX);
    let next = ended.saturating_add(schedule::delay_ms(tries, first_delay_ms, webhooks.random.as_ref()));
    (delivery.state, delivery.next_try) = if succeeded {
        (DeliveryState::Succeeded, None)
    } else if next > delivery.give_up {
        (DeliveryState::Failed, None)
    } else {
        (DeliveryState::Pending, Some(next))
    };
}

/// A try as it is kept.
pub(super) fn tried(sent: Sent, began_ms: i64, ended_ms: i64) -> Try {
    Try {
        time: began_ms,
        status: sent.status,
        error: sent.error,
        duration_ms: (ended_ms - began_ms).max(0),
        response: sent.response,
    }
}

/// How many deliveries of events are still to succeed: `pending_webhooks`.
#[derive(Debug, Default)]
pub struct Outstanding {
    endpoints: Vec<(WebhookEndpoint, i64)>,
    retried: HashMap<String, i64>,
}

impl Outstanding {
    /// Looks up what is to be known for these events.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(tx: &mut Tx, account: &AccountId, events: &[Event]) -> Result<Self, DbError> {
        let endpoints = webhooks::enabled(tx, account).await?;
        let ids = || events.iter().map(|event| event.id.as_str());
        let retried = match (ids().min(), ids().max()) {
            (Some(first), Some(last)) if !endpoints.is_empty() => {
                deliveries::pending_between(tx, account, first, last).await?
            }
            _ => HashMap::new(),
        };
        Ok(Self { endpoints, retried })
    }

    /// How many are outstanding of an event: endpoints that have not come to it, and deliveries that are tried again.
    pub fn of(&self, event: &Event) -> i64 {
        let sequence = event.sequence.unwrap_or(i64::MAX);
        let ahead = self
            .endpoints
            .iter()
            .filter(|(endpoint, position)| *position < sequence && endpoint.wants(&event.kind));
        let ahead = i64::try_from(ahead.count()).unwrap_or(i64::MAX);
        ahead.saturating_add(self.retried.get(event.id.as_str()).copied().unwrap_or_default())
    }
}

/// Loads an event with the id of the key that seals it.
pub(super) async fn load(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    id: &EventId,
) -> Result<(Event, String), DbError> {
    let found = events::load(tx, app, account, id).await?;
    found.ok_or_else(|| DbError::Inconsistent(format!("event {id} is gone")))
}
