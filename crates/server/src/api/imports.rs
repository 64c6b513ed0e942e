//! Customers with their agreements from a file.

use onfile_core::ids::{Id, ImportId, TestClockId};
use onfile_service::db::{DbError, Tx};
use serde_json::{Value, json};

use super::{find, listed, test_clocks};
use crate::imports::accept::{Accepted, accept, known};
use crate::imports::table::{self, Fault, Rows};
use crate::model::import::Import;
use crate::render;
use crate::store::{imports, pages};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::Expand;
use crate::wire::list::window;

const NOUN: &str = "import";
/// How many parked rows an import shows; its counts have them all.
const PARKED_SHOWN_MAX: u32 = 100;

/// `POST /v1/onfile/imports`: the body is the file. The import goes on in the background. A file that was sent before,
/// for the same time, is not imported again: the answer is the import that it became, with `reused`.
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let text = call.document()?;
    let clock: Option<TestClockId> = call.params.id("test_clock", "test_clock")?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    if let Some(clock) = &clock {
        test_clocks::check(&mut tx, &call, clock).await?;
    }
    if let Some(import) = known(&mut tx, &call.cause(), clock.as_ref(), &text).await? {
        return Ok(Answer::new(rendered(&call, &mut tx, &import, true).await?));
    }
    drop(tx);
    let (text, rows) = read(text).await?;
    match begin(&call, clock.as_ref(), &text, rows.clone()).await {
        // Another request was quicker, with this file or with one of its customers: the second look finds it.
        Err(Begin::Raced) => begin(&call, clock.as_ref(), &text, rows).await,
        other => other,
    }
    .map_err(|error| match error {
        Begin::Raced => {
            ApiError::conflict("lock_timeout", "These customers are being imported at this moment.")
        }
        Begin::Refused(error) => error,
    })
}

/// Reads the file on a thread that may take its time.
async fn read(text: String) -> Result<(String, Rows), ApiError> {
    let reading = tokio::task::spawn_blocking(move || {
        let rows = table::read(&text);
        (text, rows)
    });
    match reading.await {
        Ok((text, Ok(rows))) => Ok((text, rows)),
        Ok((_, Err(faults))) => Err(refused(&faults)),
        Err(error) => Err(ApiError::internal(error)),
    }
}

enum Begin {
    Raced,
    Refused(ApiError),
}

impl From<ApiError> for Begin {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<DbError> for Begin {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Duplicate(_) => Self::Raced,
            error => Self::Refused(error.into()),
        }
    }
}

async fn begin(call: &Call, clock: Option<&TestClockId>, text: &str, rows: Rows) -> Result<Answer, Begin> {
    let mut tx = call.app.db.begin().await?;
    match accept(&mut tx, &call.app, &call.cause(), clock.cloned(), text, rows).await? {
        Accepted::Known(import) => Ok(Answer::new(rendered(call, &mut tx, &import, true).await?)),
        Accepted::Taken(faults) => Err(refused(&faults).into()),
        Accepted::New(import) => {
            let body = rendered(call, &mut tx, &import, false).await?;
            let answer = call.commit(tx, import.id.as_str(), body).await?;
            crate::imports::begin(&call.app, call.merchant.account.id.clone(), import.id);
            Ok(answer)
        }
    }
}

/// 400 with the first fault in the message, and all that were looked for in `onfile`.
fn refused(faults: &[Fault]) -> ApiError {
    let (place, column, message) = faults.first().map_or_else(Default::default, |fault| {
        let column = fault.column.as_deref().map(|name| format!(", column {name}")).unwrap_or_default();
        (format!("Row {}{column}: ", fault.row), fault.column.clone(), fault.message.as_str())
    });
    let more = match faults.len() {
        0 | 1 => String::new(),
        n => format!(" There are more faults: {n} of them are in `onfile`."),
    };
    let message = format!("{place}{message}{more} Nothing was imported.");
    let mut error = ApiError::invalid(column.unwrap_or_default(), "csv_invalid", message);
    error.onfile = Some(render::import::faults(faults));
    error
}

/// `GET /v1/onfile/imports/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: ImportId = call.id("id", NOUN, "id")?;
    call.finish()?;
    let import = find::<Import>(&call, &id, NOUN, "id").await?;
    let mut tx = call.app.db.read().await?;
    Ok(Answer::new(rendered(&call, &mut tx, &import, false).await?))
}

/// `GET /v1/onfile/imports`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<ImportId>(&mut call.params, NOUN, true)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let page = pages::page::<Import>(&mut tx, &call.merchant.account.id, &window, None).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    for import in &page.objects {
        data.push(rendered(&call, &mut tx, import, false).await?);
    }
    listed(&call, &mut tx, &page, data, &Expand::default()).await
}

async fn rendered(call: &Call, tx: &mut Tx, import: &Import, reused: bool) -> Result<Value, ApiError> {
    let progress = imports::progress(tx, &call.merchant.account.id, &import.id, PARKED_SHOWN_MAX).await?;
    let mut body = render::import::import(&call.rendering(), import, &progress);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("reused".to_owned(), json!(reused));
    }
    Ok(body)
}
