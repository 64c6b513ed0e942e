//! What one turn of an endpoint sends: failed deliveries that are due, and the next events that it wants.

use onfile_core::ids::AccountId;
use onfile_service::db::{DbError, Tx};
use onfile_service::secret::Secret;

use super::parcel::{self, Outstanding, Parcel};
use crate::app::App;
use crate::model::account::Account;
use crate::model::event::Event;
use crate::model::webhook_delivery::WebhookDelivery;
use crate::model::webhook_endpoint::WebhookEndpoint;
use crate::store::webhooks::Cursor;
use crate::store::{accounts, deliveries, event_order, objects, webhooks};

/// Events that are looked at in one turn, wanted or not.
const LOOKED_AT: u32 = 1_000;
/// New events that are sent in one turn. If more are waiting, the endpoint has fallen behind.
const SENT_MAX: usize = 32;
/// Failed deliveries that are tried again in one turn.
const RETRIES_MAX: u32 = 16;

/// What a turn sends, and where the cursor is afterwards if all of it was tried.
pub(super) struct Load {
    pub account: Account,
    pub endpoint: WebhookEndpoint,
    pub secrets: Vec<Secret>,
    pub parcels: Vec<Parcel>,
    /// Whether more is waiting than one turn takes.
    pub behind: bool,
    pub position: i64,
}

/// Reads what is to be sent now; none when account or endpoint is gone.
///
/// # Errors
/// When the database fails, or what is sealed does not open.
pub(super) async fn load(app: &App, cursor: &Cursor, now_ms: i64) -> Result<Option<Load>, DbError> {
    let mut tx = app.db.read().await?;
    let id = &cursor.account;
    let account = accounts::load(&mut tx, id).await?;
    let endpoint = objects::load::<WebhookEndpoint>(&mut tx, id, &cursor.endpoint).await?;
    let (Some(account), Some(endpoint)) = (account, endpoint) else { return Ok(None) };
    let (account, endpoint) = (account.account, endpoint.object);
    let secrets = webhooks::secrets(&mut tx, &app.keys, id, &cursor.endpoint, now_ms).await?;
    let mut chosen = Vec::new();
    for delivery in deliveries::due(&mut tx, app, id, &cursor.endpoint, now_ms, RETRIES_MAX).await? {
        let (event, _) = parcel::load(&mut tx, app, id, &delivery.event).await?;
        chosen.push(Chosen { event, delivery, again: true });
    }
    let next = if cursor.rest_until <= now_ms {
        next(&mut tx, app, cursor, &endpoint, &mut chosen).await?
    } else {
        Next { position: cursor.position, behind: false }
    };
    let parcels = pack(&mut tx, app, &account, chosen).await?;
    Ok(Some(Load { account, endpoint, secrets, parcels, behind: next.behind, position: next.position }))
}

struct Chosen {
    event: Event,
    delivery: WebhookDelivery,
    again: bool,
}

struct Next {
    position: i64,
    behind: bool,
}

/// Chooses the next events that the endpoint wants.
async fn next(
    tx: &mut Tx,
    app: &App,
    cursor: &Cursor,
    endpoint: &WebhookEndpoint,
    chosen: &mut Vec<Chosen>,
) -> Result<Next, DbError> {
    let account = &cursor.account;
    // The end is read first: what it counts is there to be read.
    let end = event_order::head(tx, account).await?.last;
    let waiting = deliveries::waiting(tx, account, &cursor.endpoint, cursor.position, LOOKED_AT).await?;
    let full = u32::try_from(waiting.len()).unwrap_or(LOOKED_AT) >= LOOKED_AT;
    let position = waiting.last().filter(|_| full).map_or(end.max(cursor.position), |last| last.sequence);
    let mut wanted = waiting.iter().filter(|waiting| endpoint.wants(&waiting.kind));
    for waiting in wanted.by_ref().take(SENT_MAX) {
        let (event, key_id) = parcel::load(tx, app, account, &waiting.event).await?;
        let delivery = parcel::fresh(app, &cursor.endpoint, &event, key_id);
        chosen.push(Chosen { event, delivery, again: false });
    }
    Ok(match wanted.next() {
        Some(beyond) => Next { position: beyond.sequence - 1, behind: true },
        None => Next { position, behind: false },
    })
}

async fn pack(
    tx: &mut Tx,
    app: &App,
    account: &Account,
    chosen: Vec<Chosen>,
) -> Result<Vec<Parcel>, DbError> {
    let events: Vec<Event> = chosen.iter().map(|chosen| chosen.event.clone()).collect();
    let id: &AccountId = &account.id;
    let outstanding = Outstanding::load(tx, id, &events).await?;
    let mut parcels = Vec::with_capacity(chosen.len());
    for Chosen { event, delivery, again } in chosen {
        let body = parcel::body(tx, app, account, &event, &outstanding).await?;
        let sequence = event.sequence.unwrap_or_default();
        parcels.push(Parcel { sequence, object_id: event.object_id, body, delivery, again });
    }
    Ok(parcels)
}
