//! One run of one account, from the first thing due to the last outcome.

use std::sync::Arc;

use onfile_core::ids::{CustomerId, Id, SubscriptionId};
use onfile_service::db::DbError;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::app::App;
use crate::model::operation::Operation;
use crate::model::run::{Run, RunState};
use crate::model::subscription::Subscription;
use crate::model::test_clock::TestClock;
use crate::payments::Cause;
use crate::payments::dispatch::{Dispatch, IN_FLIGHT};
use crate::store::agreements::{self, Claim, HeldInvoice, REAL_TIME};
use crate::store::objects::{self, Versioned};
use crate::store::{runs, sets};

use super::super::issue::{How, issue};
use super::super::{Error, collect};

/// How many agreements, or invoices, are claimed and written in one transaction.
const SET: u32 = 200;

/// Whose due work, and in which time.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The clock of its customers; none for real time.
    pub clock: Option<TestClock>,
    /// `schedule`, `test_clock` or `staff`.
    pub trigger: &'static str,
}

impl Scope {
    fn key(&self) -> &str {
        self.clock.as_ref().map_or(REAL_TIME, |clock| clock.id.as_str())
    }

    /// Now for its customers, Unix seconds.
    fn now(&self, app: &App) -> i64 {
        self.clock.as_ref().map_or_else(|| app.now_seconds(), |clock| clock.frozen_time)
    }
}

/// Begins a run in the background: here, or by the processes that do the work. None when nothing is due.
///
/// # Errors
/// When the database fails.
pub async fn start(app: &Arc<App>, cause: &Cause, scope: Scope) -> Result<Option<Run>, Error> {
    let mut tx = app.db.read().await?;
    let until_ms = scope.now(app).saturating_mul(1000);
    if !agreements::anything_due(&mut tx, &cause.account.id, scope.key(), until_ms).await? {
        return Ok(None);
    }
    drop(tx);
    let begun = begin(app, cause, &scope, &mut None).await?;
    if app.config.work.in_server {
        let (app, cause) = (Arc::clone(app), cause.clone());
        tokio::spawn(async move {
            if let Err(error) = execute(&app, &cause, &scope).await {
                tracing::warn!(%error, "a run stopped; what is left of it is claimed again");
            }
        });
    }
    Ok(Some(begun))
}

/// Bills and collects everything that is due, until nothing is or we are told to stop: then what was begun is finished,
/// and others go on with the run. Answers with the run, or none when nothing was due.
///
/// # Errors
/// When the database fails: what was claimed is claimed again later.
pub async fn execute(app: &Arc<App>, cause: &Cause, scope: &Scope) -> Result<Option<Run>, Error> {
    let mut first_attempts = Dispatch::new(app, cause);
    let done = bill_and_collect(app, cause, scope, &mut first_attempts).await;
    // Also when the rest failed: what was begun comes to its end.
    first_attempts.finish().await;
    match done? {
        Some(run) => Ok(Some(close(app, cause, &run).await?)),
        None => Ok(None),
    }
}

async fn bill_and_collect(
    app: &Arc<App>,
    cause: &Cause,
    scope: &Scope,
    first_attempts: &mut Dispatch,
) -> Result<Option<Run>, Error> {
    let mut run = None;
    while !app.shutdown.is_requested()
        && let Some(operations) = bill_set(app, cause, scope, &mut run).await?
    {
        for operation in operations {
            first_attempts.send(operation).await;
        }
    }
    let mut further_attempts = Collecting::new(app, cause);
    while !app.shutdown.is_requested() {
        let invoices = claim_invoices(app, cause, scope).await?;
        if invoices.is_empty() {
            break;
        }
        let run = begin(app, cause, scope, &mut run).await?;
        for invoice in invoices {
            further_attempts.collect(invoice, &run, scope.now(app)).await;
        }
        // What is tried again is not due again at once, but an attempt that could not be made may be.
        further_attempts.finish().await;
    }
    Ok(run)
}

/// Claims and bills one set. None when nothing is due any more.
async fn bill_set(
    app: &Arc<App>,
    cause: &Cause,
    scope: &Scope,
    run: &mut Option<Run>,
) -> Result<Option<Vec<Operation>>, Error> {
    let account = &cause.account.id;
    let claim = claim(app, scope);
    let mut tx = app.db.begin().await?;
    let ids = agreements::claim_subscriptions(&mut tx, account, &claim).await?;
    tx.commit().await?;
    if ids.is_empty() {
        return Ok(None);
    }
    let run = begin(app, cause, scope, run).await?;
    let mut tx = app.db.begin().await?;
    let ours = agreements::hand_in_subscriptions(&mut tx, account, &ids, claim.lease_until).await?;
    if ours.len() < ids.len() {
        let lost = ids.len() - ours.len();
        tracing::warn!(run = %run.id, lost, "the lease was over before a set was billed; others bill it");
    }
    let refs: Vec<&SubscriptionId> = ours.iter().collect();
    let locked = sets::lock::<Subscription>(&mut tx, account, &refs).await?;
    tx.gather();
    let customers: Vec<&CustomerId> = locked.iter().map(|found| &found.object.customer).collect();
    app.keys.load_ahead(&mut tx, account, &customers).await?;
    let how = How { now: scope.now(app), run: Some(run.id.clone()), hold: false };
    let issued = issue(&mut tx, app, cause, locked, &how).await?;
    tx.commit().await?;
    tracing::info!(run = %run.id, agreements = issued.agreements, invoices = issued.invoices.len(), "billed a set");
    Ok(Some(issued.operations))
}

