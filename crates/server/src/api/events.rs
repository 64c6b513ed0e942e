//! Events: what happened, kept for ever, readable from any point on.

use onfile_core::ids::{EventId, Id};
use onfile_service::db::{DbError, Row, Tx};
use serde_json::Value;

use crate::render::full::Full;
use crate::store::events::from_row;
use crate::store::pages::{self, EVENT_TYPES_MAX, Page, Window};
use crate::wire::call::{Answer, Call, missing_in_path};
use crate::wire::error::ApiError;
use crate::wire::list::{envelope, window};
use crate::wire::params::{Given, Params};

/// The longest name of a type.
const TYPE_MAX: usize = 100;

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
    Ok(Answer::new(render(&call, &mut tx, row).await?))
}

/// `GET /v1/events`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<EventId>(&mut call.params, "event", true)?;
    let types = types(&mut call.params)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let page = read(&mut tx, &call, &window, &types).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    for row in &page.objects {
        data.push(render(&call, &mut tx, row).await?);
    }
    Ok(Answer::new(envelope(&call, &page, data)?))
}

async fn render(call: &Call, tx: &mut Tx, row: &Row) -> Result<Value, DbError> {
    let event = from_row(tx, &call.app, &call.merchant.account.id, row).await?;
    Full::new(tx, call.rendering()).event(&event).await
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
