//! Keeps the index up with what happens, a second or so behind.
//!
//! An account's events are followed in their order from the first one on, so what was there before the index is indexed in
//! the same way as what is new. A batch reads which objects the next events are about, loads them as they are now, and
//! writes how their terms differ from those that they have in the index, together with how far it has come. So a batch that
//! was broken off is done again with the same result, and of two processes that do the same batch one writes nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use onfile_core::ids::{
    AccountId, ChargeId, CustomerId, DisputeId, Id, InvoiceId, InvoiceItemId, PaymentIntentId,
    PaymentMethodId, PriceId, RefundId, SubscriptionId,
};
use onfile_service::db::{DbError, Tx};

use super::Searched;
use super::kinds::Holder;
use super::terms::{self, Terms};
use crate::app::App;
use crate::model::Object;
use crate::model::charge::Charge;
use crate::model::dispute::Dispute;
use crate::model::invoice::Invoice;
use crate::model::invoice_item::InvoiceItem;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::price::Price;
use crate::model::refund::Refund;
use crate::model::subscription::Subscription;
use crate::store::objects::Stored;
use crate::store::search::{self, Batch, Change, Entry, Progress};
use crate::store::{event_order, sets};

/// How often we look for something to do.
const EVERY: Duration = Duration::from_secs(1);
/// Work is followed by a pause this many times as long: charging comes first, and what it does meanwhile waits.
const PAUSE_TIMES: u32 = 3;
/// Events that one batch looks at: few enough that nobody waits long for the writer.
const EVENTS: u32 = 400;
/// Marked objects that one batch looks at.
const MARKED: u32 = 100;
/// Accounts that are read at a time.
const ACCOUNTS: u32 = 100;
/// Batches of one account in a row, while others wait.
const BATCHES_MAX: usize = 20;

/// Follows until the process is told to stop.
pub async fn run(app: Arc<App>) {
    while !app.shutdown.is_requested() {
        let wait = match round(&app).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "the search index is behind; trying again");
                EVERY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.shutdown.requested() => {}
        }
    }
}

/// Gives every account that is behind its turn; answers whether one is behind still.
///
/// # Errors
/// When the database fails; what was written before stays so.
pub async fn round(app: &App) -> Result<bool, DbError> {
    let (mut beyond, mut behind) = (String::new(), false);
    loop {
        let page = search::behind(&mut app.db.read().await?, &beyond, ACCOUNTS).await?;
        let Some(end) = page.last() else { return Ok(behind) };
        beyond = end.to_string();
        for account in &page {
            behind |= turn(app, account).await?;
        }
    }
}

/// Some batches of one account; answers whether there is more.
async fn turn(app: &App, account: &AccountId) -> Result<bool, DbError> {
    for _ in 0..BATCHES_MAX {
        let begun = app.now_ms();
        if !batch(app, account).await? {
            return Ok(false);
        }
        if app.shutdown.is_requested() {
            break;
        }
        let took = Duration::from_millis(u64::try_from(app.now_ms() - begun).unwrap_or_default());
        tokio::time::sleep(took.saturating_mul(PAUSE_TIMES).min(EVERY)).await;
    }
    Ok(true)
}

/// Does the next batch of an account; answers whether there is more.
async fn batch(app: &App, account: &AccountId) -> Result<bool, DbError> {
    let mut tx = app.db.read().await?;
    let Some(from) = search::progress(&mut tx, account).await? else {
        drop(tx);
        let key = terms::new_key(app, account)?;
        let mut tx = app.db.begin().await?;
        search::begin(&mut tx, account, &key).await?;
        tx.commit().await?;
        return Ok(true);
    };
    // The end is read first: what it counts is there to be read.
    let end = event_order::head(&mut tx, account).await?.last;
    let (mut changes, last) = search::told(&mut tx, account, from.position, EVENTS).await?;
    let marked = search::marked(&mut tx, account, MARKED).await?;
    let full = [(changes.len(), EVENTS), (marked.len(), MARKED)]
        .into_iter()
        .any(|(count, most)| u32::try_from(count).is_ok_and(|count| count >= most));
    let looked_at: Vec<String> = marked.iter().filter_map(|change| change.id.clone()).collect();
    changes.extend(marked);
    let mut indexing = Indexing {
        terms: Terms::open(app, account, &from.sealed_key)?,
        account,
        batch: Batch { looked_at, ..Batch::default() },
    };
    let subjects = Subjects::of(&mut tx, account, &changes).await?;
    indexing.index::<PaymentIntent>(&mut tx, &subjects.intents).await?;
    indexing.index::<Charge>(&mut tx, &subjects.charges).await?;
    indexing.index::<Holder>(&mut tx, &subjects.customers).await?;
    indexing.index::<Invoice>(&mut tx, &subjects.invoices).await?;
    indexing.index::<Subscription>(&mut tx, &subjects.subscriptions).await?;
    indexing.index::<Price>(&mut tx, &subjects.prices).await?;
    drop(tx);
    let position = last.unwrap_or(from.position);
    write(app, account, &from, position, position >= end, &indexing.batch).await?;
    Ok(full)
}

