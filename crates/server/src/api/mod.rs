//! The API's endpoints: parameters are read, one function does the work, its object is rendered.

pub mod account;
pub mod balance;
mod catalog;
pub mod charges;
mod coupon_params;
pub mod coupons;
mod currency_params;
pub mod customers;
mod discount_params;
pub mod discounts;
pub mod disputes;
pub mod events;
mod failure;
pub mod imports;
pub mod intent_params;
pub mod mandates;
pub mod notices;
pub mod payment_intents;
pub mod payment_methods;
mod percent_params;
mod price_params;
pub mod prices;
mod product_params;
pub mod products;
mod promotion_code_params;
pub mod promotion_codes;
pub mod recurrence_params;
pub mod refunds;
pub mod schedule_previews;
pub mod search;
pub mod setup_intents;
pub mod webhook_deliveries;
pub mod webhook_endpoints;

pub mod invoice_items;
pub mod invoice_payments;
pub mod invoices;
pub mod runs;
mod subscription_changes;
pub mod subscription_items;
mod subscription_params;
pub mod subscriptions;
mod tax_params;
pub mod tax_rates;
pub mod test_clocks;

use onfile_service::db::DbError;
use serde_json::Value;

use crate::render::full::Full;
use crate::store::objects::{self, Stored};
use crate::store::pages::Page;
use crate::wire::call::{Answer, Call, missing_in_path};
use crate::wire::error::ApiError;
use crate::wire::expand::Expand;
use crate::wire::list::envelope;

pub use failure::explain;

/// Loads what the path names. Another account's is as missing as none.
async fn find<T: Stored>(call: &Call, id: &T::Id, noun: &str, param: &str) -> Result<T, ApiError> {
    let mut tx = call.app.db.read().await?;
    let found = objects::load::<T>(&mut tx, &call.merchant.account.id, id).await?;
    found.map(|found| found.object).ok_or_else(|| missing(id, noun, param))
}

fn missing(id: &impl onfile_core::ids::Id, noun: &str, param: &str) -> ApiError {
    missing_in_path(noun, id.as_str(), param)
}

/// Renders what an id names, expanded, as the answer.
async fn answer(call: &Call, id: &impl onfile_core::ids::Id, expand: &Expand) -> Result<Answer, ApiError> {
    let mut tx = call.app.db.read().await?;
    let rendered = Full::new(&mut tx, call.rendering()).by_id(id.as_str()).await?;
    let rendered = rendered.ok_or_else(|| DbError::Inconsistent("an object is gone".into()))?;
    Ok(Answer::new(expanded(call, &mut tx, rendered, expand).await?))
}

/// Expands one rendered object.
async fn expanded(
    call: &Call,
    tx: &mut onfile_service::db::Tx,
    rendered: Value,
    expand: &Expand,
) -> Result<Value, ApiError> {
    let mut one = [rendered];
    expand.apply(tx, call.rendering(), &mut one).await?;
    let [rendered] = one;
    Ok(rendered)
}

/// Expands and wraps a page of rendered objects.
async fn listed<T>(
    call: &Call,
    tx: &mut onfile_service::db::Tx,
    page: &Page<T>,
    mut data: Vec<Value>,
    expand: &Expand,
) -> Result<Answer, ApiError> {
    expand.apply(tx, call.rendering(), &mut data).await?;
    Ok(Answer::new(envelope(call, page, data)?))
}
