//! Discounts of agreements and customers: had, replaced, taken away.

use onfile_core::ids::DiscountId;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::customer::Customer;
use crate::model::discount::{Discount, Holder};
use crate::model::price::Price;
use crate::model::subscription::Subscription;
use crate::payments::Cause;
use crate::store::objects;

use super::super::Error;
use super::redeem::{Occasion, Wanted, redeem};
use super::{CREATED, DELETED, UPDATED, load, tell};

/// What is asked for an agreement: `None` leaves discounts as they are, an empty list takes them away.
#[derive(Debug, Clone, Default)]
pub struct OfSubscription {
    /// For all of it.
    pub whole: Option<Vec<Wanted>>,
    /// For each of its items, in their order.
    pub items: Vec<Option<Vec<Wanted>>>,
}

/// Gives an agreement the discounts that are asked for, in the place of those that it has; the caller saves it. `prices`
/// are those of its items.
///
/// # Errors
/// See [`redeem`].
pub async fn of_subscription(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    it: &mut Subscription,
    asked: &OfSubscription,
    now: i64,
) -> Result<(), Error> {
    if asked.whole.is_none() && asked.items.iter().all(Option::is_none) {
        return Ok(());
    }
    let customer = objects::load::<Customer>(tx, &cause.account.id, &it.customer).await?;
    let customer = customer.and_then(|found| found.object.discount);
    let amounts = amounts(tx, cause, it).await?;
    let sum = amounts.iter().fold(0_i64, |sum, amount| sum.saturating_add(*amount));
    let mut given_up = Vec::new();
    if let Some(wanted) = &asked.whole {
        let known: Vec<DiscountId> = it.discounts.iter().chain(&customer).cloned().collect();
        let on = Holder::Subscription(it.id.clone());
        let purchase = Some((it.currency, sum));
        let occasion = Occasion { customer: &it.customer, on, now, purchase, known: &known };
        let given = replace(tx, app, cause, wanted, &occasion).await?;
        given_up.extend(std::mem::replace(&mut it.discounts, given));
    }
    let whole = it.discounts.clone();
    let (id, of, currency) = (it.id.clone(), it.customer.clone(), it.currency);
    for ((item, wanted), amount) in it.items.iter_mut().zip(&asked.items).zip(amounts) {
        let Some(wanted) = wanted else { continue };
        let known: Vec<DiscountId> = item.discounts.iter().chain(&whole).chain(&customer).cloned().collect();
        let on = Holder::SubscriptionItem(id.clone(), item.id.clone());
        let purchase = Some((currency, amount));
        let occasion = Occasion { customer: &of, on, now, purchase, known: &known };
        let given = replace(tx, app, cause, wanted, &occasion).await?;
        given_up.extend(std::mem::replace(&mut item.discounts, given));
    }
    let kept: Vec<&DiscountId> = it
        .discounts
        .iter()
        .chain(it.items.iter().flat_map(|item| &item.discounts))
        .chain(&customer)
        .collect();
    given_up.retain(|id| !kept.contains(&id));
    Ok(tell_deleted(tx, app, cause, &given_up).await?)
}

/// Takes every discount of a whole agreement away, and answers the first; the caller saves it. None when it has none.
///
/// # Errors
/// When the database fails.
pub async fn take_from_subscription(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    it: &mut Subscription,
) -> Result<Option<Discount>, DbError> {
    let taken = std::mem::take(&mut it.discounts);
    let customer = objects::load::<Customer>(tx, &cause.account.id, &it.customer).await?;
    let customers = customer.and_then(|found| found.object.discount);
    let kept: Vec<&DiscountId> = it.items.iter().flat_map(|item| &item.discounts).chain(&customers).collect();
    let over: Vec<DiscountId> = taken.iter().filter(|id| !kept.contains(id)).cloned().collect();
    tell_deleted(tx, app, cause, &over).await?;
    match taken.first() {
        Some(id) => Ok(objects::load::<Discount>(tx, &cause.account.id, id).await?.map(|found| found.object)),
        None => Ok(None),
    }
}

/// Gives a customer a discount on all that they buy, or takes it away (`None`); the caller saves them.
///
/// # Errors
/// See [`redeem`].
pub async fn of_customer(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    it: &mut Customer,
    wanted: Option<&Wanted>,
    now: i64,
) -> Result<Option<Discount>, Error> {
    let old = match it.discount.take() {
        Some(id) => objects::load::<Discount>(tx, &cause.account.id, &id).await?.map(|found| found.object),
        None => None,
    };
    let old = old.filter(|old| !old.is_over(now));
    let Some(wanted) = wanted else {
        if let Some(old) = &old {
            tell(tx, app, cause, DELETED, old).await?;
        }
        return Ok(old);
    };
    let occasion = Occasion { customer: &it.id, on: Holder::Customer, now, purchase: None, known: &[] };
    let given = redeem(tx, app, cause, std::slice::from_ref(wanted), &occasion).await?;
    for discount in &given {
        let kind = if old.is_some() { UPDATED } else { CREATED };
        tell(tx, app, cause, kind, discount).await?;
        it.discount = Some(discount.id.clone());
    }
    Ok(old)
}

/// Redeems, and tells of what is new.
async fn replace(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    wanted: &[Wanted],
    occasion: &Occasion<'_>,
) -> Result<Vec<DiscountId>, Error> {
    let given = redeem(tx, app, cause, wanted, occasion).await?;
    for discount in given.iter().filter(|it| !occasion.known.contains(&it.id)) {
        tell(tx, app, cause, CREATED, discount).await?;
    }
    Ok(given.into_iter().map(|discount| discount.id).collect())
}

async fn tell_deleted(tx: &mut Tx, app: &App, cause: &Cause, ids: &[DiscountId]) -> Result<(), DbError> {
    let known = load(tx, &cause.account.id, &ids.iter().collect::<Vec<_>>()).await?;
    for discount in ids.iter().filter_map(|id| known.get(id)) {
        tell(tx, app, cause, DELETED, discount).await?;
    }
    Ok(())
}

/// What each item costs.
async fn amounts(tx: &mut Tx, cause: &Cause, it: &Subscription) -> Result<Vec<i64>, DbError> {
    let mut amounts = Vec::with_capacity(it.items.len());
    for item in &it.items {
        let price = objects::load::<Price>(tx, &cause.account.id, &item.price).await?;
        let amount = price.and_then(|price| price.object.amount_for(item.quantity).ok());
        amounts.push(amount.map_or(0, |amount| amount.minor));
    }
    Ok(amounts)
}
