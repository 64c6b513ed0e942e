//! Delivers: finds endpoints that have something to be sent, takes their leases, sends, writes down what came of it.
//!
//! Whoever holds an endpoint's lease is the only one who sends to it, over all processes. What was sent is written
//! together with the giving back of the lease; a process that dies in between leaves a lease that runs out, and the
//! events are sent again (at least once).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use onfile_core::ids::{AccountId, Id, WebhookEndpointId};
use onfile_service::db::DbError;
use onfile_service::secret::Secret;
use tokio::task::JoinSet;

use super::parcel::{self, Outstanding, Parcel};
use super::target::Trust;
use super::{schedule, signature};
use crate::app::App;
use crate::model::account::Account;
use crate::model::webhook_delivery::Try;
use crate::model::webhook_endpoint::{EndpointStatus, WebhookEndpoint};
use crate::store::webhooks::Cursor;
use crate::store::{accounts, deliveries, event_order, objects, webhooks};

/// How often we look for something to do when nobody wakes us.
const TICK: Duration = Duration::from_secs(1);
/// How many endpoints a process sends to at the same time.
const ENDPOINTS_AT_ONCE: usize = 256;
/// Events that are looked at in one turn, wanted or not.
const LOOKED_AT: u32 = 1_000;
/// New events that are sent in one turn. As many at once say that the endpoint has fallen behind.
const SENT_MAX: usize = 32;
/// Failed deliveries that are tried again in one turn.
const RETRIES_MAX: u32 = 16;
/// How many requests one endpoint gets at the same time when it has fallen behind.
const LANES_MAX: usize = 8;
/// After how long a turn begins nothing more, in milliseconds.
const TURN_MS: i64 = 20_000;
/// What a lease is longer than the longest turn, in milliseconds.
const LEASE_MARGIN_MS: i64 = 30_000;
/// How many base-62 digits name a lease.
const LEASE_DIGITS: usize = 22;

/// Delivers for ever; ends when the process does.
pub async fn run(app: Arc<App>) {
    let mut work = JoinSet::new();
    loop {
        if let Err(error) = start(&app, &mut work).await {
            tracing::warn!(%error, "webhooks could not be sent yet; trying again");
        }
        tokio::select! {
            () = app.webhooks.wake.notified() => {}
            () = tokio::time::sleep(TICK) => {}
            Some(ended) = work.join_next() => report(ended),
        }
        while let Some(ended) = work.try_join_next() {
            report(ended);
        }
    }
}

/// Gives every endpoint that is due one turn, and waits for all; answers how many turns there were.
///
/// # Errors
/// When the database fails.
pub async fn once(app: &Arc<App>) -> Result<usize, DbError> {
    let mut work = JoinSet::new();
    start(app, &mut work).await?;
    let turns = work.len();
    while let Some(ended) = work.join_next().await {
        report(ended);
    }
    Ok(turns)
}

fn report(ended: Result<Result<(), DbError>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a webhook endpoint's turn failed; it gets another"),
        Err(error) => tracing::error!(%error, "a webhook endpoint's turn broke off; it gets another"),
    }
}

async fn start(app: &Arc<App>, work: &mut JoinSet<Result<(), DbError>>) -> Result<(), DbError> {
    let room = u32::try_from(ENDPOINTS_AT_ONCE.saturating_sub(work.len())).unwrap_or(0);
    if room == 0 {
        return Ok(());
    }
    let due = webhooks::due(&mut app.db.read().await?, app.now_ms(), room).await?;
    for of in due {
        let lease = app.ids.secret(LEASE_DIGITS);
        let until = app.now_ms().saturating_add(lease_ms(app));
        let mut tx = app.db.begin().await?;
        let claimed = webhooks::claim(&mut tx, &of, &lease, app.now_ms(), until).await?;
        tx.commit().await?;
        if let Some(cursor) = claimed {
            let app = Arc::clone(app);
            work.spawn(async move { turn(&app, cursor).await });
        }
    }
    Ok(())
}

fn lease_ms(app: &App) -> i64 {
    let timeout = i64::try_from(app.config.webhooks.timeout_ms).unwrap_or(i64::MAX);
    TURN_MS.saturating_add(timeout).saturating_add(LEASE_MARGIN_MS)
}

/// What a turn sends, and where the cursor is afterwards if all of it was tried.
struct Load {
    account: Account,
    endpoint: WebhookEndpoint,
    secrets: Vec<Secret>,
    parcels: Vec<Parcel>,
    /// Whether as much as one turn takes was waiting.
    behind: bool,
    position: i64,
}

