//! Finding out what became of operations whose outcome is not known (M1): those whose sender died or got no answer.
//!
//! A look-up by our reference comes first. If the processor does not know the operation, the same request is sent
//! again under the same key, unless a security code or 3-D Secure proof went along, or the vault cannot send it any
//! more; those are looked up until the processor has had time enough to be believed. Nothing ever becomes *failed*
//! because time passed.

use std::sync::Arc;
use std::time::Duration;

use onfile_core::operation::{OperationState, Outcome};

use crate::app::App;
use crate::model::account::Account;
use crate::model::operation::Operation;
use crate::store::{accounts, operations};
use crate::work::rounds;

use super::carry_out::{Report, look_up, nothing, send};
use super::settle::settle;
use super::{Cause, Error};

/// How often we look for something to do.
const TICK: Duration = Duration::from_secs(1);
/// How many accounts are served in one tick.
const ACCOUNTS_PER_TICK: u32 = 64;
/// How many operations of one account are claimed at a time.
const OPERATIONS_PER_CLAIM: u32 = 32;

/// Resolves until the process is told to stop.
pub async fn run(app: Arc<App>) {
    let failed = "unknown outcomes could not be looked up";
    rounds(app.shutdown.clone(), TICK, failed, || async { once(&app).await }).await;
}

/// Looks up everything that is due now, account by account.
///
/// # Errors
/// When the database fails.
pub async fn once(app: &Arc<App>) -> Result<(), Error> {
    let due = operations::accounts_due(&mut app.db.read().await?, app.now_ms(), ACCOUNTS_PER_TICK).await?;
    for account in due {
        let account = accounts::load(&mut app.db.read().await?, &account).await?;
        if let Some(stored) = account {
            resolve_account(app, stored.account).await?;
        }
    }
    Ok(())
}

async fn resolve_account(app: &Arc<App>, account: Account) -> Result<(), Error> {
    let now_ms = app.now_ms();
    let lease_until = now_ms + app.config.processing.lease_ms;
    let mut tx = app.db.begin().await?;
    let claimed =
        operations::claim_due(&mut tx, &account.id, now_ms, lease_until, OPERATIONS_PER_CLAIM).await?;
    tx.commit().await?;
    let cause = Cause::worker(account);
    let work: Vec<_> = claimed
        .into_iter()
        .map(|operation| {
            let (app, cause) = (Arc::clone(app), cause.clone());
            tokio::spawn(async move { resolve(&app, &cause, operation, lease_until).await })
        })
        .collect();
    for task in work {
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "an outcome could not be settled; it is looked up again");
            }
            Err(error) => tracing::error!(%error, "a look-up broke off; it is done again"),
        }
    }
    Ok(())
}

async fn resolve(app: &App, cause: &Cause, operation: Operation, lease_until: i64) -> Result<(), Error> {
    if operation.state == OperationState::Sending {
        // Whoever sent it is gone. From here on only an answer moves it: not even "not sent" is believed.
        let orphaned = nothing(Outcome::NoAnswer, false, "its sender stopped".into());
        let settled = settle(app, cause, &operation.id, &operation.debt, &orphaned).await?;
        if !settled.state().is_open() {
            // It was only slow, and came first. What it said counts: the caller may have been told that nothing was
            // sent, so nothing must be.
            return Ok(());
        }
    }
    let report = find_out(app, &operation, lease_until).await;
    tracing::info!(operation = %operation.id, outcome = ?report.outcome, "looked up an unknown outcome");
    settle(app, cause, &operation.id, &operation.debt, &report).await.map(drop)
}

async fn find_out(app: &App, operation: &Operation, lease_until: i64) -> Report {
    let found = look_up(app, operation).await;
    if found.outcome != Outcome::Absent {
        return found;
    }
    let now_ms = app.now_ms();
    if now_ms >= lease_until {
        return nothing(Outcome::NoAnswer, false, "the look-up took so long that others do it again".into());
    }
    if !operation.doc.never_resend {
        // Whatever this brings: the look-up was before it, and says nothing any more.
        return send(app, operation, lease_until).await;
    }
    // Nobody sends after the lease of the first sender.
    let left_at = operation.doc.left_at.unwrap_or(operation.created + app.config.processing.lease_ms);
    if now_ms - left_at > app.config.processing.absent_is_final_after_ms {
        return found;
    }
    nothing(Outcome::NoAnswer, true, "the processor may still be working on it".into())
}
