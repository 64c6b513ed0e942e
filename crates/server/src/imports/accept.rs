//! A file that was read becomes an import, or is recognised as one that is there already.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use onfile_core::ids::{ImportId, PriceId, TestClockId};
use onfile_service::db::{DbError, Tx};

use super::table::{FAULTS_MAX, Fault, Rows};
use crate::app::App;
use crate::model::import::{Entry, Import, ImportState, PendingRow};
use crate::payments::Cause;
use crate::store::{imports, objects};

/// What became of a file.
#[derive(Debug)]
pub enum Accepted {
    /// A new import, written in the caller's transaction.
    New(Import),
    /// The same content was sent before.
    Known(Import),
    /// References that other files have.
    Taken(Vec<Fault>),
}

/// Recognises a file that was sent before, for the same time.
///
/// # Errors
/// When the database fails.
pub async fn known(
    tx: &mut Tx,
    cause: &Cause,
    clock: Option<&TestClockId>,
    text: &str,
) -> Result<Option<Import>, DbError> {
    let found = imports::by_content(tx, &cause.account.id, key(clock), &content_hash(text)).await?;
    Ok(found.map(|found| found.object))
}

/// Writes a new import down.
///
/// # Errors
/// [`DbError::Duplicate`] when another request was quicker with the same file or a reference of it: nothing of the
/// transaction may stay then, and asking again finds it.
pub async fn accept(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    clock: Option<TestClockId>,
    text: &str,
    rows: Rows,
) -> Result<Accepted, DbError> {
    let taken = taken(tx, cause, key(clock.as_ref()), &rows).await?;
    // In this order: what has taken a reference was committed whole, so that the same file is found now.
    if let Some(import) = known(tx, cause, clock.as_ref(), text).await? {
        return Ok(Accepted::Known(import));
    }
    if !taken.is_empty() {
        return Ok(Accepted::Taken(taken));
    }
    let account = &cause.account.id;
    let import = Import {
        id: app.ids.next::<ImportId>(),
        created: app.now_seconds(),
        state: ImportState::Running,
        rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        content_hash: content_hash(text),
        request: cause.request_id.clone().unwrap_or_default(),
        product: app.ids.next(),
        test_clock: clock,
        finished_at: None,
    };
    objects::insert(tx, account, &import).await?;
    imports::insert_rows(tx, account, &import, &planned(app, rows)).await?;
    Ok(Accepted::New(import))
}

/// Gives every row its ids, and rows with the same amount and rhythm one price.
fn planned(app: &App, rows: Rows) -> Vec<(u32, PendingRow)> {
    let mut prices: HashMap<_, PriceId> = HashMap::new();
    let mut plan = |entry: Entry| {
        let terms = (entry.amount, entry.currency, entry.rhythm.interval, entry.rhythm.interval_count);
        let price = prices.entry(terms).or_insert_with(|| app.ids.next()).clone();
        PendingRow { entry, customer: app.ids.next(), payment_method: app.ids.next(), price }
    };
    rows.into_iter().map(|(line, entry)| (line, plan(entry))).collect()
}

/// The rows whose references other files have.
async fn taken(tx: &mut Tx, cause: &Cause, clock: &str, rows: &Rows) -> Result<Vec<Fault>, DbError> {
    let references: Vec<&str> = rows.iter().map(|(_, entry)| entry.reference.as_str()).collect();
    let found = imports::taken(tx, &cause.account.id, clock, &references).await?;
    let found: HashMap<String, String> = found.into_iter().collect();
    let fault = |(line, entry): &(u32, Entry)| {
        let import = found.get(&entry.reference)?;
        let message = format!(
            "This customer was imported before, by {import}. Leave the row out; change the customer's agreement instead."
        );
        Some(Fault::cell(*line, "reference", message))
    };
    Ok(rows.iter().filter_map(fault).take(FAULTS_MAX).collect())
}

fn key(clock: Option<&TestClockId>) -> &str {
    clock.map_or("", onfile_core::ids::Id::as_str)
}

fn content_hash(text: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}
