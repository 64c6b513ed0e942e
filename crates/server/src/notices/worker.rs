//! Sends what is due: claimed by lease, written from the state of the moment, tried again ever less often.

use std::sync::Arc;
use std::time::Duration;

use onfile_service::db::DbError;

use super::kinds::{Desk, Written};
use super::post::{Mail, SendError};
use super::{NOT_CONFIGURED, sealed};
use crate::app::App;
use crate::model::account::Account;
use crate::model::notice::NoticeState;
use crate::store::accounts;
use crate::store::notices::{self, Outcome, Sealed};
use crate::work::rounds;

/// How often we look for something to do.
const TICK: Duration = Duration::from_secs(1);
/// How many accounts are served in one tick.
const ACCOUNTS_PER_TICK: u32 = 64;
/// How many notices of one account are claimed, and sent side by side, at a time.
const NOTICES_PER_CLAIM: u32 = 16;
/// How long a claimed notice is ours, in milliseconds: longer than sending may take.
const LEASE_MS: i64 = 180_000;
/// How often a notice is given to the mail server before it counts as failed: over most of a day.
const ATTEMPTS_MAX: i64 = 16;
/// The wait after the first try, in milliseconds; it doubles with every further one.
const DELAY_MS: i64 = 5_000;
/// The longest wait, in milliseconds: four hours.
const DELAY_MAX_MS: i64 = 14_400_000;
/// After so many doublings the wait is beyond [`DELAY_MAX_MS`].
const DOUBLINGS_MAX: i64 = 12;

/// Sends until the process is told to stop.
pub async fn run(app: Arc<App>) {
    if app.mailer.is_none() {
        tracing::warn!("[mail] is missing from the configuration: customers are sent no mail");
        // What was queued while it was there is still suppressed below, and says so.
    }
    let failed = "notices could not be sent";
    rounds(app.shutdown.clone(), TICK, failed, || async { once(&app).await }).await;
}

/// Sends everything that is due now, account by account.
///
/// # Errors
/// When the database fails.
pub async fn once(app: &Arc<App>) -> Result<(), DbError> {
    let due = notices::accounts_due(&mut app.db.read().await?, app.now_ms(), ACCOUNTS_PER_TICK).await?;
    for id in due {
        let account = accounts::load(&mut app.db.read().await?, &id).await?;
        if let Some(stored) = account {
            send_for(app, stored.account).await?;
        }
    }
    Ok(())
}

async fn send_for(app: &Arc<App>, account: Account) -> Result<(), DbError> {
    let now_ms = app.now_ms();
    let mut tx = app.db.begin().await?;
    let claimed =
        notices::claim_due(&mut tx, &account.id, now_ms, now_ms + LEASE_MS, NOTICES_PER_CLAIM).await?;
    tx.commit().await?;
    let account = Arc::new(account);
    let work: Vec<_> = claimed
        .into_iter()
        .map(|notice| {
            let (app, account) = (Arc::clone(app), Arc::clone(&account));
            tokio::spawn(async move { deliver(&app, &account, &notice).await })
        })
        .collect();
    for task in work {
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a notice could not be settled; it is sent again"),
            Err(error) => tracing::error!(%error, "sending a notice broke off; it is sent again"),
        }
    }
    Ok(())
}

async fn deliver(app: &App, account: &Account, claimed: &Sealed) -> Result<(), DbError> {
    let notice = &claimed.notice;
    let outcome = attempt(app, account, claimed).await?;
    let (state, reason) = (outcome.state.as_str(), outcome.reason.as_deref());
    tracing::info!(notice = %notice.id, kind = notice.kind, state, reason, "worked on a notice");
    let mut tx = app.db.begin().await?;
    if !notices::settle(&mut tx, &account.id, notice, &outcome, app.now_ms()).await? {
        tracing::warn!(notice = %notice.id, "a notice came to an end while it was being sent");
    }
    tx.commit().await
}

async fn attempt(app: &App, account: &Account, claimed: &Sealed) -> Result<Outcome, DbError> {
    let notice = &claimed.notice;
    let end = |state, reason: &str| Outcome { state, reason: Some(reason.to_owned()), due: notice.due };
    let suppressed = |reason: &str| end(NoticeState::Suppressed, reason);
    if notice.attempts > ATTEMPTS_MAX {
        // The last try was claimed, and whoever claimed it died.
        return Ok(end(NoticeState::Failed, &SendError::NoAnswer.to_string()));
    }
    let Some(mailer) = &app.mailer else { return Ok(suppressed(NOT_CONFIGURED)) };
    let desk = Desk { account, public_url: &app.config.public.url };
    // The transaction ends before anything is sent.
    let (recipient, letter) = {
        let mut tx = app.db.read().await?;
        let Some(inside) = sealed::open(&mut tx, app, &account.id, claimed).await? else {
            return Ok(suppressed("customer_erased"));
        };
        match inside.content.write(&mut tx, desk, notice).await? {
            Written::Letter(letter) => (inside.recipient, letter),
            Written::Untrue(reason) => return Ok(suppressed(reason)),
        }
    };
    let mail = Mail {
        notice: &notice.id,
        sender: &account.name,
        recipient: &recipient,
        letter: &letter,
        now: app.clock.now(),
    };
    Ok(match mailer.send(&mail).await {
        Ok(()) => Outcome { state: NoticeState::Sent, reason: None, due: notice.due },
        Err(error @ (SendError::Address | SendError::Refused(_))) => {
            end(NoticeState::Failed, &error.to_string())
        }
        Err(error) if notice.attempts >= ATTEMPTS_MAX => end(NoticeState::Failed, &error.to_string()),
        Err(error) => Outcome {
            state: NoticeState::Queued,
            reason: Some(error.to_string()),
            due: app.now_ms() + delay_ms(notice.attempts),
        },
    })
}

/// The wait after so many tries.
fn delay_ms(attempts: i64) -> i64 {
    (DELAY_MS << (attempts - 1).clamp(0, DOUBLINGS_MAX)).min(DELAY_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_four_hours_and_reach_over_most_of_a_day() {
        let waits: Vec<i64> = [0, 1, 2, 3, 12, 13, i64::MAX].into_iter().map(delay_ms).collect();
        assert_eq!(waits, [5_000, 5_000, 10_000, 20_000, 10_240_000, 14_400_000, 14_400_000]);
        let all: i64 = (1..ATTEMPTS_MAX).map(delay_ms).sum();
        assert!((12 * 3_600_000..24 * 3_600_000).contains(&all), "{all}");
    }

    #[test]
    fn a_lease_outlasts_sending() {
        assert!(i64::try_from(super::super::post::SEND_MAX.as_millis()).unwrap() * 2 < LEASE_MS);
    }
}
