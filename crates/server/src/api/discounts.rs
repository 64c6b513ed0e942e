//! Discounts that are taken away.

use onfile_core::ids::{CustomerId, SubscriptionId};
use onfile_service::db::Tx;

use super::{customers, subscriptions};
use crate::billing::discounts::change;
use crate::billing::{tell, time};
use crate::model::discount::Discount;
use crate::render;
use crate::store::objects;
use crate::wire::call::{Answer, Call, missing_in_path};
use crate::wire::error::ApiError;

/// `DELETE /v1/customers/{id}/discount`
pub async fn delete_of_customer(mut call: Call) -> Result<Answer, ApiError> {
    let id: CustomerId = call.id("id", "customer", "id")?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let mut found = customers::lock(&mut tx, &call, &id).await?;
    let now = time::now(&mut tx, &call.app, &account, found.object.test_clock.as_ref()).await?;
    let it = &mut found.object;
    let taken = change::of_customer(&mut tx, &call.app, &call.cause(), it, None, now).await?;
    let taken = taken.ok_or_else(|| missing_in_path("discount on customer", &id, "id"))?;
    objects::save(&mut tx, &account, it).await?;
    customers::tell(&mut tx, &call, "customer.updated", &found).await?;
    finish(tx, &taken).await
}

/// `DELETE /v1/subscriptions/{id}/discount`: takes all of its discounts away, and answers with the first.
pub async fn delete_of_subscription(mut call: Call) -> Result<Answer, ApiError> {
    let id: SubscriptionId = call.id("id", "subscription", "id")?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let mut found = subscriptions::lock(&mut tx, &call, &id).await?;
    let it = &mut found.object;
    let taken = change::take_from_subscription(&mut tx, &call.app, &call.cause(), it).await?;
    let taken = taken.ok_or_else(|| missing_in_path("discount on subscription", &id, "id"))?;
    objects::save(&mut tx, &account, it).await?;
    tell::subscription(&mut tx, &call.app, &call.cause(), "customer.subscription.updated", &found).await?;
    finish(tx, &taken).await
}

async fn finish(tx: Tx, taken: &Discount) -> Result<Answer, ApiError> {
    let body = render::discount::deleted(taken);
    tx.commit().await?;
    Ok(Answer::new(body))
}
