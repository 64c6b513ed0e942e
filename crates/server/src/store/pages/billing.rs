//! Lists of agreements and invoices, which are filtered by several things at once.

use onfile_core::ids::AccountId;
use onfile_service::db::{DbError, Tx};

use super::listings::{Listed, Listing, listing};
use super::{Page, Window, objects, page, rows};
use crate::model::invoice::Invoice;
use crate::model::subscription::Subscription;

/// Subscriptions with one of four statuses.
const SUBSCRIPTIONS: Listing = listing!("subscriptions", " AND status IN ($5, $6, $7, $8)");
/// The same, of one customer.
const SUBSCRIPTIONS_OF_CUSTOMER: Listing =
    listing!("subscriptions", " AND status IN ($5, $6, $7, $8) AND customer_id = $9");
/// Invoices with statuses between two words.
const INVOICES: Listing = listing!("invoices", " AND status >= $5 AND status <= $6");
/// Invoices that a payment is to settle. A pattern cannot be met by a merchant's own text, in which JSON escapes the
/// quotation marks.
pub const INVOICES_WITH_PAYMENT: Listing = listing!("invoices", " AND doc LIKE '%\"payment\":{%'");
/// The same, with the status `$5` or `$6`, or paid with a document that matches `$7`.
pub const INVOICES_WITH_PAYMENT_IN: Listing = listing!(
    "invoices",
    " AND doc LIKE '%\"payment\":{%' AND (status = $5 OR status = $6 OR (status = 'paid' AND doc LIKE $7))"
);
/// The same, of one customer.
const INVOICES_OF_CUSTOMER: Listing =
    listing!("invoices", " AND status >= $5 AND status <= $6 AND customer_id = $7");
/// The same, of one subscription.
const INVOICES_OF_SUBSCRIPTION: Listing =
    listing!("invoices", " AND status >= $5 AND status <= $6 AND subscription_id = $7");
/// The same, of a customer and a subscription.
const INVOICES_OF_BOTH: Listing =
    listing!("invoices", " AND status >= $5 AND status <= $6 AND subscription_id = $7 AND customer_id = $8");

/// A page of subscriptions, of one customer where one is named. Without a status, those that have not ended; `all` and
/// `ended` are statuses too.
///
/// # Errors
/// When the database fails.
pub async fn subscriptions(
    tx: &mut Tx,
    account: &AccountId,
    window: &Window,
    customer: Option<&str>,
    status: Option<&str>,
) -> Result<Page<Subscription>, DbError> {
    let statuses: [&str; 4] = match status {
        None => ["trialing", "active", "past_due", "incomplete"],
        Some("ended") => ["canceled", "incomplete_expired", "canceled", "canceled"],
        Some(one) => [one; 4],
    };
    let mut filter = statuses.to_vec();
    let mut listing = SUBSCRIPTIONS;
    if status == Some("all") {
        return page::<Subscription>(tx, account, window, customer).await;
    }
    if let Some(customer) = customer {
        listing = SUBSCRIPTIONS_OF_CUSTOMER;
        filter.push(customer);
    }
    objects(rows(tx, account, listing, window, &filter).await?)
}
impl Listed for Subscription {
    const ALL: Listing = listing!("subscriptions", "");
    const OF: Listing = listing!("subscriptions", " AND customer_id = $5");
}

/// A page of invoices: of a customer, of a subscription, with a status, as far as they are named.
///
/// # Errors
/// When the database fails.
pub async fn invoices(
    tx: &mut Tx,
    account: &AccountId,
    window: &Window,
    (customer, subscription): (Option<&str>, Option<&str>),
    status: Option<&str>,
) -> Result<Page<Invoice>, DbError> {
    let mut filter = vec![status.unwrap_or_default(), status.unwrap_or(Window::NO_UPPER)];
    let listing = match (customer, subscription) {
        (None, None) => INVOICES,
        (Some(_), None) => INVOICES_OF_CUSTOMER,
        (None, Some(_)) => INVOICES_OF_SUBSCRIPTION,
        (Some(_), Some(_)) => INVOICES_OF_BOTH,
    };
    filter.extend(subscription);
    filter.extend(customer);
    objects(rows(tx, account, listing, window, &filter).await?)
}
