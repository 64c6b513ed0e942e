//! What requests say of recurring agreements.

use jiff::Timestamp;
use onfile_core::ids::{Id, PaymentMethodId, PriceId, TaxRateId};
use onfile_core::recurrence::Recurrence;

use super::discount_params::{discounts, discounts_or_one};
use super::recurrence_params;
use super::tax_params::tax_rates;
use crate::billing::discounts::change::OfSubscription;
use crate::billing::discounts::redeem::Wanted;
use crate::billing::subscribe::{NewItem, NewSubscription};
use crate::model::subscription::{Item, Subscription};
use crate::wire::error::ApiError;
use crate::wire::params::{Given, MetadataPatch, Params, TEXT_MAX};

/// Stripe's limit on the items of a subscription.
const ITEMS_MAX: usize = 20;
/// The most units of one price.
const QUANTITY_MAX: i64 = 1_000_000;
/// The longest free time: Stripe's two years.
const TRIAL_DAYS_MAX: i64 = 730;
/// The longest time to pay a sent invoice.
const DAYS_UNTIL_DUE_MAX: i64 = 365;
const DESCRIPTION_MAX: usize = 500;
const COLLECTION: [&str; 2] = ["charge_automatically", "send_invoice"];
const FEEDBACK: [&str; 8] = [
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
];

/// A new agreement.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn new(params: &mut Params, now: Timestamp) -> Result<NewSubscription, ApiError> {
    let customer = params.id("customer", "customer")?.ok_or_else(|| ApiError::missing("customer"))?;
    let items = params.groups("items", ITEMS_MAX, item)?.value();
    let items = items.filter(|items| !items.is_empty()).ok_or_else(|| ApiError::missing("items"))?;
    let (leave_first_payment, off_session) = first_payment(params)?;
    let collection_method = params.word("collection_method", &COLLECTION)?.unwrap_or("charge_automatically");
    let days_until_due = days_until_due(params, collection_method)?;
    let anchor = params.time("billing_cycle_anchor")?;
    let prorated = params.word("proration_behavior", &["none", "create_prorations", "always_invoice"])?;
    if anchor.is_some() && prorated != Some("none") {
        let message = "A first period of another length is not prorated. Say so with `proration_behavior=none`, or \
                       leave `billing_cycle_anchor` out.";
        return Err(ApiError::invalid("proration_behavior", None, message));
    }
    Ok(NewSubscription {
        customer,
        items,
        discounts: discounts_or_one(params)?.value().unwrap_or_default(),
        default_tax_rates: tax_rates(params, "default_tax_rates")?.value().unwrap_or_default(),
        schedule: schedule(params, anchor.is_some(), now)?,
        billing_cycle_anchor: anchor,
        trial_end: params.time("trial_end")?,
        trial_period_days: params.integer_within("trial_period_days", 0, TRIAL_DAYS_MAX)?,
        collection_method: collection_method.to_owned(),
        days_until_due,
        default_payment_method: params.id("default_payment_method", "PaymentMethod")?,
        description: params.text("description", DESCRIPTION_MAX)?,
        metadata: params.metadata()?.into_new()?,
        cancel_at: params.time("cancel_at")?,
        cancel_at_period_end: params.boolean("cancel_at_period_end")?.unwrap_or_default(),
        leave_first_payment,
        off_session,
    })
}

/// `onfile[recurrence]`: a schedule that the prices cannot say. It names its own beginning.
fn schedule(params: &mut Params, anchored: bool, now: Timestamp) -> Result<Option<Recurrence>, ApiError> {
    let Some(mut onfile) = params.group("onfile")? else { return Ok(None) };
    let recurrence = recurrence_params::recurrence(&mut onfile, now)?;
    onfile.finish()?;
    if recurrence.is_some() && anchored {
        let message = "A schedule of its own begins with `onfile[recurrence][start]`; leave `billing_cycle_anchor` out.";
        return Err(ApiError::invalid("billing_cycle_anchor", "parameters_exclusive", message));
    }
    Ok(recurrence)
}

fn item(params: &mut Params) -> Result<NewItem, ApiError> {
    if params.has("price_data") {
        let message = "Create the price first (POST /v1/prices) and name it as `price`.";
        return Err(ApiError::invalid(params.name("price_data"), None, message));
    }
    let price: Option<PriceId> = params.id("price", "price")?;
    Ok(NewItem {
        price: price.ok_or_else(|| ApiError::missing(params.name("price")))?,
        quantity: quantity(params)?.unwrap_or(1),
        metadata: params.metadata()?.into_new()?,
        discounts: discounts(params)?.value().unwrap_or_default(),
        tax_rates: tax_rates(params, "tax_rates")?.value().unwrap_or_default(),
    })
}

