//! The statements of all lists but those of billing.

use crate::model::Object;
use crate::model::charge::Charge;
use crate::model::customer::Customer;
use crate::model::dispute::Dispute;
use crate::model::import::Import;
use crate::model::invoice_item::InvoiceItem;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::refund::Refund;
use crate::model::run::Run;
use crate::model::setup_intent::SetupIntent;
use crate::model::test_clock::TestClock;
use crate::model::webhook_endpoint::WebhookEndpoint;

/// The statements of one list: newest first, oldest first, and whether an object exists.
#[derive(Debug, Clone, Copy)]
pub struct Listing(pub(super) &'static str, pub(super) &'static str, pub(super) &'static str);

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

pub(super) use listing;

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
