//! Which way a search goes through an account's objects.

use onfile_core::ids::{AccountId, id_bound};
use onfile_service::db::{DbError, Tx};

use super::terms::Terms;
use super::{Index, Searched};
use crate::app::App;
use crate::store::pages::Window;
use crate::store::search;
use crate::wire::search::{Clause, Joined, Order, Query, Test};

/// How far terms are counted to find the rarest.
const COUNTED_MAX: u32 = 500;
/// A term that so few objects have proposes fewer than a customer does, mostly.
const RARE: i64 = 100;
/// How many terms are counted.
const TERMS_MAX: usize = 24;

/// Where candidates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// From the table, newest first.
    Table,
    /// From the index, where each lane proposes some.
    Lanes(Vec<Lane>),
    /// From nowhere: there is none.
    Nowhere,
}

/// One way through the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lane {
    /// What has the first term, and the two others too.
    Terms([i64; 3]),
    /// What a customer has.
    Customer(String),
}

/// A way through an account's objects: where candidates come from, and between which places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub source: Source,
    pub low: String,
    pub high: String,
}

/// Chooses the way that looks at the fewest objects, as far as that is cheap to know.
///
/// # Errors
/// When the database fails.
pub(super) async fn plan<T: Searched>(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    query: &Query,
    below: Option<&str>,
) -> Result<Plan, DbError> {
    let (low, mut high) = stretch::<T>(tx, account, query).await?;
    if let Some(below) = below.filter(|below| *below < high.as_str()) {
        below.clone_into(&mut high);
    }
    if low >= high {
        return Ok(Plan { source: Source::Nowhere, low, high });
    }
    let index = match search::progress(tx, account).await? {
        Some(progress) if progress.complete && T::INDEXED => {
            Some(Terms::open(app, account, &progress.sealed_key)?)
        }
        _ => None,
    };
    let source = match (query.joined, index) {
        (Joined::And, index) => all::<T>(tx, account, query, index, (&low, &high)).await?,
        (Joined::Or, Some(index)) => any::<T>(query, &index),
        (Joined::Or, None) => Source::Table,
    };
    Ok(Plan { source, low, high })
}

async fn all<T: Searched>(
    tx: &mut Tx,
    account: &AccountId,
    query: &Query,
    index: Option<Terms>,
    stretch: (&str, &str),
) -> Result<Source, DbError> {
    let customer = query.clauses.iter().find_map(customer_of::<T>);
    let by_customer = || customer.clone().map(|id| Source::Lanes(vec![Lane::Customer(id)]));
    let mut wanted: Vec<i64> = match &index {
        Some(index) => query.clauses.iter().flat_map(|clause| index.wanted::<T>(clause)).collect(),
        None => Vec::new(),
    };
    wanted.truncate(TERMS_MAX);
    if wanted.is_empty() {
        return Ok(by_customer().unwrap_or(Source::Table));
    }
    let mut counted = search::counts(tx, account, &wanted, stretch, COUNTED_MAX).await?;
    counted.sort_by_key(|(_, found)| *found);
    let Some((first, fewest)) = counted.first().copied() else { return Ok(Source::Table) };
    if fewest == 0 {
        return Ok(Source::Nowhere);
    }
    if let Some(by_customer) = by_customer().filter(|_| fewest > RARE) {
        return Ok(by_customer);
    }
    let mut others = counted.into_iter().skip(1).map(|(term, _)| term);
    let (second, third) = (others.next().unwrap_or(first), others.next().unwrap_or(first));
    Ok(Source::Lanes(vec![Lane::Terms([first, second, third])]))
}

/// A lane for each clause, if the index can propose for each.
fn any<T: Searched>(query: &Query, index: &Terms) -> Source {
    let lane = |clause: &Clause| {
        if let Some(customer) = customer_of::<T>(clause) {
            return Some(Lane::Customer(customer));
        }
        let wanted = index.wanted::<T>(clause);
        let first = *wanted.first()?;
        let at = |place: usize| wanted.get(place).copied().unwrap_or(first);
        Some(Lane::Terms([first, at(1), at(2)]))
    };
    query.clauses.iter().map(lane).collect::<Option<_>>().map_or(Source::Table, Source::Lanes)
}

fn customer_of<T: Searched>(clause: &Clause) -> Option<String> {
    match (&clause.test, T::index(clause.field)) {
        (Test::Is(id), Index::Customer) if !clause.negated && clause.key.is_none() => Some(id.clone()),
        _ => None,
    }
}

/// The places between which everything stands that a query asks for: ids begin with the time.
async fn stretch<T: Searched>(
    tx: &mut Tx,
    account: &AccountId,
    query: &Query,
) -> Result<(String, String), DbError> {
    let everything = || (String::new(), Window::NO_UPPER.to_owned());
    let bounds: Vec<(Order, i64)> = query
        .clauses
        .iter()
        .filter(|clause| clause.field == "created" && !clause.negated)
        .filter_map(|clause| match clause.test {
            Test::Number(order, number) => Some((order, number)),
            Test::Is(_) | Test::Contains(_) | Test::IsNull => None,
        })
        .collect();
    if query.joined == Joined::Or || bounds.is_empty() {
        return Ok(everything());
    }
    if T::ON_CLOCKS && search::has_clocks(tx, account).await? {
        return Ok(everything());
    }
    let (mut low, mut high) = (i64::MIN, i64::MAX);
    for (order, number) in bounds {
        match order {
            Order::Equal => (low, high) = (low.max(number), high.min(number)),
            Order::Less | Order::AtMost => high = high.min(number),
            Order::Greater | Order::AtLeast => low = low.max(number),
        }
    }
    if low > high {
        return Ok((String::new(), String::new()));
    }
    let id = |seconds: i64| id_bound::<<T::Object as crate::model::Object>::Id>(seconds);
    let (everything_low, everything_high) = everything();
    Ok((
        if low == i64::MIN { everything_low } else { id(low.saturating_sub(T::CREATED_SLACK_S)) },
        if high == i64::MAX { everything_high } else { id(high.saturating_add(T::CREATED_SLACK_S)) },
    ))
}
