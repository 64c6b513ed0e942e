//! Changes of recurring agreements, of the whole or of one part.

use onfile_core::ids::{PaymentMethodId, PriceId, SubscriptionItemId, TaxRateId};
use onfile_core::subscription::SubscriptionStatus;

use super::discount_params::{discounts, discounts_or_one};
use super::subscription_params::{
    COLLECTION, CancellationWords, DESCRIPTION_MAX, ITEMS_MAX, cancellation, days_until_due, price, quantity,
    saves_method,
};
use super::tax_params::tax_rates;
use crate::app::App;
use crate::billing::discounts::change::OfSubscription;
use crate::billing::discounts::redeem::Wanted as WantedDiscount;
use crate::billing::subscribe::{NewItem, new_item};
use crate::model::subscription::{Item, PauseBehaviour, PauseCollection, Subscription};
use crate::wire::error::ApiError;
use crate::wire::params::{Given, MetadataPatch, Params, TEXT_MAX};

/// A change of an agreement.
#[derive(Debug, Clone)]
pub struct Changes {
    items: Vec<ItemChange>,
    prorated: bool,
    discounts: Given<Vec<WantedDiscount>>,
    default_tax_rates: Given<Vec<TaxRateId>>,
    default_payment_method: Given<PaymentMethodId>,
    description: Given<String>,
    metadata: MetadataPatch,
    cancel_at: Given<i64>,
    cancel_at_period_end: Option<bool>,
    cancellation: CancellationWords,
    collection: Option<(String, Option<u32>)>,
    pause: Given<PauseCollection>,
    ends_trial: bool,
    saves_method: Option<bool>,
}

/// A change of one part; without an id, a new part.
#[derive(Debug, Clone)]
pub struct ItemChange {
    id: Option<SubscriptionItemId>,
    id_param: String,
    price: Option<PriceId>,
    price_param: String,
    quantity: Option<u64>,
    metadata: MetadataPatch,
    discounts: Given<Vec<WantedDiscount>>,
    tax_rates: Given<Vec<TaxRateId>>,
    deleted: bool,
}

/// What a change wants that has to be looked up, or redeemed, in the database. None where something stays as it is.
#[derive(Debug)]
pub struct Wanted {
    /// Discounts, of the whole and of each item.
    pub discounts: OfSubscription,
    /// The taxes on items that have none of their own.
    pub default_tax_rates: Option<Vec<TaxRateId>>,
    /// Those of each item.
    pub tax_rates: Vec<Option<Vec<TaxRateId>>>,
}

/// Reads a change of an agreement.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn changes(params: &mut Params) -> Result<Changes, ApiError> {
    let items = params.groups("items", ITEMS_MAX, listed_item)?.value().unwrap_or_default();
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
        discounts: discounts_or_one(params)?,
        default_tax_rates: tax_rates(params, "default_tax_rates")?,
        default_payment_method: params.id_or_unset("default_payment_method", "PaymentMethod")?,
        description: params.text_or_unset("description", DESCRIPTION_MAX)?,
        metadata: params.metadata()?,
        cancel_at,
        cancel_at_period_end: params.boolean("cancel_at_period_end")?,
        cancellation: cancellation(params)?,
        collection,
        pause: pause(params)?,
        ends_trial: ends_trial(params)?,
        saves_method: saves_method(params)?,
        ..of_items(items, params)?
    })
}

/// A change of nothing but parts.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn of_items(items: Vec<ItemChange>, params: &mut Params) -> Result<Changes, ApiError> {
    let prorated = params.word("proration_behavior", &["none", "create_prorations", "always_invoice"])?;
    params.word("payment_behavior", &["allow_incomplete"])?;
    Ok(Changes {
        prorated: items.iter().any(ItemChange::is_of_price) && prorated != Some("none"),
        items,
        discounts: Given::Absent,
        default_tax_rates: Given::Absent,
        default_payment_method: Given::Absent,
        description: Given::Absent,
        metadata: MetadataPatch::default(),
        cancel_at: Given::Absent,
        cancel_at_period_end: None,
        cancellation: CancellationWords::default(),
        collection: None,
        pause: Given::Absent,
        ends_trial: false,
        saves_method: None,
    })
}

fn listed_item(params: &mut Params) -> Result<ItemChange, ApiError> {
    let id = params.id("id", "subscription_item")?;
    let deleted = params.boolean("deleted")?.unwrap_or_default();
    let change = ItemChange { id, deleted, ..item(params)? };
    if change.id.is_none() && (deleted || change.price.is_none()) {
        return Err(ApiError::missing(params.name(if deleted { "id" } else { "price" })));
    }
    Ok(change)
}

