//! A new agreement, and its first payment where one is due at once.

use std::sync::Arc;

use onfile_core::ids::{CustomerId, Id, PaymentMethodId, PriceId, SubscriptionId, TaxRateId};
use onfile_core::recurrence::{Frequency, Recurrence};
use onfile_core::subscription::SubscriptionStatus;
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::Metadata;
use crate::model::customer::Customer;
use crate::model::invoice::{Invoice, Period};
use crate::model::payment_method::PaymentMethod;
use crate::model::price::Price;
use crate::model::subscription::due::{self, Due};
use crate::model::subscription::{Cancellation, Item, Subscription, item_id};
use crate::payments::requests::Confirm;
use crate::payments::{self, Cause, intents};
use crate::store::objects::{self, Versioned};
use crate::store::sets;

use super::discounts::change::{self, OfSubscription};
use super::discounts::redeem::Wanted;
use super::issue::{How, issue};
use super::world::World;
use super::{Error, collect, draft, taxes, tell, time};

/// Random base-62 digits at the end of an item's id: enough to tell apart all that an agreement ever has.
const ITEM_TAIL_DIGITS: usize = 8;

/// What is asked for.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they answer questions of their own, as requests put them")]
pub struct NewSubscription {
    /// Who pays.
    pub customer: CustomerId,
    /// What: price, quantity, metadata.
    pub items: Vec<NewItem>,
    /// The discounts on all of it.
    pub discounts: Vec<Wanted>,
    /// The taxes on items that have none of their own.
    pub default_tax_rates: Vec<TaxRateId>,
    /// When, where it is not what the prices say.
    pub schedule: Option<Recurrence>,
    /// When periods begin, Unix seconds; now when none.
    pub billing_cycle_anchor: Option<i64>,
    /// The end of a free time, Unix seconds.
    pub trial_end: Option<i64>,
    /// A free time of so many days.
    pub trial_period_days: Option<i64>,
    /// `charge_automatically` or `send_invoice`.
    pub collection_method: String,
    /// How long a sent invoice may stay unpaid.
    pub days_until_due: Option<u32>,
    /// What to charge.
    pub default_payment_method: Option<PaymentMethodId>,
    /// The merchant's words.
    pub description: Option<String>,
    /// The merchant's pairs.
    pub metadata: Metadata,
    /// When it is to end.
    pub cancel_at: Option<i64>,
    /// Whether it ends with its first period.
    pub cancel_at_period_end: bool,
    /// Whether the first payment is left to the customer (`default_incomplete`).
    pub leave_first_payment: bool,
    /// Whether nobody is there at the first payment.
    pub off_session: bool,
    /// Whether the method that pays becomes its own.
    pub saves_method: bool,
}

/// A part of what is asked for.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// At which price.
    pub price: PriceId,
    /// How many.
    pub quantity: u64,
    /// The merchant's pairs.
    pub metadata: Metadata,
    /// The discounts on it alone.
    pub discounts: Vec<Wanted>,
    /// The taxes on it.
    pub tax_rates: Vec<TaxRateId>,
}

impl NewItem {
    /// One unit at a price.
    pub fn plain(price: PriceId) -> Self {
        Self { price, quantity: 1, metadata: Metadata::new(), discounts: Vec::new(), tax_rates: Vec::new() }
    }
}

/// Makes an agreement. What is due at once is billed, and charged unless that is left to the customer; the agreement is
/// in force once it is paid. Occurrences that lie in the past are not billed: an agreement begins when it is made.
///
/// # Errors
/// When something named does not exist or does not fit; nothing was changed then.
pub async fn subscribe(
    app: &Arc<App>,
    cause: &Cause,
    mut new: NewSubscription,
) -> Result<SubscriptionId, Error> {
    let account = &cause.account.id;
    let (leave, off_session) = (new.leave_first_payment, new.off_session);
    let mut tx = app.db.begin().await?;
    let customer = customer(&mut tx, cause, &new.customer).await?;
    let now = time::now(&mut tx, app, account, customer.test_clock.as_ref()).await?;
    let prices = prices(&mut tx, cause, &new.items).await?;
    check_method(&mut tx, cause, &new).await?;
    let asked = Asked::of(&mut new);
    let mut subscription = Versioned::new(build(app, new, &prices, &customer, now)?);
    asked.give(&mut tx, app, cause, &mut subscription.object).await?;
    let id = subscription.object.id.clone();
    let bills_now = due::due(&subscription.object, now).is_some();
    let world = World::of(&mut tx, account, std::iter::once(&subscription.object)).await?;
    let charged = subscription.object.collection_method == "charge_automatically";
    if bills_now
        && charged
        && !leave
        && owes(app, &world, &subscription.object, now)
        && world.method(&subscription.object).is_none()
    {
        return Err(collect::no_method(""));
    }
    cause.start(&mut tx, app, &id).await?;
    sets::insert(&mut tx, account, [&subscription.object]).await?;
    if !bills_now {
        tell::subscription(&mut tx, app, cause, "customer.subscription.created", &subscription).await?;
        tx.commit().await?;
        return Ok(id);
    }
    subscription.version = 1;
    let how = How { now, run: None, hold: true };
    let issued = issue(&mut tx, app, cause, vec![subscription], &how).await?;
    tx.commit().await?;
    if let Some(invoice) = issued.invoices.first().filter(|_| charged && !leave) {
        first_payment(app, cause, invoice, &id, off_session).await?;
    }
    Ok(id)
}

