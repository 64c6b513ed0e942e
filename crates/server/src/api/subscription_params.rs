//! What requests say of recurring agreements.

use jiff::Timestamp;
use onfile_core::ids::PriceId;
use onfile_core::recurrence::Recurrence;

use super::discount_params::{discounts, discounts_or_one};
use super::recurrence_params;
use super::tax_params::tax_rates;
use crate::billing::subscribe::{NewItem, NewSubscription};
use crate::model::subscription::Subscription;
use crate::wire::error::ApiError;
use crate::wire::params::{Given, Params, TEXT_MAX};

/// Stripe's limit on the items of a subscription.
pub const ITEMS_MAX: usize = 20;
/// The most units of one price.
const QUANTITY_MAX: i64 = 1_000_000;
/// The longest free time: Stripe's two years.
const TRIAL_DAYS_MAX: i64 = 730;
/// The longest time to pay a sent invoice.
const DAYS_UNTIL_DUE_MAX: i64 = 365;
pub(super) const DESCRIPTION_MAX: usize = 500;
pub(super) const COLLECTION: [&str; 2] = ["charge_automatically", "send_invoice"];
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
        saves_method: saves_method(params)?.unwrap_or_default(),
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
    let price = price(params)?;
    Ok(NewItem {
        price: price.ok_or_else(|| ApiError::missing(params.name("price")))?,
        quantity: quantity(params)?.unwrap_or(1),
        metadata: params.metadata()?.into_new()?,
        discounts: discounts(params)?.value().unwrap_or_default(),
        tax_rates: tax_rates(params, "tax_rates")?.value().unwrap_or_default(),
    })
}

/// `price`, or `plan`, as programs for older versions call it.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn price(params: &mut Params) -> Result<Option<PriceId>, ApiError> {
    if params.has("price_data") {
        let message = "Create the price first (POST /v1/prices) and name it as `price`.";
        return Err(ApiError::invalid(params.name("price_data"), None, message));
    }
    let price = params.id("price", "price")?;
    let plan = params.id("plan", "plan")?;
    if price.is_some() && plan.is_some() {
        let message = "You may only specify one of these parameters: price, plan.";
        return Err(ApiError::invalid(params.name("plan"), "parameters_exclusive", message));
    }
    Ok(price.or(plan))
}

/// `payment_settings[save_default_payment_method]`: whether the method that pays becomes the agreement's own.
///
/// # Errors
/// Names what is not one of Stripe's words, or would change something else.
pub fn saves_method(params: &mut Params) -> Result<Option<bool>, ApiError> {
    let Some(mut group) = params.group("payment_settings")? else { return Ok(None) };
    let word = group.word("save_default_payment_method", &["off", "on_subscription"])?;
    group.finish()?;
    Ok(word.map(|word| word == "on_subscription"))
}

/// How many.
///
/// # Errors
/// When it is no whole number, or too large.
pub fn quantity(params: &mut Params) -> Result<Option<u64>, ApiError> {
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

pub(super) fn days_until_due(params: &mut Params, collection: &str) -> Result<Option<u32>, ApiError> {
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
#[derive(Debug, Clone, Default)]
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
