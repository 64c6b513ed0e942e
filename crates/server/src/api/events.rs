//! Events: what happened, kept for ever, readable from any point on.

use onfile_core::ids::{EventId, Id};
use onfile_service::db::{DbError, Row, Tx};
use serde_json::Value;

use crate::render::full::Full;
use crate::store::event_order::events_after;
use crate::store::events::from_row;
use crate::store::pages::{self, EVENT_TYPES_MAX, Page, Window};
use crate::webhooks::Outstanding;
use crate::wire::call::{Answer, Call, missing_in_path};
use crate::wire::error::ApiError;
use crate::wire::list::{envelope, window};
use crate::wire::params::{Given, Params};

/// The longest name of a type.
const TYPE_MAX: usize = 100;
/// How many events one page of the account's order holds, if nothing is said, and at most.
const REPLAY_DEFAULT: i64 = 10;
const REPLAY_MAX: i64 = 100;

/// Which types are wanted.
enum Types {
    All,
    One(String),
    /// `charge.*`, without the star.
    Family(String),
    Some(Vec<String>),
}

/// `GET /v1/events/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: EventId = call.id("id", "event", "id")?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let only = Window::only(&id);
    let page = pages::rows(&mut tx, &call.merchant.account.id, pages::EVENTS, &only, &[]).await?;
    let row = page.objects.iter().find(|row| row.text("id").is_ok_and(|found| found == id.as_str()));
    let row = row.ok_or_else(|| missing_in_path("event", &id, "id"))?;
    let mut rendered = render(&call, &mut tx, std::slice::from_ref(row)).await?;
    let event = rendered.pop().ok_or_else(|| missing_in_path("event", &id, "id"))?;
    Ok(Answer::new(event))
}

/// `GET /v1/events`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<EventId>(&mut call.params, "event", true)?;
    let types = types(&mut call.params)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let page = read(&mut tx, &call, &window, &types).await?;
    let data = render(&call, &mut tx, &page.objects).await?;
    Ok(Answer::new(envelope(&call, &page, data)?))
}

/// `GET /v1/onfile/events`: the account's order from a number on, oldest first, for ever. Whoever asks again with the
/// number of the last event they have misses none.
pub async fn replay(mut call: Call) -> Result<Answer, ApiError> {
    let after = call.params.integer_within("after", 0, i64::MAX)?.unwrap_or_default();
    let limit = call.params.integer_within("limit", 1, REPLAY_MAX)?.unwrap_or(REPLAY_DEFAULT);
    call.finish()?;
    let limit = u32::try_from(limit).unwrap_or(1);
    let mut tx = call.app.db.read().await?;
    let mut rows = events_after(&mut tx, &call.merchant.account.id, after, limit + 1).await?;
    let has_more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let data = render(&call, &mut tx, &rows).await?;
    Ok(Answer::new(envelope(&call, &Page { objects: rows, has_more, unknown: None }, data)?))
}

async fn render(call: &Call, tx: &mut Tx, rows: &[Row]) -> Result<Vec<Value>, DbError> {
    let account = &call.merchant.account.id;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        events.push(from_row(tx, &call.app, account, row).await?);
    }
    let outstanding = Outstanding::load(tx, account, &events).await?;
    let mut full = Full::new(tx, call.rendering());
    let mut data = Vec::with_capacity(events.len());
    for event in &events {
        data.push(full.event(event, outstanding.of(event)).await?);
    }
    Ok(data)
}

async fn read(tx: &mut Tx, call: &Call, window: &Window, types: &Types) -> Result<Page<Row>, DbError> {
    let account = &call.merchant.account.id;
    match types {
        Types::All => pages::rows(tx, account, pages::EVENTS, window, &[]).await,
        Types::One(kind) => pages::rows(tx, account, pages::EVENTS_OF_TYPE, window, &[kind]).await,
        Types::Family(family) => {
            // `/` is the character after `.`, and no type has it.
            let end = format!("{}/", family.trim_end_matches('.'));
            pages::rows(tx, account, pages::EVENTS_OF_FAMILY, window, &[family, &end]).await
        }
        Types::Some(kinds) => {
            let last = kinds.last().map_or("", String::as_str);
            let filled: Vec<&str> = kinds
                .iter()
                .map(String::as_str)
                .chain(std::iter::repeat(last))
                .take(EVENT_TYPES_MAX)
                .collect();
            pages::rows(tx, account, pages::EVENTS_OF_TYPES, window, &filled).await
        }
    }
}

fn types(params: &mut Params) -> Result<Types, ApiError> {
    let one = params.text("type", TYPE_MAX)?;
    let some = match params.texts("types", TYPE_MAX)? {
        Given::Set(kinds) if !kinds.is_empty() => Some(kinds),
        _ => None,
    };
    match (one, some) {
        (Some(_), Some(_)) => Err(ApiError::invalid(
            "types",
            "parameters_exclusive",
            "You can only provide one of these parameters: type, types.",
        )),
        (None, Some(kinds)) if kinds.len() > EVENT_TYPES_MAX => {
            let message = format!("You can filter by up to {EVENT_TYPES_MAX} types at a time.");
            Err(ApiError::invalid("types", None, message))
        }
        (None, Some(kinds)) => Ok(Types::Some(kinds)),
        (Some(kind), None) if kind == "*" => Ok(Types::All),
        (Some(kind), None) => Ok(match kind.strip_suffix('*') {
            Some(family) if family.ends_with('.') => Types::Family(family.to_owned()),
            _ => Types::One(kind),
        }),
        (None, None) => Ok(Types::All),
    }
}