async fn claim_invoices(app: &App, cause: &Cause, scope: &Scope) -> Result<Vec<HeldInvoice>, Error> {
    let mut tx = app.db.begin().await?;
    let claimed = agreements::claim_invoices(&mut tx, &cause.account.id, &claim(app, scope)).await?;
    tx.commit().await?;
    Ok(claimed)
}

/// Claimed work belongs to its claimer for as long as a sent operation does. Writing a set takes milliseconds; what takes
/// longer than the lease is taken over by somebody else, and nobody is harmed.
fn claim<'a>(app: &App, scope: &'a Scope) -> Claim<'a> {
    let now_ms = app.now_ms();
    Claim {
        clock: scope.key(),
        until_ms: scope.now(app) * 1000,
        now_ms,
        lease_until: now_ms + app.config.processing.lease_ms,
        limit: SET,
    }
}

/// The run that this work belongs to: the one that is running, else a new one. Nodes that begin together share one.
async fn begin(app: &App, cause: &Cause, scope: &Scope, run: &mut Option<Run>) -> Result<Run, Error> {
    if let Some(run) = run {
        return Ok(run.clone());
    }
    let account = &cause.account.id;
    let begun = match runs::running(&mut app.db.read().await?, account, scope.key()).await? {
        Some(found) => Some(found.object),
        None => create(app, cause, scope).await?,
    };
    let begun = if let Some(begun) = begun {
        begun
    } else {
        let found = runs::running(&mut app.db.read().await?, account, scope.key()).await?;
        found.ok_or_else(|| DbError::Inconsistent("a running run is gone".into()))?.object
    };
    *run = Some(begun.clone());
    Ok(begun)
}

/// A new run; none when another node was quicker.
async fn create(app: &App, cause: &Cause, scope: &Scope) -> Result<Option<Run>, Error> {
    let new = Run {
        id: app.ids.next(),
        created: scope.now(app),
        due_until: scope.now(app),
        state: RunState::Running,
        trigger: scope.trigger.to_owned(),
        finished_at: None,
        test_clock: scope.clock.as_ref().map(|clock| clock.id.clone()),
    };
    let mut tx = app.db.begin().await?;
    match objects::insert(&mut tx, &cause.account.id, &new).await {
        Ok(()) => {}
        Err(DbError::Duplicate(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    tx.commit().await?;
    Ok(Some(new))
}

/// Takes no more work into a run when nothing is due any more, be it claimed by somebody else; it is over once every
/// outcome is known.
///
/// # Errors
/// When the database fails.
pub(super) async fn close(app: &App, cause: &Cause, run: &Run) -> Result<Run, Error> {
    let account = &cause.account.id;
    let mut tx = app.db.begin().await?;
    let locked: Option<Versioned<Run>> = objects::lock(&mut tx, account, &run.id).await?;
    let mut it = locked.ok_or_else(|| DbError::Inconsistent("a run is gone".into()))?.object;
    let before = it.state;
    if before == RunState::Running {
        let (clock, until) = match &it.test_clock {
            Some(clock) => (clock.as_str(), it.due_until),
            None => (REAL_TIME, app.now_seconds()),
        };
        if !agreements::anything_due(&mut tx, account, clock, until.saturating_mul(1000)).await? {
            it.state = RunState::Finishing;
        }
    }
    if it.state == RunState::Finishing && !runs::has_open_items(&mut tx, account, &it.id).await? {
        it.state = RunState::Finished;
        it.finished_at = Some(app.now_seconds());
    }
    if it.state != before {
        objects::save(&mut tx, account, &it).await?;
        tx.commit().await?;
    }
    Ok(it)
}

/// The invoices of a run that are being collected again, each in transactions of its own: its method and mandate are
/// looked at once more.
struct Collecting<'a> {
    app: &'a Arc<App>,
    cause: &'a Cause,
    places: Arc<Semaphore>,
    tasks: JoinSet<()>,
}

impl<'a> Collecting<'a> {
    fn new(app: &'a Arc<App>, cause: &'a Cause) -> Self {
        Self { app, cause, places: Arc::new(Semaphore::new(IN_FLIGHT)), tasks: JoinSet::new() }
    }

    /// Collects an invoice again as soon as there is a place.
    async fn collect(&mut self, invoice: HeldInvoice, run: &Run, now: i64) {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let (app, cause, run) = (Arc::clone(self.app), self.cause.clone(), run.id.clone());
        self.tasks.spawn(async move {
            if let Err(error) = collect::again(&app, &cause, &invoice, &run, now).await {
                tracing::warn!(invoice = %invoice.id, %error, "an invoice could not be collected again; it is claimed again later");
            }
            drop(place);
        });
        while self.tasks.try_join_next().is_some() {}
    }

    async fn finish(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}