fn quantity(params: &mut Params) -> Result<Option<u64>, ApiError> {
    Ok(params.integer_within("quantity", 0, QUANTITY_MAX)?.and_then(|quantity| u64::try_from(quantity).ok()))
}

/// Whether the first payment is left to the customer, and whether nobody is there at it.
fn first_payment(params: &mut Params) -> Result<(bool, bool), ApiError> {
    const BEHAVIOURS: [&str; 4] =
        ["allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"];
    let off_session = params.boolean("off_session")?.unwrap_or_default();
    match params.word("payment_behavior", &BEHAVIOURS)? {
        None | Some("allow_incomplete") => Ok((false, off_session)),
        Some("default_incomplete") => Ok((true, off_session)),
        Some(other) => {
            let message = format!(
                "{other} is not supported: a payment that failed cannot be undone with its subscription. Use \
                 allow_incomplete or default_incomplete."
            );
            Err(ApiError::invalid("payment_behavior", None, message))
        }
    }
}

fn days_until_due(params: &mut Params, collection: &str) -> Result<Option<u32>, ApiError> {
    let days = params.integer_within("days_until_due", 0, DAYS_UNTIL_DUE_MAX)?;
    match (days, collection) {
        (Some(_), "charge_automatically") => {
            let message = "`days_until_due` is for `collection_method=send_invoice`.";
            Err(ApiError::invalid("days_until_due", None, message))
        }
        (None, "send_invoice") => Err(ApiError::missing("days_until_due")),
        (days, _) => Ok(days.and_then(|days| u32::try_from(days).ok())),
    }
}

/// The customer's words when an agreement ends.
#[derive(Debug, Clone)]
pub struct CancellationWords {
    comment: Given<String>,
    feedback: Given<&'static str>,
}

impl CancellationWords {
    /// Writes them down.
    pub fn apply(self, subscription: &mut Subscription) {
        self.comment.apply(&mut subscription.cancellation.comment);
        match self.feedback {
            Given::Absent => {}
            given => subscription.cancellation.feedback = given.value().map(str::to_owned),
        }
    }
}

/// `cancellation_details[…]`
///
/// # Errors
/// Names the parameter that is wrong.
pub fn cancellation(params: &mut Params) -> Result<CancellationWords, ApiError> {
    let Some(mut group) = params.group("cancellation_details")? else {
        return Ok(CancellationWords { comment: Given::Absent, feedback: Given::Absent });
    };
    let words = CancellationWords {
        comment: group.text_or_unset("comment", TEXT_MAX)?,
        feedback: group.word_or_unset("feedback", &FEEDBACK)?,
    };
    group.finish()?;
    Ok(words)
}

/// A change of an agreement.
#[derive(Debug, Clone)]
pub struct Changes {
    items: Vec<ItemChange>,
    discounts: Given<Vec<Wanted>>,
    default_tax_rates: Given<Vec<TaxRateId>>,
    default_payment_method: Given<PaymentMethodId>,
    description: Given<String>,
    metadata: MetadataPatch,
    cancel_at: Given<i64>,
    cancel_at_period_end: Option<bool>,
    cancellation: CancellationWords,
    collection: Option<(String, Option<u32>)>,
}

#[derive(Debug, Clone)]
struct ItemChange {
    id: String,
    price: Option<PriceId>,
    quantity: Option<u64>,
    discounts: Given<Vec<Wanted>>,
    tax_rates: Given<Vec<TaxRateId>>,
}

/// Reads a change.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn changes(params: &mut Params) -> Result<Changes, ApiError> {
    let items = params.groups("items", ITEMS_MAX, item_change)?.value().unwrap_or_default();
    let prorated = params.word("proration_behavior", &["none", "create_prorations", "always_invoice"])?;
    if items.iter().any(ItemChange::is_of_price) && prorated != Some("none") {
        let message = "Changes count from the next period on and are not prorated. Say so with \
                       `proration_behavior=none`.";
        return Err(ApiError::invalid("proration_behavior", None, message));
    }
    let cancel_at = match params.text_or_unset("cancel_at", TEXT_MAX)? {
        Given::Absent => Given::Absent,
        Given::Unset => Given::Unset,
        Given::Set(text) => Given::Set(text.parse().map_err(|_| {
            ApiError::invalid("cancel_at", "parameter_invalid_integer", "cancel_at must be a Unix time.")
        })?),
    };
    let collection = match params.word("collection_method", &COLLECTION)? {
        Some(method) => Some((method.to_owned(), days_until_due(params, method)?)),
        None => None,
    };
    Ok(Changes {
        items,
        discounts: discounts_or_one(params)?,
        default_tax_rates: tax_rates(params, "default_tax_rates")?,
        default_payment_method: params.id_or_unset("default_payment_method", "PaymentMethod")?,
        description: params.text_or_unset("description", DESCRIPTION_MAX)?,
        metadata: params.metadata()?,
        cancel_at,
        cancel_at_period_end: params.boolean("cancel_at_period_end")?,
        cancellation: cancellation(params)?,
        collection,
    })
}