/// One turn of one endpoint.
async fn turn(app: &Arc<App>, cursor: Cursor) -> Result<(), DbError> {
    let began_ms = app.now_ms();
    let Some(load) = load(app, &cursor, began_ms).await? else {
        return Ok(());
    };
    let shared = Arc::new(Shared {
        app: Arc::clone(app),
        trust: Trust::of(&load.account, &app.config.webhooks),
        account: load.account,
        endpoint: load.endpoint,
        secrets: load.secrets,
        ends_ms: began_ms.saturating_add(TURN_MS),
        failures: AtomicI64::new(cursor.failures),
        arrived: AtomicBool::new(false),
    });
    let (tried, untried) = send_all(&shared, load.parcels, load.behind).await;
    // What was not tried is still ahead of the cursor; it skips what has a row.
    let position = untried.into_iter().min().map_or(load.position, |first| load.position.min(first - 1));
    let after = fared(app, &shared, Cursor { position, ..cursor });
    finish(app, &shared, after, tried).await?;
    app.webhooks.wake();
    Ok(())
}

async fn load(app: &App, cursor: &Cursor, now_ms: i64) -> Result<Option<Load>, DbError> {
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
        chosen.push((event, delivery, true));
    }
    let (mut position, mut behind) = (cursor.position, false);
    if cursor.rest_until <= now_ms {
        // The end is read first: what it counts is there to be read.
        let end = event_order::head(&mut tx, id).await?.last;
        let waiting = deliveries::waiting(&mut tx, id, &cursor.endpoint, position, LOOKED_AT).await?;
        position = match waiting.last() {
            Some(last) if u32::try_from(waiting.len()).unwrap_or(LOOKED_AT) >= LOOKED_AT => last.sequence,
            _ => end.max(position),
        };
        let mut wanted = waiting.iter().filter(|waiting| endpoint.wants(&waiting.kind));
        for waiting in wanted.by_ref().take(SENT_MAX) {
            let (event, key_id) = parcel::load(&mut tx, app, id, &waiting.event).await?;
            let delivery = parcel::fresh(app, &cursor.endpoint, &event, key_id);
            chosen.push((event, delivery, false));
        }
        if let Some(next) = wanted.next() {
            behind = true;
            position = next.sequence - 1;
        }
    }
    let events: Vec<_> = chosen.iter().map(|(event, ..)| event.clone()).collect();
    let outstanding = Outstanding::load(&mut tx, id, &events).await?;
    let mut parcels = Vec::with_capacity(chosen.len());
    for (event, delivery, again) in chosen {
        let body = parcel::body(&mut tx, app, &account, &event, &outstanding).await?;
        let sequence = event.sequence.unwrap_or_default();
        parcels.push(Parcel { sequence, object_id: event.object_id, body, delivery, again });
    }
    Ok(Some(Load { account, endpoint, secrets, parcels, behind, position }))
}

/// What the requests of one turn have in common.
struct Shared {
    app: Arc<App>,
    account: Account,
    endpoint: WebhookEndpoint,
    secrets: Vec<Secret>,
    trust: Trust,
    ends_ms: i64,
    /// Tries in a row that failed, those before this turn included.
    failures: AtomicI64,
    /// Whether anything arrived in this turn.
    arrived: AtomicBool,
}

impl Shared {
    /// Whether there is time to begin one more. Retries have schedules of their own; new events wait while the endpoint
    /// fails.
    fn goes_on(&self, parcel: &Parcel) -> bool {
        let fails = self.failures.load(Ordering::Relaxed) >= schedule::FAILURES_UNTIL_REST;
        (parcel.again || !fails) && self.app.now_ms() < self.ends_ms
    }

