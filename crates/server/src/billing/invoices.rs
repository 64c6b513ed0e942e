//! Invoices that the merchant writes, and what staff do with any invoice.

use std::sync::Arc;

use onfile_core::currency::Currency;
use onfile_core::ids::{AccountId, CustomerId, InvoiceId, PaymentMethodId, TaxRateId};
use onfile_core::invoice::InvoiceStatus;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::Metadata;
use crate::model::customer::Customer;
use crate::model::discount::{Discount, Holder};
use crate::model::event::Snapshot;
use crate::model::invoice::{Invoice, Line, LineSource};
use crate::model::invoice_item::InvoiceItem;
use crate::payments::Cause;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};
use crate::store::{invoice_items, sets};

use super::collect::{no_such, withdraw_payment};
use super::discounts::apply::{self, lock_spendable, refresh, spend};
use super::discounts::redeem::{Occasion, Wanted, redeem};
use super::{Error, discounts, draft, finalise, taxes, tell, time};

/// A new invoice.
#[derive(Debug, Clone)]
pub struct NewInvoice {
    /// Who owes it.
    pub customer: CustomerId,
    /// In what; what the customer's waiting items are in, else US dollars, when none.
    pub currency: Option<Currency>,
    /// Whether the customer's waiting items go on it.
    pub take_items: bool,
    /// `charge_automatically` or `send_invoice`.
    pub collection_method: String,
    /// How long it may stay unpaid where it is sent.
    pub days_until_due: Option<u32>,
    /// Whether Onfile collects it by itself once it is final.
    pub auto_advance: bool,
    /// What to charge.
    pub default_payment_method: Option<PaymentMethodId>,
    /// The merchant's words.
    pub description: Option<String>,
    /// The discounts on all of it; its customer's when none.
    pub discounts: Option<Vec<Wanted>>,
    /// The taxes on lines that have none of their own.
    pub default_tax_rates: Vec<TaxRateId>,
    /// Below the lines.
    pub footer: Option<String>,
    /// On the bank statement.
    pub statement_descriptor: Option<String>,
    /// The merchant's pairs.
    pub metadata: Metadata,
}

