//! Finds what is due, account by account, and does it.

use std::sync::Arc;
use std::time::Duration;

use onfile_core::ids::AccountId;
use onfile_service::db::DbError;
use tokio::task::JoinSet;

use crate::app::App;
use crate::model::run::Run;
use crate::payments::Cause;
use crate::store::{accounts, agreements, clocks, objects, runs};
use crate::work::rounds;

use super::super::{Error, clocks as moving};
use super::execute::{Scope, close, execute};

/// How often we look for something to do.
const TICK: Duration = Duration::from_secs(1);
/// How many accounts are served at a time.
const ACCOUNTS: u32 = 8;
/// How many runs and clocks are looked after in one tick.
const LEFT_OVER: u32 = 64;

/// Schedules until the process is told to stop.
pub async fn run(app: Arc<App>) {
    let failed = "what is due could not be looked for";
    rounds(app.shutdown.clone(), TICK, failed, || async { once(&app).await }).await;
}

/// Does everything that is due now; of several accounts at a time, so that a large one holds up no other.
///
/// # Errors
/// When the database fails.
pub async fn once(app: &Arc<App>) -> Result<(), Error> {
    let due = agreements::accounts_due(&mut app.db.read().await?, app.now_ms(), ACCOUNTS).await?;
    let mut tasks = JoinSet::new();
    for account in due {
        let Some(cause) = cause(app, &account).await? else { continue };
        let app = Arc::clone(app);
        tasks.spawn(async move { execute(&app, &cause, &Scope { clock: None, trigger: "schedule" }).await });
    }
    for (account, clock) in clocks::abandoned(&mut app.db.read().await?, app.now_ms(), LEFT_OVER).await? {
        let Some(cause) = cause(app, &account).await? else { continue };
        let app = Arc::clone(app);
        tasks.spawn(async move { moving::run(&app, &cause, &clock).await.map(|()| None) });
    }
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a run stopped; what is left of it is claimed again"),
            Err(error) => tracing::error!(%error, "a run broke off; what is left of it is claimed again"),
        }
    }
    finish(app).await
}

/// Ends the runs whose last outcomes have become known, whoever began them.
async fn finish(app: &Arc<App>) -> Result<(), Error> {
    for (account, id) in runs::unfinished(&mut app.db.read().await?, LEFT_OVER).await? {
        let Some(cause) = cause(app, &account).await? else { continue };
        let found = objects::load::<Run>(&mut app.db.read().await?, &account, &id).await?;
        if let Some(run) = found {
            close(app, &cause, &run.object).await?;
        }
    }
    Ok(())
}

async fn cause(app: &App, account: &AccountId) -> Result<Option<Cause>, DbError> {
    let found = accounts::load(&mut app.db.read().await?, account).await?;
    Ok(found.map(|stored| Cause::worker(stored.account)))
}