    async fn post(&self, parcel: &Parcel) -> Try {
        let began_ms = self.app.now_ms();
        // Signed for this very moment: receivers refuse what is older than some minutes.
        let signature = signature::header(&self.secrets, self.app.now_seconds(), &parcel.body);
        let sent = self
            .app
            .webhooks
            .sender
            .post(&self.endpoint.url, self.trust, &signature, parcel.body.clone())
            .await;
        let tried = parcel::tried(sent, began_ms, self.app.now_ms());
        if tried.succeeded() {
            self.failures.store(0, Ordering::Relaxed);
            self.arrived.store(true, Ordering::Relaxed);
        } else {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        tried
    }
}

/// Sends everything that can be sent in this turn; answers what was tried, and the numbers of new events that were not.
async fn send_all(shared: &Arc<Shared>, parcels: Vec<Parcel>, behind: bool) -> (Vec<Parcel>, Vec<i64>) {
    let mut work = JoinSet::new();
    for lane in lanes(parcels, if behind { LANES_MAX } else { 1 }) {
        let shared = Arc::clone(shared);
        work.spawn(async move { send_lane(&shared, lane).await });
    }
    let (mut tried, mut untried) = (Vec::new(), Vec::new());
    while let Some(ended) = work.join_next().await {
        match ended {
            Ok((mut of_lane, mut left)) => {
                tried.append(&mut of_lane);
                untried.append(&mut left);
            }
            Err(error) => tracing::error!(%error, "a request to a webhook endpoint broke off"),
        }
    }
    (tried, untried)
}

/// Parcels of one object are in one lane, in their order.
fn lanes(parcels: Vec<Parcel>, most: usize) -> Vec<Vec<Parcel>> {
    let mut lanes: Vec<Vec<Parcel>> = Vec::new();
    let mut of_object: HashMap<String, usize> = HashMap::new();
    for parcel in parcels {
        let next = of_object.len() % most.max(1);
        let at = *of_object.entry(parcel.object_id.clone()).or_insert(next);
        match lanes.get_mut(at) {
            Some(lane) => lane.push(parcel),
            None => lanes.push(vec![parcel]),
        }
    }
    lanes
}

async fn send_lane(shared: &Shared, lane: Vec<Parcel>) -> (Vec<Parcel>, Vec<i64>) {
    let (mut tried, mut untried) = (Vec::new(), Vec::new());
    let (mut first, delay) = (true, shared.app.config.webhooks.retry_delay_ms);
    for mut parcel in lane {
        // The first of a turn always goes out: it finds out whether a failing endpoint is back.
        if !first && !shared.goes_on(&parcel) {
            if !parcel.again {
                untried.push(parcel.sequence);
            }
            continue;
        }
        first = false;
        let outcome = shared.post(&parcel).await;
        parcel::note(&mut parcel.delivery, outcome, &shared.app.webhooks, delay);
        tried.push(parcel);
    }
    (tried, untried)
}

/// How the endpoint fares after the turn.
fn fared(app: &App, shared: &Shared, mut cursor: Cursor) -> Cursor {
    let now_ms = app.now_ms();
    let config = &app.config.webhooks;
    cursor.failures = shared.failures.load(Ordering::Relaxed);
    if shared.arrived.load(Ordering::Relaxed) || cursor.failures == 0 {
        cursor.failing_since = None;
    }
    if cursor.failures > 0 && cursor.failing_since.is_none() {
        cursor.failing_since = Some(now_ms);
    }
    let rest = schedule::rest_ms(cursor.failures, config.retry_delay_ms, app.webhooks.random.as_ref());
    cursor.rest_until = rest.map_or(0, |rest| now_ms.saturating_add(rest));
    cursor
}

async fn finish(app: &App, shared: &Shared, cursor: Cursor, tried: Vec<Parcel>) -> Result<(), DbError> {
    let account = &shared.account.id;
    let now_ms = app.now_ms();
    let given_up =
        cursor.failing_since.is_some_and(|since| now_ms - since >= app.config.webhooks.disable_after_ms);
    let mut tx = app.db.begin().await?;
    // The endpoint's row is locked before its cursor, as by those who change it.
    let locked = match given_up {
        true => objects::lock::<WebhookEndpoint>(&mut tx, account, &cursor.endpoint).await?,
        false => None,
    };
    if !webhooks::hand_back(&mut tx, &cursor, now_ms).await? {
        let endpoint = cursor.endpoint.as_str();
        tracing::info!(endpoint, "the endpoint was changed, or its lease ran out, while it was sent events");
        return Ok(());
    }
    for parcel in &tried {
        deliveries::save(&mut tx, app, account, &parcel.delivery).await?;
    }
    webhooks::schedule(&mut tx, account, &cursor.endpoint).await?;
    if let Some(locked) = locked {
        disable(&mut tx, app, account, locked.object).await?;
    }
    tx.commit().await
}

/// Nothing has arrived for too long.
async fn disable(
    tx: &mut onfile_service::db::Tx,
    app: &App,
    account: &AccountId,
    mut endpoint: WebhookEndpoint,
) -> Result<(), DbError> {
    endpoint.status = EndpointStatus::Disabled;
    endpoint.given_up = Some(app.now_seconds());
    objects::save(tx, account, &endpoint).await?;
    webhooks::stop(tx, account, &endpoint.id).await?;
    log_given_up(account, &endpoint.id);
    Ok(())
}

fn log_given_up(account: &AccountId, endpoint: &WebhookEndpointId) {
    let (account, endpoint) = (account.as_str(), endpoint.as_str());
    tracing::error!(
        account,
        endpoint,
        "a webhook endpoint was disabled: nothing had arrived there for too long"
    );
}