fn item_change(params: &mut Params) -> Result<ItemChange, ApiError> {
    Ok(ItemChange {
        id: params.required_text("id", TEXT_MAX)?,
        price: params.id("price", "price")?,
        quantity: quantity(params)?,
        discounts: discounts(params)?,
        tax_rates: tax_rates(params, "tax_rates")?,
    })
}

impl ItemChange {
    /// Whether it changes what is paid, not only what is taken off it.
    fn is_of_price(&self) -> bool {
        self.price.is_some() || self.quantity.is_some()
    }
}

impl Changes {
    /// Whether it changes more than what is written about the agreement.
    pub fn is_more_than_words(&self) -> bool {
        !self.items.is_empty()
            || self.discounts.is_given()
            || self.default_tax_rates.is_given()
            || self.default_payment_method.is_given()
            || self.cancel_at.is_given()
            || self.cancel_at_period_end.is_some()
            || self.collection.is_some()
    }

    /// The discounts that it names, for the items of this agreement.
    pub fn discounts(&self, it: &Subscription) -> OfSubscription {
        let asked = |given: &Given<Vec<Wanted>>| match given {
            Given::Absent => None,
            Given::Unset => Some(Vec::new()),
            Given::Set(wanted) => Some(wanted.clone()),
        };
        let of = |item: &Item| {
            let change = self.items.iter().find(|change| change.id == item.id.as_str());
            change.and_then(|change| asked(&change.discounts))
        };
        OfSubscription { whole: asked(&self.discounts), items: it.items.iter().map(of).collect() }
    }

    /// The taxes that it names: for items that have none of their own, and for each item of this agreement. None where they
    /// stay as they are.
    pub fn tax_rates(&self, it: &Subscription) -> (Option<Vec<TaxRateId>>, Vec<Option<Vec<TaxRateId>>>) {
        let asked = |given: &Given<Vec<TaxRateId>>| match given {
            Given::Absent => None,
            Given::Unset => Some(Vec::new()),
            Given::Set(ids) => Some(ids.clone()),
        };
        let of = |item: &Item| {
            let change = self.items.iter().find(|change| change.id == item.id.as_str());
            change.and_then(|change| asked(&change.tax_rates))
        };
        (asked(&self.default_tax_rates), it.items.iter().map(of).collect())
    }

    /// The method that it names.
    pub fn method(&self) -> Option<&PaymentMethodId> {
        match &self.default_payment_method {
            Given::Set(method) => Some(method),
            Given::Absent | Given::Unset => None,
        }
    }

    /// The prices that it names, each with its parameter.
    pub fn prices(&self) -> impl Iterator<Item = (String, &PriceId)> {
        self.items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| Some((format!("items[{index}][price]"), item.price.as_ref()?)))
    }

    /// Applies it at this Unix second.
    ///
    /// # Errors
    /// When it names an item that is not there, or too much metadata.
    pub fn apply(self, it: &mut Subscription, now: i64) -> Result<(), ApiError> {
        for (index, change) in self.items.into_iter().enumerate() {
            let param = format!("items[{index}][id]");
            let item: &mut Item = it
                .items
                .iter_mut()
                .find(|item| item.id.as_str() == change.id)
                .ok_or_else(|| ApiError::no_such("subscription_item", &change.id, param))?;
            item.price = change.price.unwrap_or_else(|| item.price.clone());
            item.quantity = change.quantity.unwrap_or(item.quantity);
        }
        self.default_payment_method.apply(&mut it.default_payment_method);
        self.description.apply(&mut it.description);
        self.metadata.apply(&mut it.metadata)?;
        self.cancellation.apply(it);
        if let Some((method, days)) = self.collection {
            it.collection_method = method;
            it.days_until_due = days;
        }
        if let Given::Set(at) = &self.cancel_at
            && *at <= now
        {
            let message = "cancel_at must lie in the future. To end it now, cancel the subscription.";
            return Err(ApiError::invalid("cancel_at", None, message));
        }
        let asked = self.cancel_at.is_given() || self.cancel_at_period_end.is_some();
        self.cancel_at.apply(&mut it.cancel_at);
        it.cancel_at_period_end = self.cancel_at_period_end.unwrap_or(it.cancel_at_period_end);
        if asked {
            let ends = it.cancel_at.is_some() || it.cancel_at_period_end;
            it.canceled_at = ends.then_some(now);
            it.cancellation.reason = ends.then(|| "cancellation_requested".to_owned());
        }
        Ok(())
    }
}
