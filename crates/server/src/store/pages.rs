//! Pages of lists, over the primary key or one index, newest first.

use onfile_core::ids::{AccountId, CustomerId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Param, Row, Tx};

use super::objects::from_row;
use crate::model::Object;
use crate::model::charge::Charge;
use crate::model::customer::Customer;
use crate::model::dispute::Dispute;
use crate::model::import::Import;
use crate::model::invoice::Invoice;
use crate::model::invoice_item::InvoiceItem;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::refund::Refund;
use crate::model::run::Run;
use crate::model::setup_intent::SetupIntent;
use crate::model::subscription::Subscription;
use crate::model::test_clock::TestClock;
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
    /// The object that the caller named as the edge, if one was named: it must exist.
    pub cursor: Option<Cursor>,
}

impl Window {
    /// Greater than every id.
    pub const NO_UPPER: &'static str = "~";

    /// The newest objects of a list.
    pub fn newest(limit: u32) -> Self {
        Self { low: String::new(), high: Self::NO_UPPER.to_owned(), backwards: false, limit, cursor: None }
    }

    /// The smallest window that holds this id. Others that begin like it may stand in it too, one is fetched.
    pub fn only(id: &impl Id) -> Self {
        let mut low = id.as_str().to_owned();
        // The greatest text below an id that can be an id: one character shorter.
        low.pop();
        Self { low, high: format!("{}!", id.as_str()), ..Self::newest(1) }
    }

    /// The part beyond a place in the list, in the direction of reading.
    #[must_use]
    pub fn beyond(mut self, place: &str) -> Self {
        if self.backwards {
            self.low = self.low.max(place.to_owned());
        } else {
            self.high = self.high.min(place.to_owned());
        }
        self
    }

    /// The same part of a list of other objects, whose ids have the digits of these (`ids::counterpart`).
    #[must_use]
    pub fn counterpart<A: Id, B: Id>(&self) -> Self {
        let other = |id: &str| match id.strip_prefix(A::PREFIX) {
            Some(digits) => format!("{}{digits}", B::PREFIX),
            None => id.to_owned(),
        };
        let cursor = self.cursor.as_ref().map(|cursor| Cursor { id: other(&cursor.id), ..cursor.clone() });
        Self { low: other(&self.low), high: other(&self.high), cursor, ..self.clone() }
    }

    /// Whether an id lies in it.
    pub fn holds(&self, id: &str) -> bool {
        self.low.as_str() < id && id < self.high.as_str()
    }

    /// The oldest objects of a list.
    pub fn oldest(limit: u32) -> Self {
        Self { backwards: true, ..Self::newest(limit) }
    }
}

/// An object at which a page begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Its id.
    pub id: String,
    /// The parameter that names it.
    pub param: &'static str,
    /// What it is, in words.
    pub noun: String,
}

/// A page, newest first.
#[derive(Debug)]
pub struct Page<T> {
    /// The objects.
    pub objects: Vec<T>,
    /// Whether there are more in the direction of reading.
    pub has_more: bool,
    /// The window's cursor, when there is no such object.
    pub unknown: Option<Cursor>,
}

impl<T> Page<T> {
    /// The part of a short list, newest first, that a window asks for, where the list's order is not that of its ids.
    pub fn within(mut objects: Vec<T>, id: impl Fn(&T) -> &str, window: &Window) -> Self {
        let mut unknown = None;
        if let Some(cursor) = &window.cursor {
            match objects.iter().position(|object| id(object) == cursor.id) {
                Some(at) if window.backwards => objects.truncate(at),
                Some(at) => drop(objects.drain(..=at)),
                None => unknown = Some(cursor.clone()),
            }
        }
        let limit = usize::try_from(window.limit).unwrap_or(1);
        let has_more = objects.len() > limit;
        if window.backwards {
            objects.drain(..objects.len().saturating_sub(limit));
        }
        objects.truncate(limit);
        Self { objects, has_more, unknown }
    }
}

