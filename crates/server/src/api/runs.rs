//! Batches: what is due together, billed and collected together.

use std::sync::Arc;

use axum::body::Body;
use futures_util::stream::try_unfold;
use onfile_core::ids::{Id, InvoiceId, RunId, TestClockId};
use onfile_service::db::DbError;
use serde_json::{Value, json};

use super::{answer, failure, find, listed, test_clocks};
use crate::billing::runs::{Scope, preview as look_ahead, start};
use crate::billing::time;
use crate::model::run::Run;
use crate::payments::Cause;
use crate::render;
use crate::store::{pages, runs};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

const NOUN: &str = "run";
/// How many rows of a table are read at a time.
const CSV_PART: u32 = 1_000;
/// How far a preview may look ahead: a year.
const PREVIEW_SECONDS_MAX: i64 = 366 * 86_400;

/// `GET /v1/onfile/runs/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: RunId = call.id("id", NOUN, "id")?;
    call.finish()?;
    find::<Run>(&call, &id, NOUN, "id").await?;
    answer(&call, &id, &Expand::default()).await
}

/// `GET /v1/onfile/runs`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<RunId>(&mut call.params, NOUN, true)?;
    let expand = Expand::of_list(&mut call.params, Kind::Run)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let account = &call.merchant.account.id;
    let page = pages::page::<Run>(&mut tx, account, &window, None).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    for run in &page.objects {
        let sums = runs::sums(&mut tx, account, &run.id).await?;
        data.push(render::run::run(&call.rendering(), run, &sums));
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

/// `GET /v1/onfile/runs/{id}/items`: what it did about each invoice, in the order of the invoices' ids.
pub async fn items(mut call: Call) -> Result<Answer, ApiError> {
    let id: RunId = call.id("id", NOUN, "id")?;
    let after: Option<InvoiceId> = call.params.id("starting_after", "invoice")?;
    let limit = call.params.integer_within("limit", 1, 100)?.unwrap_or(10);
    call.finish()?;
    find::<Run>(&call, &id, NOUN, "id").await?;
    let mut tx = call.app.db.read().await?;
    let account = &call.merchant.account.id;
    let limit = usize::try_from(limit).unwrap_or(1);
    let wanted = u32::try_from(limit + 1).unwrap_or(1);
    let after = after.as_ref().map_or("", Id::as_str);
    let mut found = runs::items(&mut tx, account, &id, after, wanted).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let data: Vec<Value> = found.iter().map(render::run::item).collect();
    Ok(Answer::new(json!({ "object": "list", "data": data, "has_more": has_more, "url": call.path })))
}

/// `GET /v1/onfile/runs/{id}/items.csv`: all of them, as a table. It is read and sent a part at a time.
pub async fn items_csv(mut call: Call) -> Result<Answer, ApiError> {
    let id: RunId = call.id("id", NOUN, "id")?;
    call.finish()?;
    find::<Run>(&call, &id, NOUN, "id").await?;
    let name = format!("{id}.csv");
    let (app, account) = (Arc::clone(&call.app), call.merchant.account.id.clone());
    let parts = try_unfold(Some(String::new()), move |after| {
        let (app, account, run) = (Arc::clone(&app), account.clone(), id.clone());
        async move {
            let Some(after) = after else { return Ok::<_, PartError>(None) };
            let mut tx = app.db.read().await?;
            let part = runs::items(&mut tx, &account, &run, &after, CSV_PART).await?;
            let text = render::run_csv::part(&part, after.is_empty())?;
            // A part that is not full is the last one.
            let full = u32::try_from(part.len()).is_ok_and(|count| count == CSV_PART);
            Ok(Some((text, part.last().filter(|_| full).map(|item| item.invoice.clone()))))
        }
    });
    Ok(Answer::file(name, Body::from_stream(parts)))
}

/// Why a table broke off: the connection ends, so that nobody takes a part of it for the whole.
#[derive(Debug, thiserror::Error)]
enum PartError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Csv(#[from] render::run_csv::CsvError),
}

/// `POST /v1/onfile/runs/preview`: what would be billed until a moment, in real time or that of a test clock's
/// customers. Nothing is changed.
pub async fn preview(mut call: Call) -> Result<Answer, ApiError> {
    let clock: Option<TestClockId> = call.params.id("test_clock", "test_clock")?;
    let until = call.params.time("until")?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    if let Some(clock) = &clock {
        test_clocks::check(&mut tx, &call, clock).await?;
    }
    let now = time::now(&mut tx, &call.app, &call.merchant.account.id, clock.as_ref()).await?;
    drop(tx);
    let until = until.unwrap_or(now);
    if until > now + PREVIEW_SECONDS_MAX {
        return Err(ApiError::invalid("until", None, "A preview can look ahead by a year at most."));
    }
    match look_ahead(&call.app, &call.merchant.account.id, clock.as_ref(), until).await {
        Ok(forecast) => Ok(Answer::new(render::run::forecast(&call.rendering(), until, &forecast))),
        Err(error) => Err(failure::explain_billing(&call, error).await),
    }
}

/// `POST /v1/onfile/runs`: bills and collects now what is due, without waiting for the schedule. It goes on in the
/// background; the answer is the run as it begins, or nothing when nothing is due.
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    call.finish()?;
    let cause = Cause::worker(call.merchant.account.clone());
    let scope = Scope { clock: None, trigger: "staff" };
    match start(&call.app, &cause, scope).await {
        Ok(Some(run)) => answer(&call, &run.id, &Expand::default()).await,
        Ok(None) => Err(ApiError::invalid("", None, "Nothing is due.")),
        Err(error) => Err(failure::explain_billing(&call, error).await),
    }
}
