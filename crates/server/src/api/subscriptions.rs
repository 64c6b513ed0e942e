//! Recurring agreements.

use onfile_core::ids::{CustomerId, Id, PaymentMethodId, SubscriptionId};
use onfile_core::subscription::SubscriptionStatus;
use onfile_service::db::Tx;

use super::subscription_changes::{Changes, Wanted, changes};
use super::subscription_params as params;
use super::{answer, failure, find, listed, missing};
use crate::billing::{cancel, discounts, subscribe, taxes, tell, time};
use crate::model::customer::Customer;
use crate::model::payment_method::PaymentMethod;
use crate::model::subscription::Subscription;
use crate::render::full::Full;
use crate::store::objects::{self, Versioned};
use crate::store::pages;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

const NOUN: &str = "subscription";

/// `POST /v1/subscriptions`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let new = params::new(&mut call.params, call.app.clock.now())?;
    let expand = Expand::of(&mut call.params, Kind::Subscription)?;
    call.finish()?;
    let made = subscribe::subscribe(&call.app, &call.cause(), new).await;
    let id = match made {
        Ok(id) => id,
        Err(error) => return Err(failure::explain_billing(&call, error).await),
    };
    answer(&call, &id, &expand).await
}

/// `GET /v1/subscriptions/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: SubscriptionId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::Subscription)?;
    call.finish()?;
    find::<Subscription>(&call, &id, NOUN, "id").await?;
    answer(&call, &id, &expand).await
}

/// `POST /v1/subscriptions/{id}`: what is changed lets a parked agreement be billed again.
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: SubscriptionId = call.id("id", NOUN, "id")?;
    let changes = changes(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::Subscription)?;
    call.finish()?;
    let mut tx = call.app.db.begin().await?;
    let found = change(&mut tx, &call, &id, changes).await?;
    finish(call, tx, &found, &expand).await
}

/// Changes an agreement, with its event.
pub(super) async fn change(
    tx: &mut Tx,
    call: &Call,
    id: &SubscriptionId,
    changes: Changes,
) -> Result<Versioned<Subscription>, ApiError> {
    let account = &call.merchant.account.id;
    let mut found = lock(tx, call, id).await?;
    if found.object.status.has_ended() && changes.is_more_than_words() {
        let message = "A canceled subscription can only be given other metadata and cancellation details.";
        return Err(ApiError::invalid("", None, message));
    }
    if let Some(method) = changes.method() {
        check_method(tx, call, &found.object.customer, method).await?;
    }
    let now = time::now(tx, &call.app, account, found.object.test_clock.as_ref()).await?;
    changes.check(&found.object, now)?;
    subscribe::check_prices(tx, &call.cause(), &found.object, changes.prices()).await?;
    let Wanted { discounts, default_tax_rates, tax_rates } =
        changes.apply(&mut found.object, &call.app, now)?;
    discounts::change::of_subscription(tx, &call.app, &call.cause(), &mut found.object, &discounts, now)
        .await?;
    if let Some(ids) = default_tax_rates {
        found.object.default_tax_rates = taxes::rates(tx, account, &ids, "default_tax_rates").await?;
    }
    for (item, ids) in found.object.items.iter_mut().zip(tax_rates) {
        if let Some(ids) = ids {
            item.tax_rates = taxes::rates(tx, account, &ids, "items[tax_rates]").await?;
        }
    }
    found.object.parked = None;
    objects::save(tx, account, &found.object).await?;
    tell::subscription(tx, &call.app, &call.cause(), "customer.subscription.updated", &found).await?;
    Ok(found)
}

/// `DELETE /v1/subscriptions/{id}`: ends it at once. What it owes stays owed, and is not collected by itself any more.
pub async fn delete(mut call: Call) -> Result<Answer, ApiError> {
    let id: SubscriptionId = call.id("id", NOUN, "id")?;
    let cancellation = params::cancellation(&mut call.params)?;
    for (name, what) in [("invoice_now", "a last invoice"), ("prorate", "a proration")] {
        if call.params.boolean(name)? == Some(true) {
            let message = format!("Ending a subscription with {what} is not supported; leave {name} out.");
            return Err(ApiError::invalid(name, None, message));
        }
    }
    let expand = Expand::of(&mut call.params, Kind::Subscription)?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let mut found = lock(&mut tx, &call, &id).await?;
    if found.object.status.has_ended() {
        return Err(missing(&id, NOUN, "id"));
    }
    let now = time::now(&mut tx, &call.app, &account, found.object.test_clock.as_ref()).await?;
    cancellation.apply(&mut found.object);
    let reason = "cancellation_requested".to_owned();
    found.object.cancellation.reason = Some(reason);
    found.object.canceled_at = Some(now);
    cancel::end(&mut tx, &call.app, &call.cause(), &mut found, now).await?;
    objects::save(&mut tx, &account, &found.object).await?;
    finish(call, tx, &found, &expand).await
}

/// `GET /v1/subscriptions`: those in force unless a status is asked for.
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<SubscriptionId>(&mut call.params, NOUN, true)?;
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    let words: Vec<&'static str> =
        SubscriptionStatus::words().into_iter().chain(["ended", "all", "unpaid", "paused"]).collect();
    let status = call.params.word("status", &words)?;
    let expand = Expand::of_list(&mut call.params, Kind::Subscription)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let account = &call.merchant.account.id;
    let customer = customer.as_ref().map(Id::as_str);
    let page = pages::subscriptions(&mut tx, account, &window, customer, status).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    for object in &page.objects {
        data.push(Full::new(&mut tx, call.rendering()).subscription(object).await?);
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

pub(super) async fn lock(
    tx: &mut Tx,
    call: &Call,
    id: &SubscriptionId,
) -> Result<Versioned<Subscription>, ApiError> {
    let locked = objects::lock::<Subscription>(tx, &call.merchant.account.id, id).await?;
    locked.ok_or_else(|| missing(id, NOUN, "id"))
}

async fn check_method(
    tx: &mut Tx,
    call: &Call,
    customer: &CustomerId,
    method: &PaymentMethodId,
) -> Result<(), ApiError> {
    let found = objects::load::<PaymentMethod>(tx, &call.merchant.account.id, method).await?;
    if found.is_some_and(|found| found.object.customer.as_ref() == Some(customer)) {
        return Ok(());
    }
    Err(ApiError::no_such("PaymentMethod", method, "default_payment_method"))
}

async fn finish(
    call: Call,
    mut tx: Tx,
    found: &Versioned<Subscription>,
    expand: &Expand,
) -> Result<Answer, ApiError> {
    let rendered = Full::new(&mut tx, call.rendering()).subscription(&found.object).await?;
    let body = super::expanded(&call, &mut tx, rendered, expand).await?;
    call.commit(tx, found.object.id.as_str(), body).await
}

/// The agreements of a customer who is being deleted end with them.
pub(super) async fn end_all(tx: &mut Tx, call: &Call, customer: &Customer) -> Result<(), ApiError> {
    let account = &call.merchant.account.id;
    let now = time::now(tx, &call.app, account, customer.test_clock.as_ref()).await?;
    for id in cancel::of_customer(tx, account, &customer.id).await? {
        let mut found = lock(tx, call, &id).await?;
        if found.object.status.has_ended() {
            continue;
        }
        cancel::end(tx, &call.app, &call.cause(), &mut found, now).await?;
        objects::save(tx, account, &found.object).await?;
    }
    Ok(())
}