/// What is said of one part, but for which.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn item(params: &mut Params) -> Result<ItemChange, ApiError> {
    Ok(ItemChange {
        id: None,
        id_param: params.name("id"),
        price_param: params.name(if params.has("plan") { "plan" } else { "price" }),
        price: price(params)?,
        quantity: quantity(params)?,
        metadata: params.metadata()?,
        discounts: discounts(params)?,
        tax_rates: tax_rates(params, "tax_rates")?,
        deleted: false,
    })
}

impl ItemChange {
    /// The same change, of this part.
    #[must_use]
    pub fn of(self, id: SubscriptionItemId) -> Self {
        Self { id: Some(id), ..self }
    }

    /// The end of a part.
    pub fn removal(id: SubscriptionItemId) -> Self {
        Self {
            id: Some(id),
            id_param: "id".to_owned(),
            price: None,
            price_param: String::new(),
            quantity: None,
            metadata: MetadataPatch::default(),
            discounts: Given::Absent,
            tax_rates: Given::Absent,
            deleted: true,
        }
    }

    /// Whether it names a price.
    pub fn has_price(&self) -> bool {
        self.price.is_some()
    }

    /// Whether it changes what is paid, not only what is written about it or taken off it.
    fn is_of_price(&self) -> bool {
        self.id.is_none() || self.deleted || self.price.is_some() || self.quantity.is_some()
    }

    /// Applies it; tells which part it is about, and the discounts and taxes that are wanted for that.
    fn apply(self, it: &mut Subscription, app: &App, now: i64) -> Result<OfItem, ApiError> {
        let (discounts, tax_rates) = (wanted(self.discounts), wanted(self.tax_rates));
        let Some(id) = self.id else {
            let price = self.price.ok_or_else(|| ApiError::missing(self.price_param))?;
            let metadata = self.metadata.into_new()?;
            let quantity = self.quantity.unwrap_or(1);
            let new = new_item(app, &it.id, NewItem { quantity, metadata, ..NewItem::plain(price) }, now);
            let id = new.id.clone();
            it.items.push(new);
            return Ok(OfItem { id, discounts, tax_rates });
        };
        let at = it.items.iter().position(|item| item.id == id);
        let at = at.ok_or_else(|| ApiError::no_such("subscription_item", &id, self.id_param))?;
        if self.deleted {
            it.items.remove(at);
            return Ok(OfItem { id, discounts: None, tax_rates: None });
        }
        if let Some(item) = it.items.get_mut(at) {
            item.price = self.price.unwrap_or_else(|| item.price.clone());
            item.quantity = self.quantity.unwrap_or(item.quantity);
            self.metadata.apply(&mut item.metadata)?;
        }
        Ok(OfItem { id, discounts, tax_rates })
    }
}

/// What is wanted for one item.
struct OfItem {
    id: SubscriptionItemId,
    discounts: Option<Vec<WantedDiscount>>,
    tax_rates: Option<Vec<TaxRateId>>,
}

/// What is wanted in place of what there is; none when that stays.
fn wanted<T>(given: Given<Vec<T>>) -> Option<Vec<T>> {
    match given {
        Given::Absent => None,
        Given::Unset => Some(Vec::new()),
        Given::Set(wanted) => Some(wanted),
    }
}

/// `pause_collection`
fn pause(params: &mut Params) -> Result<Given<PauseCollection>, ApiError> {
    let mut group = match params.group_or_unset("pause_collection")? {
        Given::Absent => return Ok(Given::Absent),
        Given::Unset => return Ok(Given::Unset),
        Given::Set(group) => group,
    };
    let word = group.word("behavior", &PauseBehaviour::words())?;
    let behaviour = word.and_then(PauseBehaviour::parse);
    let behaviour = behaviour.ok_or_else(|| ApiError::missing(group.name("behavior")))?;
    let pause = PauseCollection { behaviour, resumes_at: group.time("resumes_at")? };
    group.finish()?;
    Ok(Given::Set(pause))
}

