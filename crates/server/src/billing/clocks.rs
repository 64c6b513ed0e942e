//! Moving a test clock: everything that becomes due on the way is done, in the order of time.

use std::sync::Arc;

use onfile_core::ids::{Id, TestClockId};
use onfile_service::db::DbError;

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::test_clock::TestClock;
use crate::notices::expiring;
use crate::payments::Cause;
use crate::store::objects::{self, Versioned};
use crate::store::{agreements, clocks, events};

use super::Error;
use super::runs::{self, Scope};

/// How far a clock may be moved at once: Stripe allows two intervals of the shortest subscription; we allow two years,
/// so that a yearly agreement can be seen to renew.
pub const ADVANCE_SECONDS_MAX: i64 = 2 * 366 * 86_400;
/// How often the same moment may be looked at before the clock goes on: something that stays due, since its attempt
/// could not be made, must not stop the time.
const SAME_MOMENT_MAX: u32 = 3;
/// How long a clock belongs to whoever moves it.
const LEASE_MS: i64 = 120_000;

/// Sets where a clock is to go. It moves in the background; its status is `advancing` until it is there.
///
/// # Errors
/// When the clock moves already, or the time lies behind or too far ahead.
pub async fn advance(app: &Arc<App>, cause: &Cause, id: &TestClockId, to: i64) -> Result<(), Error> {
    let account = &cause.account.id;
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut clock = objects::lock::<TestClock>(&mut tx, account, id).await?.ok_or_else(|| no_such(id))?;
    let it = &mut clock.object;
    if it.target.is_some() {
        return Err(Error::invalid(
            "frozen_time",
            "This test clock is being advanced. Wait until it is ready.",
        ));
    }
    if to <= it.frozen_time {
        return Err(Error::invalid("frozen_time", "A test clock only moves forward: give a later time."));
    }
    if to - it.frozen_time > ADVANCE_SECONDS_MAX {
        return Err(Error::invalid("frozen_time", "A test clock can be advanced by two years at most."));
    }
    it.target = Some(to);
    objects::save(&mut tx, account, it).await?;
    tell(&mut tx, app, cause, "test_helpers.test_clock.advancing", &clock).await?;
    tx.commit().await?;
    if !app.config.work.in_server {
        // Those who do the work find it.
        return Ok(());
    }
    let (app, cause, id) = (Arc::clone(app), Cause::worker(cause.account.clone()), id.clone());
    tokio::spawn(async move {
        if let Err(error) = run(&app, &cause, &id).await {
            tracing::warn!(clock = %id, %error, "a test clock stopped on its way; it goes on soon");
        }
    });
    Ok(())
}

/// A clock that this account does not have.
pub fn no_such(id: &TestClockId) -> Error {
    Error::NoSuch { noun: "test_clock", id: id.to_string(), param: "test_clock".to_owned() }
}

/// Takes a clock to where it is to go. Whoever finds one that nobody moves goes on with it.
///
/// # Errors
/// When the database fails: then it is gone on with later.
pub async fn run(app: &Arc<App>, cause: &Cause, id: &TestClockId) -> Result<(), Error> {
    let account = &cause.account.id;
    let mut lease_until = app.now_ms() + LEASE_MS;
    if !clocks::claim(app, account, id, lease_until).await? {
        return Ok(());
    }
    let mut last = (0, 0);
    while !app.shutdown.is_requested() {
        let Some(clock) = objects::load::<TestClock>(&mut app.db.read().await?, account, id).await? else {
            return Ok(());
        };
        let Some(target) = clock.object.target else { return Ok(()) };
        let due = agreements::next_moment(&mut app.db.read().await?, account, id.as_str()).await?;
        let due = due.map(|ms| ms.div_euclid(1000).max(clock.object.frozen_time)).filter(|at| *at <= target);
        last = match due {
            Some(at) if at == last.0 => (at, last.1 + 1),
            Some(at) => (at, 1),
            None => (0, 0),
        };
        let stuck = last.1 > SAME_MOMENT_MAX;
        let moment = due.filter(|_| !stuck).unwrap_or(target);
        expiring::on_the_way(app, cause, id, moment).await?;
        let arrives = due.is_none() || stuck;
        let Some(moved) = step(app, cause, id, &mut lease_until, moment, arrives).await? else {
            tracing::warn!(clock = %id, "a test clock is moved by somebody else by now");
            return Ok(());
        };
        if moved.target.is_none() {
            return Ok(());
        }
        let scope = Scope { clock: Some(moved), trigger: "test_clock" };
        runs::execute(app, cause, &scope).await?;
    }
    // We are to stop: whoever is there goes on with it at once.
    let mut tx = app.db.begin().await?;
    clocks::extend(&mut tx, account, id, lease_until, 0).await?;
    Ok(tx.commit().await?)
}

/// Moves a clock to a moment, and keeps it for longer; to its target for good when that is where it goes. None when it is
/// somebody else's by now.
async fn step(
    app: &Arc<App>,
    cause: &Cause,
    id: &TestClockId,
    lease_until: &mut i64,
    moment: i64,
    arrives: bool,
) -> Result<Option<TestClock>, Error> {
    let account = &cause.account.id;
    let next_lease = app.now_ms() + LEASE_MS;
    let mut tx = app.db.begin().await?;
    if !clocks::extend(&mut tx, account, id, *lease_until, next_lease).await? {
        return Ok(None);
    }
    let mut clock = objects::lock::<TestClock>(&mut tx, account, id).await?.ok_or_else(|| no_such(id))?;
    clock.object.frozen_time = moment.max(clock.object.frozen_time);
    if arrives {
        clock.object.target = None;
        tell(&mut tx, app, cause, "test_helpers.test_clock.ready", &clock).await?;
    }
    objects::save(&mut tx, account, &clock.object).await?;
    if arrives {
        clocks::release(&mut tx, account, id).await?;
    }
    tx.commit().await?;
    *lease_until = next_lease;
    Ok(Some(clock.object))
}

/// Tells of a clock.
///
/// # Errors
/// When the database fails.
pub async fn tell(
    tx: &mut onfile_service::db::Tx,
    app: &App,
    cause: &Cause,
    kind: &str,
    clock: &Versioned<TestClock>,
) -> Result<(), DbError> {
    let snapshot = Snapshot::TestClock(clock.object.clone());
    events::append(
        tx,
        app,
        cause,
        &events::News { kind, version: clock.version, snapshot: &snapshot, before: None },
    )
    .await
}
