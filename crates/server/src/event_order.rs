//! Numbers committed events (M7), so that a cursor can follow an account's order and miss nothing.
//!
//! Writers of events do nothing for it: a counter in their transactions would make all of an account's charges stand in
//! line. Instead this worker looks for events without a number, from a little before now on. An event whose transaction
//! takes longer than that is found by the next wider look; it then gets the next number, never one in between. Only the
//! widest look moves the mark below which nothing is searched, and it leaves `SETTLED_AFTER_S` for transactions
//! (which live for seconds) and for clocks that differ between machines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onfile_core::ids::{AccountId, EventId, id_bound_ms};
use onfile_service::db::DbError;
use tokio::sync::Notify;

use crate::app::App;
use crate::store::event_order::{self, Head};

/// How often accounts are looked at that wrote events a moment ago.
const ROUND_EVERY: Duration = Duration::from_millis(100);
/// A round that takes long is followed by a pause so many times as long: looking is never most of the work.
const PAUSE_TIMES: u32 = 4;
/// How often we look up when nothing happens in this process.
const TICK: Duration = Duration::from_secs(1);
/// How long after its last event an account counts as active, in milliseconds.
const ACTIVE_MS: i64 = 3_000;
/// How many active accounts are remembered; the others wait for the next wider look.
const ACTIVE_MAX: usize = 10_000;
/// How far back active accounts are searched in most rounds, in milliseconds: for what was written since the last one.
const NEAR_BACK_MS: i64 = 500;
/// How often, and how far, they are searched for events whose transactions took longer, in milliseconds.
const ACTIVE_EVERY_MS: i64 = 1_000;
const ACTIVE_BACK_MS: i64 = 3_000;
/// How often all accounts are searched a little further back, in milliseconds, and how far, in seconds.
const RECENT_EVERY_MS: i64 = 15_000;
const RECENT_BACK_MS: i64 = 60_000;
/// How often everything is searched that is not settled, in milliseconds.
const ALL_EVERY_MS: i64 = 300_000;
/// After how many milliseconds an event without a number is not expected any more.
const SETTLED_AFTER_MS: i64 = 900_000;
/// Events that are looked at in one statement.
const STRETCH: u32 = 2_000;
/// Events that are numbered in one transaction: few enough that nobody waits long for the writer.
const BATCH: u32 = 500;
/// Accounts that are read at a time.
const ACCOUNTS: u32 = 100;

/// Which accounts of this process have written events a moment ago: a hint that makes numbers come soon. The numbers
/// do not depend on it.
#[derive(Debug, Default)]
pub struct Activity {
    accounts: Mutex<HashMap<AccountId, i64>>,
    wake: Notify,
}

impl Activity {
    /// An account writes an event.
    pub fn mark(&self, account: &AccountId, now_ms: i64) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = accounts.get_mut(account) {
            *at = now_ms;
            return;
        }
        if accounts.len() < ACTIVE_MAX {
            accounts.insert(account.clone(), now_ms);
        }
        drop(accounts);
        self.wake.notify_one();
    }

    /// The active ones; the others are forgotten.
    fn active(&self, now_ms: i64) -> Vec<AccountId> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, at| *at + ACTIVE_MS > now_ms);
        accounts.keys().cloned().collect()
    }

    fn is_quiet(&self) -> bool {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// How far a round looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Accounts that are active in this process, what was written a moment ago.
    Near,
    /// Accounts that are active in this process.
    Active,
    /// All accounts, a minute back: what other processes left behind.
    Recent,
    /// All accounts, everything that is not settled.
    All,
}

/// When which look was last done, in Unix milliseconds.
#[derive(Debug, Default)]
struct Looks {
    active: i64,
    recent: i64,
    all: i64,
}

impl Looks {
    /// The widest look that is due; the first of all is the widest there is.
    fn next(&mut self, now_ms: i64) -> Reach {
        if now_ms - self.all >= ALL_EVERY_MS {
            *self = Self { active: now_ms, recent: now_ms, all: now_ms };
            Reach::All
        } else if now_ms - self.recent >= RECENT_EVERY_MS {
            (self.active, self.recent) = (now_ms, now_ms);
            Reach::Recent
        } else if now_ms - self.active >= ACTIVE_EVERY_MS {
            self.active = now_ms;
            Reach::Active
        } else {
            Reach::Near
        }
    }
}

/// Numbers until the process is told to stop.
pub async fn run(app: Arc<App>) {
    let mut looks = Looks::default();
    while !app.shutdown.is_requested() {
        let begun = app.now_ms();
        if let Err(error) = round(&app, looks.next(app.now_ms())).await {
            tracing::warn!(%error, "events could not be put in order yet; trying again");
            looks = Looks::default();
            tokio::time::sleep(TICK).await;
        }
        if app.activity.is_quiet() {
            // Whether woken or timed out, the next round looks.
            let _ = tokio::time::timeout(TICK, app.activity.wake.notified()).await;
        }
        let took = u64::try_from(app.now_ms() - begun).unwrap_or_default();
        tokio::time::sleep(pause(Duration::from_millis(took))).await;
    }
}

