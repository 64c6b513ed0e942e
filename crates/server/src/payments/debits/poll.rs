//! Looking up debits: pending ones until the bank decides, settled ones until they can no longer come back.
//!
//! Only look-ups: what is pending has arrived, so nothing is ever sent again. The rhythm is slow, for nothing hurries:
//! banks speak once a day.

use std::sync::Arc;
use std::time::Duration;

use onfile_connectors::Verdict;

use crate::app::App;
use crate::model::account::Account;
use crate::model::operation::Operation;
use crate::store::accounts;
use crate::store::debits::{self, Waiting};
use crate::work::rounds;

use super::super::carry_out::look_up;
use super::super::settle::settle;
use super::super::{Cause, Error};
use super::taken_back;

/// How often we look for something to do.
const TICK: Duration = Duration::from_secs(1);
/// How many accounts are served in one tick.
const ACCOUNTS_PER_TICK: u32 = 64;
/// How many debits of one account are claimed at a time.
const DEBITS_PER_CLAIM: u32 = 32;

/// Looks up until the process is told to stop.
pub async fn run(app: Arc<App>) {
    let failed = "bank debits could not be looked up";
    rounds(app.shutdown.clone(), TICK, failed, || async { once(&app, app.now_ms()).await }).await;
}

/// Looks up what is due at this moment, Unix milliseconds, account by account.
///
/// # Errors
/// When the database fails.
pub async fn once(app: &Arc<App>, now_ms: i64) -> Result<(), Error> {
    for waiting in [Waiting::Pending, Waiting::Settled] {
        let mut tx = app.db.read().await?;
        let due = debits::accounts_due(&mut tx, waiting, now_ms, ACCOUNTS_PER_TICK).await?;
        drop(tx);
        for account in due {
            let account = accounts::load(&mut app.db.read().await?, &account).await?;
            if let Some(stored) = account {
                serve(app, stored.account, waiting, now_ms).await?;
            }
        }
    }
    Ok(())
}

async fn serve(app: &Arc<App>, account: Account, waiting: Waiting, now_ms: i64) -> Result<(), Error> {
    let rest = match waiting {
        Waiting::Pending => app.config.processing.pending_check_ms,
        Waiting::Settled => app.config.processing.return_check_ms,
    };
    let mut tx = app.db.begin().await?;
    let claimed =
        debits::claim_due(&mut tx, waiting, &account.id, now_ms, now_ms + rest, DEBITS_PER_CLAIM).await?;
    tx.commit().await?;
    let cause = Cause::worker(account);
    let work: Vec<_> = claimed
        .into_iter()
        .map(|operation| {
            let (app, cause) = (Arc::clone(app), cause.clone());
            tokio::spawn(async move { look(&app, &cause, &operation, waiting).await })
        })
        .collect();
    for task in work {
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a debit could not be settled; it is looked up again"),
            Err(error) => tracing::error!(%error, "a look-up broke off; it is done again"),
        }
    }
    Ok(())
}

async fn look(app: &App, cause: &Cause, operation: &Operation, waiting: Waiting) -> Result<(), Error> {
    let report = look_up(app, operation).await;
    tracing::info!(operation = %operation.id, outcome = ?report.outcome, ?waiting, "looked up a bank debit");
    let verdict = report.answer.as_ref().map(|answer| answer.verdict.clone());
    match (waiting, verdict) {
        (Waiting::Pending, _) => settle(app, cause, &operation.id, &operation.debt, &report).await.map(drop),
        (Waiting::Settled, Some(Verdict::Returned { code })) => {
            taken_back::settle(app, cause, operation, &code).await
        }
        (Waiting::Settled, _) => Ok(()),
    }
}
