//! Customers with their agreements, brought in from a file.
//!
//! The whole file is read and checked before anything is done ([`table`]): a fault anywhere, and nothing is imported.
//! What is good is written down with the ids that its customers will have ([`accept`]), and a worker makes them, each
//! row in a transaction of its own (`row`). So a crash leaves rows that are done and rows that are not, and nothing
//! in between. A row that cannot be imported is parked with the reason and holds up no other.

pub mod accept;
mod entry;
mod row;
pub mod table;

pub use entry::REFERENCE_MAX;

use std::sync::Arc;
use std::time::Duration;

use onfile_core::ids::{AccountId, ImportId};
use onfile_service::db::DbError;
use tokio::task::JoinSet;

use crate::app::App;
use crate::model::import::{Import, ImportState};
use crate::payments::Cause;
use crate::store::{accounts, imports, objects};
use crate::work::rounds;

use row::Done;

/// How often we look for something to do.
const TICK: Duration = Duration::from_secs(1);
/// How many imports are looked after in one tick.
const PER_TICK: u32 = 8;
/// How many rows are taken at a time. Their vault calls are under way together.
const SET: u32 = 32;
/// When an import is gone on with after the vault or the database could not be reached.
const RETRY_MS: i64 = 2_000;

/// Imports until the process is told to stop.
pub async fn run(app: Arc<App>) {
    let failed = "imports could not be looked for";
    rounds(app.shutdown.clone(), TICK, failed, || async { once(&app).await }).await;
}

/// Goes on with the imports that nobody works on.
///
/// # Errors
/// When the database fails.
pub async fn once(app: &Arc<App>) -> Result<(), DbError> {
    let left = imports::abandoned(&mut app.db.read().await?, app.now_ms(), PER_TICK).await?;
    for (account, import) in left {
        work(app, &account, &import).await?;
    }
    Ok(())
}

/// Begins with a new import at once, in the background, where this process does the work.
pub(crate) fn begin(app: &Arc<App>, account: AccountId, import: ImportId) {
    if !app.config.work.in_server {
        return;
    }
    let app = Arc::clone(app);
    tokio::spawn(async move {
        if let Err(error) = work(&app, &account, &import).await {
            tracing::warn!(%import, %error, "an import stopped; it goes on soon");
        }
    });
}

/// Takes an import and does what is left of it, unless somebody else has it.
async fn work(app: &Arc<App>, account: &AccountId, id: &ImportId) -> Result<(), DbError> {
    let mut tx = app.db.begin().await?;
    let now_ms = app.now_ms();
    if !imports::claim(&mut tx, account, id, now_ms, now_ms + app.config.processing.lease_ms).await? {
        return Ok(());
    }
    tx.commit().await?;
    let mut tx = app.db.read().await?;
    let Some(stored) = accounts::load(&mut tx, account).await? else { return Ok(()) };
    let Some(import) = objects::load::<Import>(&mut tx, account, id).await? else { return Ok(()) };
    drop(tx);
    let import = Arc::new(import.object);
    let cause = Cause { request_id: Some(import.request.clone()), ..Cause::worker(stored.account) };
    while !app.shutdown.is_requested() && set(app, &cause, &import).await? {}
    Ok(())
}

/// One set of rows. False when no more can be done now: because all are done, or because something is not reachable.
async fn set(app: &Arc<App>, cause: &Cause, import: &Arc<Import>) -> Result<bool, DbError> {
    let account = &cause.account.id;
    let pending = imports::pending(&mut app.db.read().await?, account, &import.id, SET).await?;
    if pending.is_empty() {
        finish(app, cause, import).await?;
        return Ok(false);
    }
    row::make_prices(app, cause, import, &pending).await?;
    let mut tasks = JoinSet::new();
    for work in pending {
        let (app, cause, import) = (Arc::clone(app), cause.clone(), Arc::clone(import));
        tasks.spawn(async move { row::import(&app, &cause, &import, work).await });
    }
    let mut reachable = true;
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(Ok(Done::Row)) => {}
            Ok(Ok(Done::NotReachable)) => reachable = false,
            Ok(Err(error)) => {
                tracing::warn!(import = %import.id, %error, "a row could not be imported; it is tried again");
                reachable = false;
            }
            Err(error) => {
                tracing::error!(import = %import.id, %error, "a row broke off; it is tried again");
                reachable = false;
            }
        }
    }
    let until = app.now_ms() + if reachable { app.config.processing.lease_ms } else { RETRY_MS };
    let mut tx = app.db.begin().await?;
    imports::hold_until(&mut tx, account, &import.id, until).await?;
    tx.commit().await?;
    Ok(reachable)
}

async fn finish(app: &App, cause: &Cause, import: &Import) -> Result<(), DbError> {
    let account = &cause.account.id;
    let mut tx = app.db.begin().await?;
    let Some(locked) = objects::lock::<Import>(&mut tx, account, &import.id).await? else { return Ok(()) };
    let mut it = locked.object;
    if it.state == ImportState::Running {
        it.state = ImportState::Finished;
        it.finished_at = Some(app.now_seconds());
        objects::save(&mut tx, account, &it).await?;
    }
    tx.commit().await
}