/// Makes an agreement in the caller's transaction and leaves whatever is due to the next run: for customers that are
/// brought in from elsewhere.
///
/// # Errors
/// When something named does not exist or does not fit; the transaction must not be committed then.
pub async fn enrol(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    mut new: NewSubscription,
    customer: &Customer,
    now: i64,
) -> Result<SubscriptionId, Error> {
    let prices = prices(tx, cause, &new.items).await?;
    let asked = Asked::of(&mut new);
    let mut made = Versioned::new(build(app, new, &prices, customer, now)?);
    asked.give(tx, app, cause, &mut made.object).await?;
    sets::insert(tx, &cause.account.id, [&made.object]).await?;
    tell::subscription(tx, app, cause, "customer.subscription.created", &made).await?;
    Ok(made.object.id)
}

/// The discounts and taxes that are asked for.
struct Asked {
    discounts: OfSubscription,
    default_tax_rates: Vec<TaxRateId>,
    /// Of each item, in their order.
    tax_rates: Vec<Vec<TaxRateId>>,
}

impl Asked {
    /// Takes them out of what is asked for; what has no discounts is left to the customer's.
    fn of(new: &mut NewSubscription) -> Self {
        let asked = |wanted: Vec<Wanted>| (!wanted.is_empty()).then_some(wanted);
        let whole = asked(std::mem::take(&mut new.discounts));
        let items = new.items.iter_mut().map(|item| asked(std::mem::take(&mut item.discounts))).collect();
        Self {
            discounts: OfSubscription { whole, items },
            default_tax_rates: std::mem::take(&mut new.default_tax_rates),
            tax_rates: new.items.iter_mut().map(|item| std::mem::take(&mut item.tax_rates)).collect(),
        }
    }

    /// Gives them to the new agreement.
    async fn give(self, tx: &mut Tx, app: &App, cause: &Cause, it: &mut Subscription) -> Result<(), Error> {
        let account = &cause.account.id;
        it.default_tax_rates =
            taxes::rates(tx, account, &self.default_tax_rates, "default_tax_rates").await?;
        for (index, (item, ids)) in it.items.iter_mut().zip(&self.tax_rates).enumerate() {
            item.tax_rates = taxes::rates(tx, account, ids, &format!("items[{index}][tax_rates]")).await?;
        }
        let now = it.created;
        change::of_subscription(tx, app, cause, it, &self.discounts, now).await
    }
}

/// Whether its first invoice is over more than nothing, or cannot be made.
fn owes(app: &App, world: &World, subscription: &Subscription, now: i64) -> bool {
    let Some(Due::Bill(first)) = due::due(subscription, now) else { return false };
    let bill = draft::of_occurrence(app, world, subscription, &first, now);
    !bill.is_ok_and(|bill| bill.amount_due() == 0)
}

