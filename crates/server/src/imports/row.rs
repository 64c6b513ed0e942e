//! One row becomes a customer with a payment method and an agreement, or is parked.

use std::collections::BTreeMap;

use onfile_core::ids::{PaymentMethodId, PriceId};
use onfile_core::recurrence::Recurrence;
use onfile_core::unit_amount::UnitAmount;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::billing::subscribe::{NewItem, NewSubscription, enrol};
use crate::billing::{self, time};
use crate::model::Metadata;
use crate::model::customer::Customer;
use crate::model::event::Snapshot;
use crate::model::import::{Import, PendingRow};
use crate::model::payment_method::PaymentMethod;
use crate::model::price::{Price, TaxBehavior};
use crate::model::product::Product;
use crate::payments::instruments::{self, Instrument};
use crate::payments::{self, Cause};
use crate::render::customer::prefix;
use crate::store::events::{self, News};
use crate::store::imports::{self, Work};
use crate::store::{destructions, objects, sets};

/// What the product is called. Customers read it on their bills; the merchant changes it as any product's name.
const PRODUCT_NAME: &str = "Subscription";
/// Under which key a customer's metadata has the merchant's own number.
const REFERENCE: &str = "reference";
/// How often a row may fail for a reason of ours before it is parked.
const TRIES_MAX: i64 = 5;

/// What became of the work on a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is imported or parked, by us or by somebody else.
    Row,
    /// The vault could not be reached; nothing was done.
    NotReachable,
}

/// Makes the product and the prices that these rows need and that are not there yet.
///
/// # Errors
/// When the database fails.
pub async fn make_prices(app: &App, cause: &Cause, import: &Import, rows: &[Work]) -> Result<(), DbError> {
    let account = &cause.account.id;
    let wanted: BTreeMap<&PriceId, &PendingRow> =
        rows.iter().map(|work| (&work.row.price, &work.row)).collect();
    let ids: Vec<&PriceId> = wanted.keys().copied().collect();
    let there = sets::load::<Price>(&mut app.db.read().await?, account, &ids).await?;
    let missing: Vec<Price> = wanted
        .into_iter()
        .filter(|(id, _)| there.iter().all(|price| price.object.id != **id))
        .map(|(_, row)| price(app, import, row))
        .collect::<Result<_, _>>()?;
    if missing.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    if objects::load::<Product>(&mut tx, account, &import.product).await?.is_none() {
        let id = import.product.clone();
        let product = Product::new(id.clone(), id, app.now_seconds(), PRODUCT_NAME.to_owned());
        objects::insert(&mut tx, account, &product).await?;
        tell(&mut tx, app, cause, "product.created", Snapshot::Product(product)).await?;
    }
    sets::insert(&mut tx, account, &missing).await?;
    for price in missing {
        tell(&mut tx, app, cause, "price.created", Snapshot::Price(price)).await?;
    }
    tx.commit().await
}

fn price(app: &App, import: &Import, row: &PendingRow) -> Result<Price, DbError> {
    let unit_amount = UnitAmount::whole(row.entry.amount, row.entry.currency)
        .map_err(|error| DbError::Inconsistent(format!("an imported amount: {error}")))?;
    Ok(Price {
        id: row.price.clone(),
        created: app.now_seconds(),
        product: import.product.clone(),
        active: true,
        currency: row.entry.currency,
        unit_amount,
        recurring: Some(row.entry.rhythm),
        tax_behavior: TaxBehavior::Unspecified,
        nickname: None,
        lookup_key: None,
        metadata: Metadata::new(),
    })
}

/// Why a row was not imported.
enum Failure {
    /// It never will be, for this reason.
    Row(String),
    /// Somebody else did it.
    Raced,
    /// The vault or the database is not there.
    NotReachable,
    /// A mistake of ours, or a commit whose answer was lost.
    Ours(DbError),
}

/// Imports a row.
///
/// # Errors
/// When the database fails: the row stays as it is.
pub async fn import(app: &App, cause: &Cause, import: &Import, work: Work) -> Result<Done, DbError> {
    let (account, line) = (&cause.account.id, work.line);
    let last_try = work.tries + 1 >= TRIES_MAX;
    let mut redeemed = None;
    let (parked, reason) = match attempt(app, cause, import, work, &mut redeemed).await {
        Ok(()) | Err(Failure::Raced) => return Ok(Done::Row),
        Err(Failure::NotReachable) => return Ok(Done::NotReachable),
        Err(Failure::Row(reason)) => (true, reason),
        Err(Failure::Ours(error)) => {
            tracing::error!(import = %import.id, line, last_try, %error, "a row could not be imported");
            (last_try, "Something went wrong on our side. It has been logged; send the row again.".to_owned())
        }
    };
    let mut tx = app.db.begin().await?;
    if !parked {
        imports::count_failure(&mut tx, account, &import.id, line).await?;
    } else if imports::park(&mut tx, account, &import.id, line, &reason).await?
        && let Some(method) = redeemed
        && objects::load::<PaymentMethod>(&mut tx, account, &method).await?.is_none()
    {
        // Nobody will ever use what the vault keeps for this row: not another row or request with the same source either.
        destructions::request(&mut tx, account, &method, app.now_ms()).await?;
    }
    tx.commit().await?;
    Ok(Done::Row)
}