/// The statements of one list: newest first, oldest first, and whether an object exists.
#[derive(Debug, Clone, Copy)]
pub struct Listing(&'static str, &'static str, &'static str);

macro_rules! listing {
    ($columns:literal, $table:literal, $order:literal, $filter:literal) => {
        Listing(
            listing!($columns, $table, $order, $filter, "DESC"),
            listing!($columns, $table, $order, $filter, "ASC"),
            concat!("SELECT 1 AS one FROM ", $table, " WHERE account_id = $1 AND id = $2"),
        )
    };
    ($columns:literal, $table:literal, $order:literal, $filter:literal, $direction:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM ",
            $table,
            " WHERE account_id = $1 AND ",
            $order,
            " > $2 AND ",
            $order,
            " < $3",
            $filter,
            " ORDER BY ",
            $order,
            " ",
            $direction,
            " LIMIT $4"
        )
    };
    ($columns:literal, $table:literal, $filter:literal) => {
        listing!($columns, $table, "id", $filter)
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

/// Products, in the order of their places: `$5` whether active, `$6` whether shippable, `$7` the address. In this filter
/// and the next ones, null lets everything through.
pub const PRODUCTS: Listing = listing!(
    "version, doc",
    "products",
    "place",
    " AND active = COALESCE($5, active) AND shippable = COALESCE($6, shippable) AND url = COALESCE($7, url)"
);
/// Prices: `$5` whether active, `$6` the currency, `$7` the kind, `$8` the interval.
pub const PRICES: Listing = listing!(
    "prices",
    " AND active = COALESCE($5, active) AND currency = COALESCE($6, currency) AND kind = COALESCE($7, kind) \
     AND recurring_interval = COALESCE($8, recurring_interval)"
);
/// The same, of the product `$9`.
pub const PRICES_OF_PRODUCT: Listing = listing!(
    "prices",
    " AND active = COALESCE($5, active) AND currency = COALESCE($6, currency) AND kind = COALESCE($7, kind) \
     AND recurring_interval = COALESCE($8, recurring_interval) AND product_id = $9"
);
/// The same, of the product `$9` or of any, and with one of these lookup keys. There are exactly [`LOOKUP_KEYS_MAX`] of
/// them; the same may stand there repeatedly.
pub const PRICES_BY_LOOKUP_KEY: Listing = listing!(
    "prices",
    " AND active = COALESCE($5, active) AND currency = COALESCE($6, currency) AND kind = COALESCE($7, kind) \
     AND recurring_interval = COALESCE($8, recurring_interval) AND product_id = COALESCE($9, product_id) \
     AND lookup_key IN ($10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
);
/// Coupons, in the order of their places.
pub const COUPONS: Listing = listing!("version, doc", "coupons", "place", "");
/// Promotion codes: `$5` and `$6` whether they can be used at the Unix second `$7`, `$8` the code in capital letters, `$9`
/// the coupon, `$10` the customer.
pub const PROMOTION_CODES: Listing = listing!(
    "promotion_codes",
    " AND CASE WHEN exhausted = 0 AND (expires_at IS NULL OR expires_at > $7) AND EXISTS (\
        SELECT 1 FROM coupons AS c WHERE c.account_id = $1 AND c.id = promotion_codes.coupon_id AND c.exhausted = 0 \
        AND (c.redeem_by IS NULL OR c.redeem_by >= $7)) THEN active ELSE 0 END IN ($5, $6) \
     AND code_key = COALESCE($8, code_key) AND coupon_id = COALESCE($9, coupon_id) \
     AND customer_id = COALESCE($10, customer_id)"
);
/// The same, found by the code, which must be given.
pub const PROMOTION_CODES_BY_CODE: Listing = listing!(
    "promotion_codes",
    " AND CASE WHEN exhausted = 0 AND (expires_at IS NULL OR expires_at > $7) AND EXISTS (\
        SELECT 1 FROM coupons AS c WHERE c.account_id = $1 AND c.id = promotion_codes.coupon_id AND c.exhausted = 0 \
        AND (c.redeem_by IS NULL OR c.redeem_by >= $7)) THEN active ELSE 0 END IN ($5, $6) \
     AND code_key = $8 AND coupon_id = COALESCE($9, coupon_id) AND customer_id = COALESCE($10, customer_id)"
);
/// Tax rates: `$5` whether active, `$6` whether inclusive.
pub const TAX_RATES: Listing =
    listing!("tax_rates", " AND active = COALESCE($5, active) AND inclusive = COALESCE($6, inclusive)");
/// How many lookup keys a list of prices can be filtered by.
pub const LOOKUP_KEYS_MAX: usize = 10;

impl Listed for TestClock {
    const ALL: Listing = listing!("test_clocks", "");
    const OF: Listing = listing!("test_clocks", " AND status = $5");
}
impl Listed for InvoiceItem {
    const ALL: Listing = listing!("invoice_items", "");
    const OF: Listing = listing!("invoice_items", " AND customer_id = $5");
}
impl Listed for Run {
    const ALL: Listing = listing!("runs", "");
    const OF: Listing = listing!("runs", " AND clock_id = $5");
}
impl Listed for Import {
    const ALL: Listing = listing!("imports", "");
    const OF: Listing = listing!("imports", " AND clock_id = $5");
}
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

impl Listed for Dispute {
    const ALL: Listing = listing!("disputes", "");
    const OF: Listing = listing!("disputes", " AND charge_id = $5");
}

/// Disputes of a payment intent.
pub const DISPUTES_OF_INTENT: Listing = listing!("disputes", " AND payment_intent_id = $5");
impl Listed for WebhookEndpoint {
    const ALL: Listing = listing!("webhook_endpoints", "");
    const OF: Listing = listing!("webhook_endpoints", " AND status = $5");
}

/// Captured charges whose documents match two patterns: kind of method and currency.
pub const CHARGES_CAPTURED: Listing =
    listing!("charges", " AND doc LIKE '%\"captured\":true%' AND doc LIKE $5 AND doc LIKE $6");
/// Refunds whose documents match two patterns, where it goes and currency, and do not match a third.
pub const REFUNDS_LIKE: Listing = listing!("refunds", " AND doc LIKE $5 AND doc LIKE $6 AND doc NOT LIKE $7");
/// Disputes whose documents match two patterns; the first is any.
pub const DISPUTES_LIKE: Listing = listing!("disputes", " AND doc LIKE $5 AND doc LIKE $6");
/// Charges of a payment intent.
pub const CHARGES_OF_INTENT: Listing = listing!("charges", " AND payment_intent_id = $5");
/// Refunds of a payment intent.
pub const REFUNDS_OF_INTENT: Listing = listing!("refunds", " AND payment_intent_id = $5");
/// All notices.
pub const NOTICES: Listing = listing!(
    "id, kind, customer_id, payment_intent_id, about, state, reason, attempts, due, settled, sealed",
    "notices",
    ""
);
/// Notices to one customer.
pub const NOTICES_OF_CUSTOMER: Listing = listing!(
    "id, kind, customer_id, payment_intent_id, about, state, reason, attempts, due, settled, sealed",
    "notices",
    " AND customer_id = $5"
);
/// Notices of one payment.
pub const NOTICES_OF_PAYMENT: Listing = listing!(
    "id, kind, customer_id, payment_intent_id, about, state, reason, attempts, due, settled, sealed",
    "notices",
    " AND payment_intent_id = $5"
);
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
    let filter: Vec<Param<'_>> = filter.iter().map(|value| Param::from(*value)).collect();
    filtered(tx, account, listing, window, &filter).await
}

/// The same, where the filter is not of texts alone.
///
/// # Errors
/// When the database fails.
pub async fn filtered(
    tx: &mut Tx,
    account: &AccountId,
    listing: Listing,
    window: &Window,
    filter: &[Param<'_>],
) -> Result<Page<Row>, DbError> {
    let sql = if window.backwards { listing.1 } else { listing.0 };
    let limit = usize::try_from(window.limit).unwrap_or(1);
    let mut params: Vec<Param<'_>> =
        binds![account.as_str(), window.low.as_str(), window.high.as_str(), window.limit + 1].to_vec();
    params.extend(filter);
    let mut objects = tx.query(sql, &params).await?;
    let has_more = objects.len() > limit;
    objects.truncate(limit);
    if window.backwards {
        objects.reverse();
    }
    let unknown = match &window.cursor {
        Some(cursor) => {
            let found = tx.query_opt(listing.2, binds![account.as_str(), cursor.id.as_str()]).await?;
            found.is_none().then(|| cursor.clone())
        }
        None => None,
    };
    Ok(Page { objects, has_more, unknown })
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
    Ok(Page { objects, has_more: page.has_more, unknown: page.unknown })
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
    Ok(page(tx, account, &Window::oldest(limit), Some(customer.as_str())).await?.objects)
}
