//! Searches, one for each kind of object: the query is read, objects are found, rendered and expanded.

use serde_json::{Value, json};

use crate::model::charge::Charge;
use crate::model::invoice::Invoice;
use crate::model::payment_intent::PaymentIntent;
use crate::model::price::Price;
use crate::model::product::Product;
use crate::model::subscription::Subscription;
use crate::render::full::Full;
use crate::search::Searched;
use crate::search::find::{BOUNDS, count, find};
use crate::search::kinds::Holder;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::limit;
use crate::wire::search::cursor::{self, CURSOR_CHARACTERS_MAX};
use crate::wire::search::{QUERY_CHARACTERS_MAX, parse};

/// `GET /v1/customers/search`
pub async fn customers(call: Call) -> Result<Answer, ApiError> {
    search::<Holder>(call, Kind::Customer).await
}

/// `GET /v1/payment_intents/search`
pub async fn payment_intents(call: Call) -> Result<Answer, ApiError> {
    search::<PaymentIntent>(call, Kind::PaymentIntent).await
}

/// `GET /v1/charges/search`
pub async fn charges(call: Call) -> Result<Answer, ApiError> {
    search::<Charge>(call, Kind::Charge).await
}

/// `GET /v1/invoices/search`
pub async fn invoices(call: Call) -> Result<Answer, ApiError> {
    search::<Invoice>(call, Kind::Invoice).await
}

/// `GET /v1/prices/search`
pub async fn prices(call: Call) -> Result<Answer, ApiError> {
    search::<Price>(call, Kind::Price).await
}

/// `GET /v1/products/search`
pub async fn products(call: Call) -> Result<Answer, ApiError> {
    search::<Product>(call, Kind::Product).await
}

/// `GET /v1/subscriptions/search`
pub async fn subscriptions(call: Call) -> Result<Answer, ApiError> {
    search::<Subscription>(call, Kind::Subscription).await
}

async fn search<T: Searched>(mut call: Call, kind: Kind) -> Result<Answer, ApiError> {
    let text = call.params.required_text("query", QUERY_CHARACTERS_MAX)?;
    let limit = limit(&mut call.params)?;
    let page = call.params.text("page", CURSOR_CHARACTERS_MAX)?;
    let expand = Expand::of_search(&mut call.params, kind)?;
    call.finish()?;
    let query =
        parse(&text, T::FIELDS).map_err(|error| ApiError::invalid("query", None, error.to_string()))?;
    let below = page.map(|page| cursor::read(&call.path, &query, &page)).transpose()?;
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.read().await?;
    let limit = usize::try_from(limit).unwrap_or(1);
    let found = find::<T>(&mut tx, &call.app, account, &query, (below.as_deref(), limit), BOUNDS).await?;
    let context = call.rendering();
    let mut data: Vec<Value> = Vec::with_capacity(found.objects.len());
    let mut full = Full::new(&mut tx, context);
    for object in &found.objects {
        data.push(object.rendered(&mut full, &context).await?);
    }
    expand.apply(&mut tx, context, &mut data).await?;
    let next = found.next.map(|place| cursor::write(&call.path, &query, &place));
    let mut body = json!({
        "object": "search_result",
        "data": data,
        "has_more": next.is_some(),
        "next_page": next,
        "url": call.path,
    });
    if expand.wants_total_count() {
        let total = count::<T>(&mut tx, &call.app, account, &query).await?;
        body["total_count"] = total.into();
    }
    Ok(Answer::new(body))
}