/// How long is waited after a round that took so long.
fn pause(took: Duration) -> Duration {
    took.saturating_mul(PAUSE_TIMES).clamp(ROUND_EVERY, TICK)
}

/// One round; answers how many events got their numbers.
///
/// # Errors
/// When the database fails; what was numbered before stays so.
pub async fn round(app: &App, reach: Reach) -> Result<u64, DbError> {
    let ago = |ms: i64| id_bound_ms::<EventId>(app.now_ms() - ms);
    let numbered = match reach {
        Reach::Near => active_accounts(app, &ago(NEAR_BACK_MS)).await?,
        Reach::Active => active_accounts(app, &ago(ACTIVE_BACK_MS)).await?,
        Reach::Recent => all_accounts(app, &ago(RECENT_BACK_MS), None).await?,
        Reach::All => all_accounts(app, "", Some(&ago(SETTLED_AFTER_MS))).await?,
    };
    if numbered > 0 {
        app.webhooks.wake();
    }
    Ok(numbered)
}

async fn active_accounts(app: &App, since: &str) -> Result<u64, DbError> {
    let mut numbered = 0;
    for account in app.activity.active(app.now_ms()) {
        numbered += walk(app, &account, since).await?;
    }
    Ok(numbered)
}

/// Every account with events after `since`. With `settle`, each is searched from its mark on, and the mark is moved.
async fn all_accounts(app: &App, since: &str, settle: Option<&str>) -> Result<u64, DbError> {
    let (mut beyond, mut numbered) = (String::new(), 0);
    loop {
        let mut tx = app.db.read().await?;
        let page = event_order::accounts_with_events(&mut tx, &beyond, since, ACCOUNTS).await?;
        drop(tx);
        let Some(end) = page.last() else { return Ok(numbered) };
        beyond = end.to_string();
        for account in &page {
            numbered += match settle {
                None => walk(app, account, since).await?,
                Some(mark) => walk_and_settle(app, account, mark).await?,
            };
        }
    }
}

async fn walk_and_settle(app: &App, account: &AccountId, mark: &str) -> Result<u64, DbError> {
    let head = event_order::head(&mut app.db.read().await?, account).await?;
    let numbered = walk(app, account, &head.settled).await?;
    let mut tx = app.db.begin().await?;
    let head = event_order::lock_head(&mut tx, account).await?;
    if head.settled.as_str() < mark {
        let moved = Head { settled: mark.to_owned(), ..head };
        event_order::save_head(&mut tx, account, &moved).await?;
        tx.commit().await?;
    }
    Ok(numbered)
}

/// Goes through an account's events after an id, a stretch at a time, and numbers those that have none.
async fn walk(app: &App, account: &AccountId, since: &str) -> Result<u64, DbError> {
    let (mut after, mut numbered) = (since.to_owned(), 0);
    loop {
        let stretch = event_order::stretch(&mut app.db.read().await?, account, &after, STRETCH).await?;
        let Some(end) = stretch.end else { return Ok(numbered) };
        if let Some(from) = &stretch.unordered {
            numbered += number(app, account, from).await?;
        }
        if stretch.events < i64::from(STRETCH) {
            return Ok(numbered);
        }
        after = end;
    }
}

/// Numbers every event from an id on that has no number yet, batch by batch.
async fn number(app: &App, account: &AccountId, from: &str) -> Result<u64, DbError> {
    let (mut from, mut numbered) = (from.to_owned(), 0);
    loop {
        let mut tx = app.db.begin().await?;
        let head = event_order::lock_head(&mut tx, account).await?;
        let batch = event_order::assign(&mut tx, account, head.last, &from, BATCH).await?;
        let last = head.last.saturating_add(i64::try_from(batch).unwrap_or(i64::MAX));
        event_order::save_head(&mut tx, account, &Head { last, ..head }).await?;
        let end = event_order::event_at(&mut tx, account, last).await?;
        tx.commit().await?;
        numbered += batch;
        match end {
            // On from there: what has its number already is not looked at once more for every batch.
            Some(end) if batch >= u64::from(BATCH) => from = end,
            _ => return Ok(numbered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_is_the_widest_and_wider_ones_come_less_often() {
        let mut looks = Looks::default();
        let start = 1_700_000_000_000;
        for (after_ms, want) in [
            (0, Reach::All),
            (100, Reach::Near),
            (999, Reach::Near),
            (1_000, Reach::Active),
            (1_100, Reach::Near),
            (14_999, Reach::Active),
            (15_000, Reach::Recent),
            (15_100, Reach::Near),
            (299_999, Reach::Recent),
            (300_000, Reach::All),
            (300_999, Reach::Near),
        ] {
            assert_eq!(looks.next(start + after_ms), want, "after {after_ms} ms");
        }
    }

    #[test]
    fn looking_never_takes_most_of_the_time() {
        assert_eq!(pause(Duration::ZERO), ROUND_EVERY);
        assert_eq!(pause(Duration::from_millis(50)), Duration::from_millis(200));
        assert_eq!(pause(Duration::from_mins(1)), TICK);
    }
}
