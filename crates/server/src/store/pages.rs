//! Pages of lists, over the primary key or one index, newest first.

use onfile_core::ids::{AccountId, CustomerId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Param, Row, Tx};

use super::objects::from_row;
use crate::model::Object;
use crate::model::charge::Charge;
use crate::model::customer::Customer;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::refund::Refund;
use crate::model::setup_intent::SetupIntent;
use crate::model::webhook_endpoint::WebhookEndpoint;

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Ids must be greater.
    pub low: String,
    /// Ids must be smaller.
    pub high: String,
    /// Whether the page is the oldest end of the window (`ending_before`), not the newest.
    pub backwards: bool,
    /// The most objects.
    pub limit: u32,
}

impl Window {
    /// Greater than every id.
    pub const NO_UPPER: &'static str = "~";
}

/// A page, newest first.
#[derive(Debug)]
pub struct Page<T> {
    /// The objects.
    pub objects: Vec<T>,
    /// Whether there are more in the direction of reading.
    pub has_more: bool,
}

/// The statements of one list: newest first, and oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Listing(&'static str, &'static str);

macro_rules! listing {
    ($columns:literal, $table:literal, $filter:literal) => {
        Listing(
            concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE account_id = $1 AND id > $2 AND id < $3",
                $filter,
                " ORDER BY id DESC LIMIT $4"
            ),
            concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE account_id = $1 AND id > $2 AND id < $3",
                $filter,
                " ORDER BY id ASC LIMIT $4"
            ),
        )
    };
    ($table:literal, $filter:literal) => {
        listing!("version, doc", $table, $filter)
    };
}

/// A kind of object that has lists.
pub trait Listed: Object {
    /// All of an account.
    const ALL: Listing;
    /// Those that `$5` names: of a customer, or of a charge for refunds.
    const OF: Listing;
}

impl Listed for Customer {
    const ALL: Listing = listing!("customers", " AND deleted = 0");
    const OF: Listing = listing!("customers", " AND deleted = 0 AND email = $5");
}
impl Listed for PaymentMethod {
    const ALL: Listing = listing!("payment_methods", " AND customer_id IS NOT NULL");
    const OF: Listing = listing!("payment_methods", " AND customer_id = $5");
}
/// Attached methods whose documents match two patterns: kind and redisplay. A pattern cannot be met by a merchant's own
/// text, in which JSON escapes the quotation marks.
pub const METHODS: Listing =
    listing!("payment_methods", " AND customer_id IS NOT NULL AND doc LIKE $5 AND doc LIKE $6");
/// The same, of one customer.
pub const METHODS_OF_CUSTOMER: Listing =
    listing!("payment_methods", " AND doc LIKE $5 AND doc LIKE $6 AND customer_id = $7");
impl Listed for PaymentIntent {
    const ALL: Listing = listing!("payment_intents", "");
    const OF: Listing = listing!("payment_intents", " AND customer_id = $5");
}
impl Listed for SetupIntent {
    const ALL: Listing = listing!("setup_intents", "");
    const OF: Listing = listing!("setup_intents", " AND customer_id = $5");
}
impl Listed for Charge {
    const ALL: Listing = listing!("charges", "");
    const OF: Listing = listing!("charges", " AND customer_id = $5");
}
impl Listed for Refund {
    const ALL: Listing = listing!("refunds", "");
    const OF: Listing = listing!("refunds", " AND charge_id = $5");
}

impl Listed for WebhookEndpoint {
    const ALL: Listing = listing!("webhook_endpoints", "");
    const OF: Listing = listing!("webhook_endpoints", " AND status = $5");
}

/// Charges of a payment intent.
pub const CHARGES_OF_INTENT: Listing = listing!("charges", " AND payment_intent_id = $5");
/// Refunds of a payment intent.
pub const REFUNDS_OF_INTENT: Listing = listing!("refunds", " AND payment_intent_id = $5");
macro_rules! events {
    ($filter:literal) => {
        listing!(
            "id, type, object_id, object_version, key_id, request_id, idempotency_key, sealed, (SELECT o.sequence FROM \
             event_order o WHERE o.account_id = events.account_id AND o.event_id = events.id) AS sequence",
            "events",
            $filter
        )
    };
}

