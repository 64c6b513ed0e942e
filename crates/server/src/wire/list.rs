//! Lists: a page of at most 100, newest first, before or after an id, within a range of creation.

use onfile_core::ids::{Id, id_bound};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::params::Params;
use crate::store::pages::{Cursor, Page, Window};

const LIMIT_DEFAULT: i64 = 10;
const LIMIT_MAX: i64 = 100;

/// Takes `limit`, `starting_after`, `ending_before` and, where lists have it, `created`.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn window<T: Id>(params: &mut Params, noun: &str, with_created: bool) -> Result<Window, ApiError> {
    let window = unplaced::<T>(params, noun, with_created)?;
    Ok(match window.cursor.clone() {
        Some(cursor) => window.beyond(&cursor.id),
        None => window,
    })
}

/// The same, without regard to the cursor: for objects whose place in lists is not their id. The caller looks the place
/// up, and cuts the window with [`Window::beyond`].
///
/// # Errors
/// As [`window`].
pub fn unplaced<T: Id>(params: &mut Params, noun: &str, with_created: bool) -> Result<Window, ApiError> {
    let limit = limit(params)?;
    let after: Option<T> = params.id("starting_after", noun)?;
    let before: Option<T> = params.id("ending_before", noun)?;
    if after.is_some() && before.is_some() {
        let message = "You can only provide one of these parameters: starting_after, ending_before.";
        return Err(ApiError::invalid("", "parameters_exclusive", message));
    }
    let created = if with_created { params.range("created")? } else { super::params::Range::default() };
    // Ids begin with their time, so a range of time is a range of ids, and the primary key is the index for it.
    let low = created.from.map(|t| id_bound::<T>(t)).unwrap_or_default();
    let high =
        created.until.map_or_else(|| Window::NO_UPPER.to_owned(), |t| id_bound::<T>(t.saturating_add(1)));
    let backwards = before.is_some();
    let cursor = |id: &T, param| Cursor { id: id.as_str().to_owned(), param, noun: noun.to_owned() };
    let cursor = after
        .as_ref()
        .map(|id| cursor(id, "starting_after"))
        .or_else(|| before.as_ref().map(|id| cursor(id, "ending_before")));
    Ok(Window { low, high, backwards, limit, cursor })
}

/// Takes `limit`: how many objects a page has at most.
///
/// # Errors
/// When it is not from 1 to 100.
pub fn limit(params: &mut Params) -> Result<u32, ApiError> {
    let limit = params.integer_within("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    Ok(u32::try_from(limit).unwrap_or(1))
}

/// `{object: "list", …}` of rendered objects.
///
/// # Errors
/// `resource_missing` when the page was to begin at something that does not exist.
pub fn envelope<T>(call: &Call, page: &Page<T>, data: Vec<Value>) -> Result<Value, ApiError> {
    match &page.unknown {
        Some(cursor) => Err(ApiError::no_such(&cursor.noun, &cursor.id, cursor.param)),
        None => Ok(json!({ "object": "list", "data": data, "has_more": page.has_more, "url": call.path })),
    }
}