/// Charges the first invoice. A decline is no error here: the agreement exists and waits for its payment, as it would
/// with Stripe.
async fn first_payment(
    app: &Arc<App>,
    cause: &Cause,
    invoice: &Invoice,
    id: &SubscriptionId,
    off_session: bool,
) -> Result<(), Error> {
    let Some(intent) = invoice.intent() else { return Ok(()) };
    let mut tx = app.db.read().await?;
    let subscription = objects::load::<Subscription>(&mut tx, &cause.account.id, id).await?;
    let customer = objects::load::<Customer>(&mut tx, &cause.account.id, &invoice.customer).await?;
    drop(tx);
    let own = subscription.and_then(|found| found.object.default_payment_method);
    let method = own.or_else(|| customer.and_then(|found| found.object.default_payment_method));
    let by_us = Cause { claim: None, ..cause.clone() };
    let ask = Confirm {
        payment_method: method.map(|method| method.as_str().to_owned()),
        off_session,
        ..Confirm::default()
    };
    match intents::confirm(app, &by_us, intent, ask).await {
        // Nothing was sent, or nothing may be: the agreement is made, and its payment can be tried again.
        Ok(_)
        | Err(
            payments::Error::PaymentFailed { .. }
            | payments::Error::NotSent
            | payments::Error::NetworkLimit { .. },
        ) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn customer(tx: &mut Tx, cause: &Cause, id: &CustomerId) -> Result<Customer, Error> {
    let found = objects::load::<Customer>(tx, &cause.account.id, id).await?;
    found.map(|found| found.object).filter(|customer| !customer.deleted).ok_or_else(|| Error::NoSuch {
        noun: "customer",
        id: id.to_string(),
        param: "customer".to_owned(),
    })
}

async fn prices(tx: &mut Tx, cause: &Cause, items: &[NewItem]) -> Result<Vec<Price>, Error> {
    let ids: Vec<&PriceId> = items.iter().map(|item| &item.price).collect();
    let found = sets::load::<Price>(tx, &cause.account.id, &ids).await?;
    let found: Vec<Price> = found.into_iter().map(|found| found.object).collect();
    for (index, item) in items.iter().enumerate() {
        check_price(&found, item, &format!("items[{index}][price]"))?;
    }
    Ok(found)
}

fn check_price(prices: &[Price], item: &NewItem, param: &str) -> Result<(), Error> {
    let Some(price) = prices.iter().find(|price| price.id == item.price) else {
        return Err(Error::NoSuch { noun: "price", id: item.price.to_string(), param: param.to_owned() });
    };
    if !price.active {
        return Err(Error::invalid(
            param,
            format!("The price {} is not active. Choose another one.", price.id),
        ));
    }
    if price.recurring.is_none() {
        let message =
            format!("The price {} is for one time. A subscription needs recurring prices.", price.id);
        return Err(Error::invalid(param, message));
    }
    price.amount_for(item.quantity).map(drop).map_err(|error| Error::invalid(param, error.to_string()))
}

async fn check_method(tx: &mut Tx, cause: &Cause, new: &NewSubscription) -> Result<(), Error> {
    let Some(id) = &new.default_payment_method else { return Ok(()) };
    let found = objects::load::<PaymentMethod>(tx, &cause.account.id, id).await?;
    if found.is_some_and(|found| found.object.customer.as_ref() == Some(&new.customer)) {
        return Ok(());
    }
    Err(Error::NoSuch {
        noun: "PaymentMethod",
        id: id.to_string(),
        param: "default_payment_method".to_owned(),
    })
}

/// Whether an agreement can go over to other prices: each recurring, in the same currency, and, unless the agreement
/// has a schedule of its own, in the same rhythm.
///
/// # Errors
/// Names the parameter of the price that does not fit.
pub async fn check_prices<'a>(
    tx: &mut Tx,
    cause: &Cause,
    subscription: &Subscription,
    named: impl Iterator<Item = (String, &'a PriceId)>,
) -> Result<(), Error> {
    let old = subscription.items.first().map(|item| &item.price);
    let rhythm = match old {
        Some(id) => objects::load::<Price>(tx, &cause.account.id, id).await?.and_then(|p| p.object.recurring),
        None => None,
    };
    for (param, id) in named {
        let found = objects::load::<Price>(tx, &cause.account.id, id).await?;
        let found = found.into_iter().map(|found| found.object).collect::<Vec<_>>();
        let item = NewItem::plain(id.clone());
        check_price(&found, &item, &param)?;
        for price in &found {
            if price.currency != subscription.currency {
                let message = "The price is in another currency than the subscription.";
                return Err(Error::invalid(param, message));
            }
            if !subscription.own_schedule && price.recurring != rhythm {
                let message = "The price is paid in another rhythm than the subscription.";
                return Err(Error::invalid(param, message));
            }
        }
    }
    Ok(())
}

/// The schedule that all prices share, from an anchor on.
fn schedule_of(prices: &[Price], anchor: i64) -> Result<Recurrence, Error> {
    let mut rhythms = prices.iter().filter_map(|price| price.recurring.as_ref());
    let Some(first) = rhythms.next() else {
        return Err(Error::invalid("items", "A subscription needs at least one item."));
    };
    if rhythms.any(|other| (other.interval, other.interval_count) != (first.interval, first.interval_count)) {
        let message = "All prices of a subscription must have the same `recurring[interval]` and \
                       `recurring[interval_count]`.";
        return Err(Error::invalid("items", message));
    }
    let frequency = Frequency::from_interval(first.interval.as_str())
        .ok_or_else(|| Error::invalid("items", "This interval cannot be billed."))?;
    let anchor = jiff::Timestamp::from_second(anchor)
        .map_err(|error| Error::invalid("billing_cycle_anchor", error.to_string()))?;
    Recurrence::every(frequency, first.interval_count.into(), anchor)
        .map_err(|error| Error::invalid("billing_cycle_anchor", error.to_string()))
}

fn build(
    app: &App,
    new: NewSubscription,
    prices: &[Price],
    customer: &Customer,
    now: i64,
) -> Result<Subscription, Error> {
    let currency = match prices.first() {
        Some(price) => price.currency,
        None => return Err(Error::invalid("items", "A subscription needs at least one item.")),
    };
    if prices.iter().any(|price| price.currency != currency) {
        return Err(Error::invalid("items", "All prices of a subscription must be in the same currency."));
    }
    let trial_end = trial_end(&new, now)?;
    let own_schedule = new.schedule.is_some();
    let anchor = trial_end.or(new.billing_cycle_anchor).unwrap_or(now);
    let schedule = match new.schedule {
        Some(schedule) => schedule,
        None => schedule_of(prices, anchor)?,
    };
    let first = first_occurrence(&schedule, trial_end.unwrap_or(now), own_schedule)?;
    let starts = due::period(&schedule, &first);
    let trial = trial_end.map(|end| Period { start: now, end });
    let id: SubscriptionId = app.ids.next();
    Ok(Subscription {
        items: items(app, &id, new.items, now),
        id,
        created: now,
        customer: new.customer,
        status: if trial.is_some() { SubscriptionStatus::Trialing } else { SubscriptionStatus::Active },
        currency,
        discounts: Vec::new(),
        default_tax_rates: Vec::new(),
        billing_cycle_anchor: if own_schedule { starts.start } else { anchor },
        current_period: Period { start: now, end: starts.start.max(now) },
        next_occurrence: first.index,
        schedule,
        own_schedule,
        start_date: now,
        trial,
        collection_method: new.collection_method,
        days_until_due: new.days_until_due,
        default_payment_method: new.default_payment_method,
        description: new.description,
        metadata: new.metadata,
        canceled_at: (new.cancel_at.is_some() || new.cancel_at_period_end).then_some(now),
        cancel_at: new.cancel_at,
        cancel_at_period_end: new.cancel_at_period_end,
        ended_at: None,
        cancellation: Cancellation::default(),
        latest_invoice: None,
        parked: None,
        test_clock: customer.test_clock.clone(),
        pause: None,
        saves_method: new.saves_method,
    })
}

fn trial_end(new: &NewSubscription, now: i64) -> Result<Option<i64>, Error> {
    let end = match (new.trial_end, new.trial_period_days) {
        (Some(end), _) => Some(end),
        (None, Some(days)) if days > 0 => Some(now + days * super::SECONDS_PER_DAY),
        _ => None,
    };
    match end {
        Some(end) if end <= now => Err(Error::invalid("trial_end", "A trial must end in the future.")),
        end => Ok(end),
    }
}

/// The first occurrence that is billed: of a schedule of its own the first one from now on, else the anchor.
fn first_occurrence(
    schedule: &Recurrence,
    from: i64,
    own: bool,
) -> Result<onfile_core::recurrence::Occurrence, Error> {
    let none = || Error::invalid("onfile[recurrence]", "This schedule has no occurrence from now on.");
    if !own {
        return due::occurrence(schedule, 0).ok_or_else(none);
    }
    let before = jiff::Timestamp::from_second(from - 1).map_err(|_| none())?;
    due::next_after(schedule, before).ok_or_else(none)
}

fn items(app: &App, of: &SubscriptionId, items: Vec<NewItem>, now: i64) -> Vec<Item> {
    items.into_iter().map(|item| new_item(app, of, item, now)).collect()
}

/// A new part of an agreement.
pub fn new_item(app: &App, of: &SubscriptionId, item: NewItem, now: i64) -> Item {
    Item {
        id: item_id(of, &app.ids.secret(ITEM_TAIL_DIGITS)),
        created: now,
        price: item.price,
        quantity: item.quantity,
        tax_rates: Vec::new(),
        discounts: Vec::new(),
        metadata: item.metadata,
    }
}