/// All events.
pub const EVENTS: Listing = events!("");
/// Events of one type.
pub const EVENTS_OF_TYPE: Listing = events!(" AND type = $5");
/// Events whose types begin alike: from `$5`, before `$6`.
pub const EVENTS_OF_FAMILY: Listing = events!(" AND type >= $5 AND type < $6");
/// Events of some types. There are exactly [`EVENT_TYPES_MAX`] parameters; the same type may stand there repeatedly.
pub const EVENTS_OF_TYPES: Listing = events!(
    " AND type IN ($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)"
);
macro_rules! deliveries {
    ($filter:literal) => {
        listing!(
            "id, endpoint_id, event_id, key_id, state, next_try, give_up, created, doc, sealed",
            "webhook_deliveries",
            $filter
        )
    };
}

/// Deliveries whose state matches a pattern.
pub const DELIVERIES: Listing = deliveries!(" AND state LIKE $5");
/// The same, to one endpoint.
pub const DELIVERIES_TO: Listing = deliveries!(" AND state LIKE $5 AND endpoint_id = $6");
/// The same, of one event.
pub const DELIVERIES_OF: Listing = deliveries!(" AND state LIKE $5 AND event_id = $6");
/// The same, of one event to one endpoint.
pub const DELIVERIES_OF_TO: Listing =
    deliveries!(" AND state LIKE $5 AND event_id = $6 AND endpoint_id = $7");
/// How many types a list of events can be filtered by.
pub const EVENT_TYPES_MAX: usize = 20;

/// Reads the rows of a page.
///
/// # Errors
/// When the database fails.
pub async fn rows(
    tx: &mut Tx,
    account: &AccountId,
    listing: Listing,
    window: &Window,
    filter: &[&str],
) -> Result<Page<Row>, DbError> {
    let sql = if window.backwards { listing.1 } else { listing.0 };
    let limit = usize::try_from(window.limit).unwrap_or(1);
    let mut params: Vec<Param<'_>> =
        binds![account.as_str(), window.low.as_str(), window.high.as_str(), window.limit + 1].to_vec();
    params.extend(filter.iter().map(|value| Param::from(*value)));
    let mut objects = tx.query(sql, &params).await?;
    let has_more = objects.len() > limit;
    objects.truncate(limit);
    if window.backwards {
        objects.reverse();
    }
    Ok(Page { objects, has_more })
}

/// Reads a page of objects; `of` restricts it to one customer's (for refunds, one charge's; for customers, one e-mail
/// address's).
///
/// # Errors
/// When the database fails.
pub async fn page<T: Listed>(
    tx: &mut Tx,
    account: &AccountId,
    window: &Window,
    of: Option<&str>,
) -> Result<Page<T>, DbError> {
    let listing = if of.is_some() { T::OF } else { T::ALL };
    let filter: Vec<&str> = of.into_iter().collect();
    objects(rows(tx, account, listing, window, &filter).await?)
}

/// The objects of a page of rows.
///
/// # Errors
/// When a document cannot be read.
pub fn objects<T: Object>(page: Page<Row>) -> Result<Page<T>, DbError> {
    let objects = page.objects.iter().map(|row| from_row(row).map(|v| v.object)).collect::<Result<_, _>>()?;
    Ok(Page { objects, has_more: page.has_more })
}

/// The methods of a customer, for erasing them.
///
/// # Errors
/// When the database fails.
pub async fn methods_of(
    tx: &mut Tx,
    account: &AccountId,
    customer: &CustomerId,
    limit: u32,
) -> Result<Vec<PaymentMethod>, DbError> {
    let all = Window { low: String::new(), high: Window::NO_UPPER.to_owned(), backwards: true, limit };
    Ok(page(tx, account, &all, Some(customer.as_str())).await?.objects)
}