async fn write(
    app: &App,
    account: &AccountId,
    from: &Progress,
    position: i64,
    complete: bool,
    batch: &Batch,
) -> Result<(), DbError> {
    let mut tx = app.db.begin().await?;
    if search::advance(&mut tx, account, from, position, complete).await? {
        search::write(&mut tx, account, batch).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The objects that a batch is about, each once.
#[derive(Debug, Default)]
struct Subjects {
    customers: BTreeSet<CustomerId>,
    intents: BTreeSet<PaymentIntentId>,
    charges: BTreeSet<ChargeId>,
    invoices: BTreeSet<InvoiceId>,
    subscriptions: BTreeSet<SubscriptionId>,
    prices: BTreeSet<PriceId>,
}

impl Subjects {
    async fn of(tx: &mut Tx, account: &AccountId, changes: &[Change]) -> Result<Self, DbError> {
        // Products have no terms, and their ids may look like any other.
        let ids = || {
            let told = changes.iter().filter(|change| !change.kind.starts_with("product."));
            told.map(|change| change.object_id.as_str())
        };
        let mut subjects = Self {
            customers: parsed(ids()),
            intents: parsed(ids()),
            charges: parsed(ids()),
            invoices: parsed(ids()),
            subscriptions: parsed(ids()),
            prices: parsed(ids()),
        };
        // What changes another object without an event of its own.
        let refunds = loaded::<Refund>(tx, account, &parsed::<RefundId>(ids())).await?;
        subjects.charges.extend(refunds.into_iter().map(|refund| refund.charge));
        let disputes = loaded::<Dispute>(tx, account, &parsed::<DisputeId>(ids())).await?;
        subjects.charges.extend(disputes.into_iter().map(|dispute| dispute.charge));
        let items = loaded::<InvoiceItem>(tx, account, &parsed::<InvoiceItemId>(ids())).await?;
        subjects.invoices.extend(items.into_iter().filter_map(|item| item.invoice));
        let methods = loaded::<PaymentMethod>(tx, account, &parsed::<PaymentMethodId>(ids())).await?;
        subjects.customers.extend(methods.into_iter().filter_map(|method| method.customer));
        Ok(subjects)
    }
}

fn parsed<'a, T: Id + Ord>(ids: impl Iterator<Item = &'a str>) -> BTreeSet<T> {
    ids.filter_map(T::parse).collect()
}

async fn loaded<T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    ids: &BTreeSet<T::Id>,
) -> Result<Vec<T>, DbError> {
    let found = sets::load::<T>(tx, account, &ids.iter().collect::<Vec<_>>()).await?;
    Ok(found.into_iter().map(|found| found.object).collect())
}

struct Indexing<'a> {
    terms: Terms,
    account: &'a AccountId,
    batch: Batch,
}

type IdOf<T> = <<T as Searched>::Object as Object>::Id;

impl Indexing<'_> {
    /// Compares what objects are now with what the index has of them.
    async fn index<T: Searched>(&mut self, tx: &mut Tx, ids: &BTreeSet<IdOf<T>>) -> Result<(), DbError> {
        let objects = loaded::<T::Object>(tx, self.account, ids).await?;
        let objects = T::whole(tx, self.account, objects).await?;
        let mut now: HashMap<String, Vec<i64>> = objects
            .iter()
            .filter(|object| object.is_there())
            .map(|object| (object.place().to_owned(), self.terms.of(object)))
            .collect();
        let texts: Vec<&str> = ids.iter().map(Id::as_str).collect();
        let mut before = search::documents(tx, self.account, &texts).await?;
        for id in texts {
            self.compare(id, &before.remove(id).unwrap_or_default(), now.remove(id).unwrap_or_default());
        }
        Ok(())
    }

    fn compare(&mut self, id: &str, before: &[i64], now: Vec<i64>) {
        if before == now {
            return;
        }
        let beyond = |these: &[i64], those: &[i64]| -> Vec<(String, i64)> {
            let others = these.iter().filter(|term| those.binary_search(term).is_err());
            others.map(|term| (id.to_owned(), *term)).collect()
        };
        self.batch.removed.extend(beyond(before, &now));
        self.batch.added.extend(beyond(&now, before));
        if now.is_empty() {
            self.batch.gone.push(id.to_owned());
        } else {
            self.batch.documents.push(Entry { id: id.to_owned(), terms: now });
        }
    }
}
