//! One turn of one endpoint: it is sent what is due, and what came of it is written down.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use onfile_core::ids::{AccountId, Id};
use onfile_service::db::{DbError, Tx};
use onfile_service::secret::Secret;
use tokio::task::JoinSet;

use super::load::load;
use super::parcel::{self, Parcel};
use super::target::Trust;
use super::{schedule, signature};
use crate::app::App;
use crate::model::account::Account;
use crate::model::webhook_delivery::Try;
use crate::model::webhook_endpoint::{EndpointStatus, WebhookEndpoint};
use crate::store::webhooks::Cursor;
use crate::store::{deliveries, objects, webhooks};

/// How many requests one endpoint gets at the same time when it has fallen behind.
const LANES_MAX: usize = 8;
/// After how long a turn begins nothing more, in milliseconds.
pub(super) const TURN_MS: i64 = 10_000;

/// One turn of one endpoint, whose lease is ours.
///
/// # Errors
/// When the database fails; then the lease runs out, and what was sent is sent again.
pub(super) async fn turn(app: &Arc<App>, cursor: Cursor) -> Result<(), DbError> {
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
    let after = shared.fared(Cursor { position, ..cursor });
    finish(app, &shared, after, tried).await?;
    app.webhooks.wake();
    Ok(())
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

    /// How the endpoint fares after the turn.
    fn fared(&self, mut cursor: Cursor) -> Cursor {
        let now_ms = self.app.now_ms();
        let config = &self.app.config.webhooks;
        cursor.failures = self.failures.load(Ordering::Relaxed);
        if self.arrived.load(Ordering::Relaxed) || cursor.failures == 0 {
            cursor.failing_since = None;
        }
        if cursor.failures > 0 && cursor.failing_since.is_none() {
            cursor.failing_since = Some(now_ms);
        }
        let rest =
            schedule::rest_ms(cursor.failures, config.retry_delay_ms, self.app.webhooks.random.as_ref());
        cursor.rest_until = rest.map_or(0, |rest| now_ms.saturating_add(rest));
        cursor
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

async fn finish(app: &App, shared: &Shared, cursor: Cursor, tried: Vec<Parcel>) -> Result<(), DbError> {
    let account = &shared.account.id;
    let now_ms = app.now_ms();
    let given_up =
        cursor.failing_since.is_some_and(|since| now_ms - since >= app.config.webhooks.disable_after_ms);
    let mut tx = app.db.begin().await?;
    // The endpoint's row is locked before its cursor, as by those who change it.
    let locked = if given_up {
        objects::lock::<WebhookEndpoint>(&mut tx, account, &cursor.endpoint).await?
    } else {
        None
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
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    mut endpoint: WebhookEndpoint,
) -> Result<(), DbError> {
    endpoint.status = EndpointStatus::Disabled;
    endpoint.given_up = Some(app.now_seconds());
    objects::save(tx, account, &endpoint).await?;
    webhooks::stop(tx, account, &endpoint.id).await?;
    let (account, endpoint) = (account.as_str(), endpoint.id.as_str());
    tracing::error!(
        account,
        endpoint,
        "a webhook endpoint was disabled: nothing had arrived there for too long"
    );
    Ok(())
}