/// Writes a draft.
///
/// # Errors
/// When the customer does not exist.
pub async fn create(app: &App, cause: &Cause, new: NewInvoice) -> Result<InvoiceId, Error> {
    let account = &cause.account.id;
    let mut tx = app.db.begin().await?;
    let customer = customer(&mut tx, account, &new.customer).await?;
    let now = time::now(&mut tx, app, account, customer.test_clock.as_ref()).await?;
    let waiting = if new.take_items {
        invoice_items::waiting(&mut tx, account, &new.customer, new.currency).await?
    } else {
        Vec::new()
    };
    let currency = new.currency.or_else(|| waiting.first().map(|item| item.object.currency));
    let currency = currency.or_else(|| Currency::parse("usd").ok());
    let currency = currency.ok_or_else(|| Error::invalid("currency", "A currency is needed."))?;
    let mut invoice = draft::empty(app, new.customer, currency, now);
    cause.start(&mut tx, app, &invoice.id).await?;
    invoice.collection_method = new.collection_method;
    invoice.due_date = new.days_until_due.map(|days| now + i64::from(days) * super::SECONDS_PER_DAY);
    invoice.auto_advance = new.auto_advance;
    invoice.default_payment_method = new.default_payment_method;
    invoice.description = new.description;
    invoice.footer = new.footer;
    invoice.statement_descriptor = new.statement_descriptor;
    invoice.metadata = new.metadata;
    invoice.test_clock.clone_from(&customer.test_clock);
    invoice.untaxed = customer.untaxed();
    let rates = taxes::rates(&mut tx, account, &new.default_tax_rates, "default_tax_rates").await?;
    invoice.default_tax_rates = rates;
    for mut item in waiting.into_iter().filter(|item| item.object.currency == currency) {
        put(app, &mut invoice, &mut item.object);
        objects::save(&mut tx, account, &item.object).await?;
    }
    match new.discounts {
        Some(wanted) => give(&mut tx, app, cause, &mut invoice, &wanted, now).await?,
        None => inherit(&mut tx, account, &mut invoice, &customer, now).await?,
    }
    objects::insert(&mut tx, account, &invoice).await?;
    let id = invoice.id.clone();
    tell::invoice(&mut tx, app, cause, "invoice.created", &Versioned::new(invoice)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Gives a draft these discounts in the place of those that it has; the caller saves it.
///
/// # Errors
/// See [`redeem`].
pub async fn give(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    it: &mut Invoice,
    wanted: &[Wanted],
    now: i64,
) -> Result<(), Error> {
    let account = &cause.account.id;
    let customer = objects::load::<Customer>(tx, account, &it.customer).await?;
    let inherited = customer.and_then(|found| found.object.discount);
    let known: Vec<_> = it.discounts.iter().chain(&inherited).cloned().collect();
    let on = Holder::Invoice(it.id.clone());
    let purchase = Some((it.currency, it.subtotal()));
    let occasion = Occasion { customer: &it.customer, on, now, purchase, known: &known };
    let given = redeem(tx, app, cause, wanted, &occasion).await?;
    it.discounts = given.into_iter().map(|discount| discount.id).collect();
    Ok(refresh(tx, account, it).await?)
}

/// Gives a draft its customer's discount, if that is not over.
async fn inherit(
    tx: &mut Tx,
    account: &AccountId,
    it: &mut Invoice,
    customer: &Customer,
    now: i64,
) -> Result<(), DbError> {
    let found = match &customer.discount {
        Some(id) => objects::load::<Discount>(tx, account, id).await?,
        None => None,
    };
    let found = found.map(|found| found.object).filter(|discount| !discount.is_over(now));
    it.discounts = found.into_iter().map(|discount| discount.id).collect();
    refresh(tx, account, it).await
}

/// Takes the discounts off for good: one that applies once and was used up meanwhile goes, and what is used up here is
/// over for everything else.
async fn settle_discounts(tx: &mut Tx, app: &App, cause: &Cause, it: &mut Invoice) -> Result<(), DbError> {
    let account = &cause.account.id;
    let mut known = discounts::load(tx, account, &it.named_discounts()).await?;
    if known.is_empty() {
        return Ok(());
    }
    lock_spendable(tx, account, &mut known).await?;
    let id = it.id.clone();
    it.discounts
        .retain(|of| known.get(of).is_some_and(|known| known.spent.as_ref().is_none_or(|by| *by == id)));
    apply::apply(it, &known);
    let spent = spend(&mut known, it);
    sets::save(tx, account, &spent).await?;
    for discount in apply::of_customer(&spent) {
        discounts::tell(tx, app, cause, discounts::DELETED, discount).await?;
    }
    Ok(())
}

/// Puts an item on a draft as a line.
pub fn put(app: &App, invoice: &mut Invoice, item: &mut InvoiceItem) {
    item.invoice = Some(invoice.id.clone());
    invoice.lines.push(Line {
        id: app.ids.next(),
        amount: item.amount,
        description: item.description.clone(),
        quantity: item.quantity,
        period: item.period,
        unit_amount_decimal: Some(item.unit_amount_decimal.clone()),
        price: item.price.clone(),
        source: LineSource::Item(item.id.clone()),
        discountable: item.discountable,
        tax_rates: item.tax_rates.clone(),
        taxes: Vec::new(),
        discounts: item.discounts.clone(),
        discount_amounts: Vec::new(),
        metadata: item.metadata.clone(),
    });
}

/// Makes a draft final. It is collected by itself, at once, where that was asked for.
///
/// # Errors
/// When it is no draft.
pub async fn finalise(app: &Arc<App>, cause: &Cause, id: &InvoiceId) -> Result<(), Error> {
    let account = &cause.account.id;
    let found = objects::load::<Invoice>(&mut app.db.read().await?, account, id).await?;
    let of = found.ok_or_else(|| no_such(id))?.object.customer;
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let customer = customer(&mut tx, account, &of).await?;
    let mut invoice = objects::lock::<Invoice>(&mut tx, account, id).await?.ok_or_else(|| no_such(id))?;
    let now = time::now(&mut tx, app, account, customer.test_clock.as_ref()).await?;
    let it = &mut invoice.object;
    it.status.finalise()?;
    settle_discounts(&mut tx, app, cause, it).await?;
    let intent = finalise::finalise(app, it, &customer, now)?;
    // With its taxes, which are known now.
    if it.total() > onfile_core::money::AMOUNT_MAX {
        return Err(Error::invalid("", "The total of this invoice is more than can be charged at once."));
    }
    finalise::number(&mut tx, cause, [(&mut *it, &customer)]).await?;
    if let Some(intent) = &intent {
        sets::insert(&mut tx, account, [intent]).await?;
        let snapshot = Snapshot::PaymentIntent(intent.clone());
        let news = News { kind: "payment_intent.created", version: 1, snapshot: &snapshot, before: None };
        events::append(&mut tx, app, cause, &news).await?;
        if it.auto_advance && it.collection_method == "charge_automatically" {
            // The next run, which is a second away, collects it.
            it.next_payment_attempt = Some(now);
        }
    }
    objects::save(&mut tx, account, &invoice.object).await?;
    tell::invoice(&mut tx, app, cause, "invoice.finalized", &invoice).await?;
    if invoice.object.status == InvoiceStatus::Paid {
        tell::invoice(&mut tx, app, cause, "invoice.paid", &invoice).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Takes an invoice back: nobody owes it any more.
///
/// # Errors
/// When it is not owed, or an attempt to pay it is under way.
pub async fn void(app: &Arc<App>, cause: &Cause, id: &InvoiceId) -> Result<(), Error> {
    let found = objects::load::<Invoice>(&mut app.db.read().await?, &cause.account.id, id).await?;
    found.ok_or_else(|| no_such(id))?.object.status.void()?;
    withdraw_payment(app, cause, id).await?;
    change(app, cause, id, "invoice.voided", |invoice, now| {
        invoice.status = invoice.status.void()?;
        invoice.moments.voided = Some(now);
        Ok(())
    })
    .await
}

/// Gives an invoice up; whoever pays it after all still can.
///
/// # Errors
/// When it is not open.
pub async fn give_up(app: &App, cause: &Cause, id: &InvoiceId) -> Result<(), Error> {
    change(app, cause, id, "invoice.marked_uncollectible", |invoice, now| {
        invoice.status = invoice.status.give_up()?;
        invoice.moments.uncollectible = Some(now);
        Ok(())
    })
    .await
}

/// Changes an invoice in a transaction of its own; nothing is planned for it afterwards.
async fn change(
    app: &App,
    cause: &Cause,
    id: &InvoiceId,
    kind: &str,
    apply: impl FnOnce(&mut Invoice, i64) -> Result<(), Error>,
) -> Result<(), Error> {
    let account = &cause.account.id;
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut invoice = objects::lock::<Invoice>(&mut tx, account, id).await?.ok_or_else(|| no_such(id))?;
    let now = time::now(&mut tx, app, account, invoice.object.test_clock.as_ref()).await?;
    apply(&mut invoice.object, now)?;
    invoice.object.next_payment_attempt = None;
    objects::save(&mut tx, account, &invoice.object).await?;
    tell::invoice(&mut tx, app, cause, kind, &invoice).await?;
    tx.commit().await?;
    Ok(())
}

/// The customer that a parameter names.
///
/// # Errors
/// When they do not exist, or were deleted.
pub async fn customer(tx: &mut Tx, account: &AccountId, id: &CustomerId) -> Result<Customer, Error> {
    let found: Result<_, DbError> = objects::load::<Customer>(tx, account, id).await;
    found?.map(|found| found.object).filter(|customer| !customer.deleted).ok_or_else(|| Error::NoSuch {
        noun: "customer",
        id: id.to_string(),
        param: "customer".to_owned(),
    })
}
