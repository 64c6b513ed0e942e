//! The parts of recurring agreements.

use onfile_core::ids::{Id, SubscriptionId, SubscriptionItemId};
use serde_json::{Value, json};

use super::subscription_changes::{ItemChange, item, of_items};
use super::{expanded, find, listed, missing, subscriptions};
use crate::model::subscription::{Subscription, agreement_of};
use crate::render::full::Full;
use crate::store::pages::Page;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

const NOUN: &str = "subscription_item";

/// `POST /v1/subscription_items`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let of: Option<SubscriptionId> = call.params.id("subscription", "subscription")?;
    let of = of.ok_or_else(|| ApiError::missing("subscription"))?;
    let new = item(&mut call.params)?;
    if !new.has_price() {
        return Err(ApiError::missing("price"));
    }
    let changes = of_items(vec![new], &mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::SubscriptionItem)?;
    call.finish()?;
    let mut tx = call.app.db.begin().await?;
    let found =
        subscriptions::change(&mut tx, &call, &of, changes).await.map_err(|error| named(error, &of))?;
    let made = found.object.items.last().map(|item| item.id.clone());
    let made = made.ok_or_else(|| missing(&of, "subscription", "subscription"))?;
    finish(call, tx, &found.object, &made, &expand).await
}

/// The agreement is named by a parameter here, not by the path.
fn named(mut error: ApiError, of: &SubscriptionId) -> ApiError {
    if error.status == axum::http::StatusCode::NOT_FOUND {
        error = ApiError::no_such("subscription", of, "subscription");
    }
    error
}

/// `GET /v1/subscription_items/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: SubscriptionItemId = call.id("id", NOUN, "item")?;
    let expand = Expand::of(&mut call.params, Kind::SubscriptionItem)?;
    call.finish()?;
    let of = agreement(&call, &id).await?;
    let mut tx = call.app.db.read().await?;
    let shown = shown(&mut Full::new(&mut tx, call.rendering()), &of, &id).await?;
    Ok(Answer::new(expanded(&call, &mut tx, shown, &expand).await?))
}

/// `POST /v1/subscription_items/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: SubscriptionItemId = call.id("id", NOUN, "item")?;
    let change = item(&mut call.params)?.of(id.clone());
    let changes = of_items(vec![change], &mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::SubscriptionItem)?;
    call.finish()?;
    let of = agreement(&call, &id).await?;
    let mut tx = call.app.db.begin().await?;
    let found = subscriptions::change(&mut tx, &call, &of.id, changes).await?;
    finish(call, tx, &found.object, &id, &expand).await
}

/// `DELETE /v1/subscription_items/{id}`
pub async fn delete(mut call: Call) -> Result<Answer, ApiError> {
    let id: SubscriptionItemId = call.id("id", NOUN, "item")?;
    let changes = of_items(vec![ItemChange::removal(id.clone())], &mut call.params)?;
    call.finish()?;
    let of = agreement(&call, &id).await?;
    let mut tx = call.app.db.begin().await?;
    subscriptions::change(&mut tx, &call, &of.id, changes).await?;
    let body = json!({ "id": id.as_str(), "object": NOUN, "deleted": true });
    call.commit(tx, of.id.as_str(), body).await
}

/// `GET /v1/subscription_items`: those of one agreement, newest first.
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<SubscriptionItemId>(&mut call.params, NOUN, false)?;
    let of: Option<SubscriptionId> = call.params.id("subscription", "subscription")?;
    let of = of.ok_or_else(|| ApiError::missing("subscription"))?;
    let expand = Expand::of_list(&mut call.params, Kind::SubscriptionItem)?;
    call.finish()?;
    let found = find::<Subscription>(&call, &of, "subscription", "subscription").await;
    let found = found.map_err(|error| named(error, &of))?;
    let mut tx = call.app.db.read().await?;
    let mut full = Full::new(&mut tx, call.rendering());
    let ids = found.items.iter().rev().map(|item| item.id.clone()).collect();
    let page = Page::within(ids, SubscriptionItemId::as_str, &window);
    let mut data = Vec::with_capacity(page.objects.len());
    for id in &page.objects {
        data.push(shown(&mut full, &found, id).await?);
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

/// The agreement that has this item.
async fn agreement(call: &Call, id: &SubscriptionItemId) -> Result<Subscription, ApiError> {
    let of = agreement_of(id).ok_or_else(|| missing(id, NOUN, "item"))?;
    let found = find::<Subscription>(call, &of, NOUN, "item").await.map_err(|error| match error.status {
        axum::http::StatusCode::NOT_FOUND => missing(id, NOUN, "item"),
        _ => error,
    })?;
    if found.items.iter().any(|item| item.id == *id) { Ok(found) } else { Err(missing(id, NOUN, "item")) }
}

/// One item, as its agreement shows it.
async fn shown(full: &mut Full<'_>, of: &Subscription, id: &SubscriptionItemId) -> Result<Value, ApiError> {
    let whole = full.subscription(of).await?;
    let items = whole.pointer("/items/data").and_then(Value::as_array);
    let found = items.and_then(|items| items.iter().find(|item| item["id"] == id.as_str()));
    found.cloned().ok_or_else(|| missing(id, NOUN, "item"))
}

async fn finish(
    call: Call,
    mut tx: onfile_service::db::Tx,
    of: &Subscription,
    id: &SubscriptionItemId,
    expand: &Expand,
) -> Result<Answer, ApiError> {
    let shown = shown(&mut Full::new(&mut tx, call.rendering()), of, id).await?;
    let body = expanded(&call, &mut tx, shown, expand).await?;
    call.commit(tx, id.as_str(), body).await
}
