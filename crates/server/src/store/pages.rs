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
/// How many lookup keys a list of prices can be filtered by.
pub const LOOKUP_KEYS_MAX: usize = 10;

/// Charges of a payment intent.
pub const CHARGES_OF_INTENT: Listing = listing!("charges", " AND payment_intent_id = $5");
/// Refunds of a payment intent.
pub const REFUNDS_OF_INTENT: Listing = listing!("refunds", " AND payment_intent_id = $5");
/// All events.
pub const EVENTS: Listing = listing!(
    "id, type, object_id, object_version, key_id, request_id, idempotency_key, sealed",
    "events",
    ""
);
/// Events of one type.
pub const EVENTS_OF_TYPE: Listing = listing!(
    "id, type, object_id, object_version, key_id, request_id, idempotency_key, sealed",
    "events",
    " AND type = $5"
);
/// Events whose types begin alike: from `$5`, before `$6`.
pub const EVENTS_OF_FAMILY: Listing = listing!(
    "id, type, object_id, object_version, key_id, request_id, idempotency_key, sealed",
    "events",
    " AND type >= $5 AND type < $6"
);
/// Events of some types. There are exactly [`EVENT_TYPES_MAX`] parameters; the same type may stand there repeatedly.
pub const EVENTS_OF_TYPES: Listing = listing!(
    "id, type, object_id, object_version, key_id, request_id, idempotency_key, sealed",
    "events",
    " AND type IN ($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)"
);
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
