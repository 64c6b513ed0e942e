//! The end of an agreement: asked for, reached, or because its first invoice was never paid.

use onfile_core::ids::{AccountId, CustomerId, Id, SubscriptionId};
use onfile_core::subscription::SubscriptionStatus;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::subscription::Subscription;
use crate::payments::Cause;
use crate::store::agreements;
use crate::store::objects::{self, Versioned};
use crate::store::pages::{self, Window};

use super::tell;

/// The most open invoices that one end takes back.
const OPEN_INVOICES_MAX: u32 = 100;

/// Ends a locked agreement at this Unix second; the caller saves it. What it owes stays owed.
///
/// # Errors
/// When the database fails.
pub async fn end(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    subscription: &mut Versioned<Subscription>,
    at: i64,
) -> Result<(), DbError> {
    let it = &mut subscription.object;
    it.status = it.status.end();
    it.ended_at = Some(at);
    it.canceled_at = it.canceled_at.or(Some(at));
    it.parked = None;
    // An attempt that is planned for an agreement that has ended would surprise its customer.
    stop_collecting(tx, app, cause, &subscription.object).await?;
    tell::subscription(tx, app, cause, "customer.subscription.deleted", subscription).await
}

/// Ends a locked agreement whose first invoice was not paid in time; the caller saves it.
///
/// # Errors
/// When the database fails.
pub async fn expire(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    subscription: &mut Versioned<Subscription>,
    now: i64,
) -> Result<(), DbError> {
    subscription.object.status = SubscriptionStatus::IncompleteExpired;
    subscription.object.ended_at = Some(now);
    stop_collecting(tx, app, cause, &subscription.object).await?;
    tell::subscription(tx, app, cause, "customer.subscription.updated", subscription).await
}

/// Plans no further attempt for what an agreement owes.
async fn stop_collecting(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    subscription: &Subscription,
) -> Result<(), DbError> {
    let account = &cause.account.id;
    for found in agreements::open_invoices(tx, account, &subscription.id, OPEN_INVOICES_MAX).await? {
        if found.object.next_payment_attempt.is_none() && !found.object.auto_advance {
            continue;
        }
        let Some(mut invoice) =
            objects::lock::<crate::model::invoice::Invoice>(tx, account, &found.object.id).await?
        else {
            continue;
        };
        invoice.object.next_payment_attempt = None;
        invoice.object.auto_advance = false;
        invoice.object.explanation =
            Some("The agreement has ended; it is not collected by itself.".to_owned());
        objects::save(tx, account, &invoice.object).await?;
        tell::invoice(tx, app, cause, "invoice.updated", &invoice).await?;
    }
    Ok(())
}

/// The agreements of a customer.
///
/// # Errors
/// When the database fails.
pub async fn of_customer(
    tx: &mut Tx,
    account: &AccountId,
    customer: &CustomerId,
) -> Result<Vec<SubscriptionId>, DbError> {
    let all = Window::oldest(AGREEMENTS_MAX);
    let page = pages::page::<Subscription>(tx, account, &all, Some(customer.as_str())).await?;
    Ok(page.objects.into_iter().map(|subscription| subscription.id).collect())
}

/// The most agreements of one customer that end with them.
const AGREEMENTS_MAX: u32 = 1_000;