/// `trial_end=now`; another end of a free time is given when the agreement is made.
fn ends_trial(params: &mut Params) -> Result<bool, ApiError> {
    match params.text("trial_end", TEXT_MAX)?.as_deref() {
        None => Ok(false),
        Some("now") => Ok(true),
        Some(_) => {
            let message =
                "A trial cannot be moved once it has begun. Only `now` is taken, for agreements without one.";
            Err(ApiError::invalid("trial_end", None, message))
        }
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
            || self.pause.is_given()
            || self.ends_trial
            || self.saves_method.is_some()
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
        self.items.iter().filter_map(|item| Some((item.price_param.clone(), item.price.as_ref()?)))
    }

    /// Whether this agreement can be changed like that.
    ///
    /// # Errors
    /// Names the parameter that asks for what is not done.
    pub fn check(&self, it: &Subscription, now: i64) -> Result<(), ApiError> {
        let trialing = it.status == SubscriptionStatus::Trialing;
        // What is free is not prorated.
        if self.prorated && !trialing {
            let message = "Changes count from the next period on and are not prorated. Say so with \
                           `proration_behavior=none`.";
            return Err(ApiError::invalid("proration_behavior", None, message));
        }
        if self.ends_trial && trialing {
            let message = "A trial ends when it was said to end; cancel the subscription, or wait.";
            return Err(ApiError::invalid("trial_end", None, message));
        }
        if let Given::Set(PauseCollection { resumes_at: Some(at), .. }) = &self.pause
            && *at <= now
        {
            let message = "resumes_at must lie in the future. To resume now, unset pause_collection.";
            return Err(ApiError::invalid("pause_collection[resumes_at]", None, message));
        }
        if let Given::Set(at) = &self.cancel_at
            && *at <= now
        {
            let message = "cancel_at must lie in the future. To end it now, cancel the subscription.";
            return Err(ApiError::invalid("cancel_at", None, message));
        }
        Ok(())
    }

    /// Applies it at this Unix second, all but what has to be looked up, which it gives back.
    ///
    /// # Errors
    /// When it names an item that is not there, leaves none or too many, or has too much metadata.
    pub fn apply(self, it: &mut Subscription, app: &App, now: i64) -> Result<Wanted, ApiError> {
        let was_twice = twice(it).is_some();
        let mut of_items = Vec::with_capacity(self.items.len());
        for change in self.items {
            of_items.push(change.apply(it, app, now)?);
        }
        check_items(it, was_twice)?;
        let of = |item: &Item| of_items.iter().find(|of| of.id == item.id);
        let wanted = Wanted {
            discounts: OfSubscription {
                whole: wanted(self.discounts),
                items: it.items.iter().map(|item| of(item)?.discounts.clone()).collect(),
            },
            default_tax_rates: wanted(self.default_tax_rates),
            tax_rates: it.items.iter().map(|item| of(item)?.tax_rates.clone()).collect(),
        };
        self.default_payment_method.apply(&mut it.default_payment_method);
        self.description.apply(&mut it.description);
        self.metadata.apply(&mut it.metadata)?;
        self.cancellation.apply(it);
        self.pause.apply(&mut it.pause);
        it.saves_method = self.saves_method.unwrap_or(it.saves_method);
        if let Some((method, days)) = self.collection {
            it.collection_method = method;
            it.days_until_due = days;
        }
        let asked = self.cancel_at.is_given() || self.cancel_at_period_end.is_some();
        self.cancel_at.apply(&mut it.cancel_at);
        it.cancel_at_period_end = self.cancel_at_period_end.unwrap_or(it.cancel_at_period_end);
        if asked {
            let ends = it.cancel_at.is_some() || it.cancel_at_period_end;
            it.canceled_at = ends.then_some(now);
            it.cancellation.reason = ends.then(|| "cancellation_requested".to_owned());
        }
        Ok(wanted)
    }
}

/// An agreement is about something, and no change makes it about the same price twice.
fn check_items(it: &Subscription, was_twice: bool) -> Result<(), ApiError> {
    if it.items.is_empty() {
        let message = "A subscription must have at least one item. To end it, cancel the subscription.";
        return Err(ApiError::invalid("items", None, message));
    }
    if it.items.len() > ITEMS_MAX {
        let message = format!("A subscription may have at most {ITEMS_MAX} items.");
        return Err(ApiError::invalid("items", None, message));
    }
    match twice(it).filter(|_| !was_twice) {
        Some(price) => {
            let message = format!("Cannot have several subscription items with the same price: {price}.");
            Err(ApiError::invalid("price", None, message))
        }
        None => Ok(()),
    }
}

/// A price that several items have.
fn twice(it: &Subscription) -> Option<&PriceId> {
    it.items.iter().enumerate().find_map(|(index, item)| {
        it.items.iter().skip(index + 1).any(|other| other.price == item.price).then_some(&item.price)
    })
}