/// Makes the row's customer. `redeemed` is the method that the vault made of the row's source, if it is new to us.
async fn attempt(
    app: &App,
    cause: &Cause,
    import: &Import,
    work: Work,
    redeemed: &mut Option<PaymentMethodId>,
) -> Result<(), Failure> {
    let account = &cause.account.id;
    let PendingRow { entry, customer: id, payment_method, price } = work.row;
    let mut instrument = instruments::adopt_as(app, cause, &entry.method, payment_method, "method").await?;
    *redeemed = instrument.fresh.then(|| instrument.method.id.clone());
    instrument.method.billing.name.get_or_insert_with(|| entry.name.clone());
    instrument.method.billing.email.get_or_insert_with(|| entry.email.clone());
    let number = app.numbers.next(&app.db, account).await?;
    let mut tx = app.db.begin().await?;
    // First of all: whoever finds that the row is done leaves nothing.
    if !imports::imported(&mut tx, account, &import.id, work.line, &id).await? {
        return Err(Failure::Raced);
    }
    let now = time::now(&mut tx, app, account, import.test_clock.as_ref()).await?;
    let mut customer = Customer::new(id, now, prefix(number));
    customer.name = Some(entry.name);
    customer.email = Some(entry.email);
    customer.metadata = Metadata::from([(REFERENCE.to_owned(), entry.reference)]);
    customer.test_clock.clone_from(&import.test_clock);
    let customer = equipped(&mut tx, app, cause, customer, instrument).await?;
    let new = agreement(&customer, price, entry.schedule, entry.description);
    enrol(&mut tx, app, cause, new, &customer, now).await?;
    Ok(tx.commit().await?)
}

fn agreement(
    customer: &Customer,
    price: PriceId,
    schedule: Recurrence,
    description: Option<String>,
) -> NewSubscription {
    NewSubscription {
        customer: customer.id.clone(),
        items: vec![NewItem::plain(price)],
        discounts: Vec::new(),
        default_tax_rates: Vec::new(),
        schedule: Some(schedule),
        billing_cycle_anchor: None,
        trial_end: None,
        trial_period_days: None,
        collection_method: "charge_automatically".to_owned(),
        days_until_due: None,
        default_payment_method: None,
        description,
        metadata: Metadata::new(),
        cancel_at: None,
        cancel_at_period_end: false,
        leave_first_payment: false,
        off_session: true,
        saves_method: false,
    }
}

/// The customer with their method, which becomes their default.
async fn equipped(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    mut customer: Customer,
    instrument: Instrument,
) -> Result<Customer, Failure> {
    customer.default_payment_method = Some(instrument.method.id.clone());
    objects::insert(tx, &cause.account.id, &customer).await?;
    tell(tx, app, cause, "customer.created", Snapshot::Customer(customer.clone())).await?;
    instruments::entrust(tx, app, cause, instrument, &customer.id).await?;
    Ok(customer)
}

/// Tells of something new.
async fn tell(tx: &mut Tx, app: &App, cause: &Cause, kind: &str, snapshot: Snapshot) -> Result<(), DbError> {
    events::append(tx, app, cause, &News { kind, version: 1, snapshot: &snapshot, before: None }).await
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(_) => Self::NotReachable,
            error => Self::Ours(error),
        }
    }
}

impl From<payments::Error> for Failure {
    fn from(error: payments::Error) -> Self {
        match error {
            payments::Error::NotSent => Self::NotReachable,
            // Another row, or a request, is about to keep the same method: its word comes first.
            payments::Error::Busy | payments::Error::KeyInUse => {
                Self::Ours(DbError::Duplicate("the method is being kept by somebody else".to_owned()))
            }
            payments::Error::Db(error) => error.into(),
            error => Self::Row(error.to_string()),
        }
    }
}

impl From<billing::Error> for Failure {
    fn from(error: billing::Error) -> Self {
        match error {
            billing::Error::Payment(error) => error.into(),
            billing::Error::Db(error) => error.into(),
            error => Self::Row(error.to_string()),
        }
    }
}
