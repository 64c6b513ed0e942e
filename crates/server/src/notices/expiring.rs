//! Looks for cards that will have ended by the next charge of their agreement, and tells their customers in time.
//!
//! An agreement is looked at some days before its charge, after every change of it, and from then on daily, since the
//! customer's default card may change without it. Each is looked at in its customer's time. A look costs nothing that
//! could not be done twice: notices are queued under a natural key, and then it is written when to look again.

use std::sync::Arc;
use std::time::Duration;

use onfile_core::ids::{Id, TestClockId};
use onfile_core::vault_contract::Details;
use onfile_service::db::DbError;

use super::kinds::card_expiring::CardExpiring;
use super::{Content, Notice, queue};
use crate::app::App;
use crate::billing::draft;
use crate::billing::world::World;
use crate::config::mail::CARD_EXPIRING_DAYS;
use crate::model::subscription::{Subscription, due};
use crate::payments::Cause;
use crate::store::accounts;
use crate::store::card_looks::{self, Looked, Place};
use crate::store::objects::Versioned;
use crate::work::rounds;

/// How often we look for something to do.
const TICK: Duration = Duration::from_secs(1);
/// How many accounts and clocks are served in one tick.
const PLACES_PER_TICK: u32 = 16;
/// How many agreements are looked at in one transaction.
const SET: u32 = 200;
/// How many sets of one account or clock are looked at in one go; the rest waits for the next tick.
const SETS_MAX: u32 = 16;
const DAY: i64 = 86_400;

/// Looks until the process is told to stop.
pub async fn run(app: Arc<App>) {
    let failed = "cards that end could not be looked for";
    rounds(app.shutdown.clone(), TICK, failed, || async { once(&app).await }).await;
}

/// Looks at what is to be looked at now.
///
/// # Errors
/// When the database fails.
pub async fn once(app: &App) -> Result<(), DbError> {
    let places = card_looks::places(&mut app.db.read().await?, app.now_ms(), PLACES_PER_TICK).await?;
    for place in places {
        let found = accounts::load(&mut app.db.read().await?, &place.account).await?;
        let Some(stored) = found else { continue };
        // One account's trouble holds up no other.
        if let Err(error) = look(app, &Cause::worker(stored.account), &place).await {
            tracing::warn!(account = %place.account, %error, "cards that end could not be looked for; trying again");
        }
    }
    Ok(())
}

/// Looks at a clock's customers on its way to a moment (Unix seconds), before what is due then is done: who jumps over
/// weeks must not jump over what is told in them.
///
/// # Errors
/// When the database fails.
pub async fn on_the_way(app: &App, cause: &Cause, clock: &TestClockId, moment: i64) -> Result<(), DbError> {
    let now_ms = (moment - 1).saturating_mul(1000);
    let place = Place { account: cause.account.id.clone(), clock: clock.as_str().to_owned(), now_ms };
    look(app, cause, &place).await
}

async fn look(app: &App, cause: &Cause, place: &Place) -> Result<(), DbError> {
    for _ in 0..SETS_MAX {
        if !look_at_set(app, cause, place).await? {
            break;
        }
    }
    Ok(())
}

/// Looks at one set; answers whether there may be more. The notices are committed first, and hold no agreement: a run
/// that wants to lock some of these never waits for us while we wait for it.
async fn look_at_set(app: &App, cause: &Cause, place: &Place) -> Result<bool, DbError> {
    let mut tx = app.db.read().await?;
    let set = card_looks::to_look(&mut tx, place, SET).await?;
    let world = World::of(&mut tx, &place.account, set.iter().map(|found| &found.object)).await?;
    drop(tx);
    let now = place.now_ms.div_euclid(1000);
    let lead = days_before(app) * DAY;
    let mut notices = Vec::new();
    let mut looked = Vec::new();
    for found in &set {
        let (next, notice) = look_at(app, &world, found, now, lead);
        notices.extend(notice);
        looked.push(next);
    }
    if looked.is_empty() {
        return Ok(false);
    }
    if !notices.is_empty() {
        let mut tx = app.db.begin().await?;
        for notice in notices {
            queue(&mut tx, app, cause, notice).await?;
        }
        tx.commit().await?;
    }
    let mut tx = app.db.begin().await?;
    card_looks::looked(&mut tx, &place.account, &looked).await?;
    tx.commit().await?;
    Ok(u32::try_from(looked.len()).is_ok_and(|count| count == SET))
}

fn days_before(app: &App) -> i64 {
    i64::from(app.config.mail.as_ref().map_or(CARD_EXPIRING_DAYS, |mail| mail.card_expiring_days))
}

/// When an agreement is looked at next, and what there is to tell of it now.
fn look_at(
    app: &App,
    world: &World,
    found: &Versioned<Subscription>,
    now: i64,
    lead: i64,
) -> (Looked, Option<Notice>) {
    let charge = due::next_due(&found.object).unwrap_or(i64::MAX);
    let early = charge.saturating_sub(lead);
    let next = if early > now { early } else { now + DAY };
    let looked =
        Looked { id: found.object.id.clone(), version: found.version, next_ms: next.saturating_mul(1000) };
    let notice = (early <= now).then(|| notice_of(app, world, &found.object)).flatten();
    (looked, notice)
}

/// What is told of an agreement whose card ends before its next charge; none where it does not, where nothing will be
/// charged, and where the customer has no address.
fn notice_of(app: &App, world: &World, subscription: &Subscription) -> Option<Notice> {
    let occurrence = due::next_charge(subscription)?;
    let charge_due = occurrence.due.as_second();
    let customer = world.customer(&subscription.customer)?;
    let recipient = customer.email.clone()?;
    let method = world.method(subscription)?;
    let Details::Card(card) = &method.details else { return None };
    let bill = draft::of_occurrence(app, world, subscription, &occurrence, charge_due).ok()?;
    let content = CardExpiring {
        method: method.id.clone(),
        subscription: Some(subscription.id.clone()),
        charge_due,
        amount: Some(bill.amount_due()),
        currency: subscription.currency,
        description: bill.purpose().map(str::to_owned),
        update_url: None,
    };
    if bill.amount_due() == 0 || !content.ends_before_the_charge(&method.details) {
        return None;
    }
    let occasion =
        format!("{:04}-{:02} {} {}", card.exp_year, card.exp_month, subscription.id, occurrence.index);
    Some(Notice {
        recipient,
        customer: Some(customer.id.clone()),
        payment: None,
        about: method.id.as_str().to_owned(),
        occasion,
        content: Content::CardExpiring(content),
        not_before: None,
    })
}
