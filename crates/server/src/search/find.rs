//! One page of a search, and the count of everything that a query is true of.

use onfile_core::ids::AccountId;
use onfile_service::db::{DbError, Tx};

use super::Searched;
use super::matching::matches;
use super::plan::plan;
use super::walk::Walk;
use crate::app::App;
use crate::wire::search::Query;

/// How much one page looks at. What a query is true of may be rare, or nowhere.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// After how many objects a page ends that has found something, full or not.
    pub objects_enough: usize,
    /// After how many it ends that has found nothing: SDKs take an empty page for the last one, so it looks further.
    pub objects_max: usize,
    /// The same for entries of the index, which cost less than an object.
    pub entries_enough: usize,
    /// See [`Self::objects_max`].
    pub entries_max: usize,
}

/// The bounds of searches that callers ask for.
pub const BOUNDS: Bounds =
    Bounds { objects_enough: 1_000, objects_max: 10_000, entries_enough: 10_000, entries_max: 100_000 };
/// How far matches are counted, as with Stripe.
pub const COUNT_MAX: usize = 10_000;
/// How many objects are looked at for it.
const COUNT_OBJECTS_MAX: usize = 20_000;
/// The first step is this many times as long as the page: most candidates match, where the index proposes.
const FIRST_STEP_TIMES: u32 = 2;

/// One page.
#[derive(Debug)]
pub struct Found<T> {
    /// What a query is true of, newest first.
    pub objects: Vec<T>,
    /// The place below which the next page begins; none when this is the last one.
    pub next: Option<String>,
}

/// Finds at most `limit` objects below a place.
///
/// # Errors
/// When the database fails.
pub async fn find<T: Searched>(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    query: &Query,
    (below, limit): (Option<&str>, usize),
    bounds: Bounds,
) -> Result<Found<T>, DbError> {
    let plan = plan::<T>(tx, app, account, query, below).await?;
    let first = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1).saturating_mul(FIRST_STEP_TIMES);
    let mut walk = Walk::new(plan, first);
    let mut objects: Vec<T> = Vec::with_capacity(limit);
    while let Some(candidates) = walk.next::<T>(tx, account).await? {
        for candidate in candidates.into_iter().filter(|candidate| matches(query, candidate)) {
            if objects.len() >= limit {
                let next = objects.last().map(|last| last.place().to_owned());
                return Ok(Found { objects, next });
            }
            objects.push(candidate);
        }
        let (most_objects, most_entries) = if objects.is_empty() {
            (bounds.objects_max, bounds.entries_max)
        } else {
            (bounds.objects_enough, bounds.entries_enough)
        };
        if walk.objects >= most_objects || walk.entries >= most_entries {
            return Ok(Found { objects, next: walk.high().map(str::to_owned) });
        }
        // On SQLite no statement gives way to others by itself.
        tokio::task::yield_now().await;
    }
    Ok(Found { objects, next: None })
}

/// How many objects a query is true of: exact up to [`COUNT_MAX`], as far as few enough others have to be looked at.
///
/// # Errors
/// When the database fails.
pub async fn count<T: Searched>(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    query: &Query,
) -> Result<usize, DbError> {
    let plan = plan::<T>(tx, app, account, query, None).await?;
    let mut walk = Walk::new(plan, u32::MAX);
    let mut count = 0;
    while let Some(candidates) = walk.next::<T>(tx, account).await? {
        count += candidates.iter().filter(|candidate| matches(query, *candidate)).count();
        if count >= COUNT_MAX || walk.objects >= COUNT_OBJECTS_MAX || walk.entries >= BOUNDS.entries_max {
            return Ok(count.min(COUNT_MAX));
        }
        tokio::task::yield_now().await;
    }
    Ok(count)
}
