//! What may still be done with an amount that waits for an invoice, or stands on a draft.
//!
//! Locks are taken in this order: the draft, then its items.

use onfile_core::currency::Currency;
use onfile_core::ids::{InvoiceId, InvoiceItemId, PriceId, ProductId};
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::invoice::{Invoice, LineSource, Period};
use crate::model::invoice_item::InvoiceItem;
use crate::payments::Cause;
use crate::store::events::{self, News};
use crate::store::invoice_items;
use crate::store::objects::{self, Versioned};

use super::collect::no_such;
use super::discounts::apply::refresh;
use super::{Error, tell};

/// What an item costs.
#[derive(Debug, Clone)]
pub struct Cost {
    /// Minor units.
    pub amount: i64,
    /// In what.
    pub currency: Currency,
    /// How many.
    pub quantity: u64,
    /// What each costs, as a decimal number of minor units.
    pub unit_amount_decimal: String,
    /// At which price, of which product.
    pub price: Option<(PriceId, ProductId)>,
}

/// An item that may still be changed, with the draft that it stands on.
#[derive(Debug)]
pub struct Loose {
    /// The item, locked.
    pub item: Versioned<InvoiceItem>,
    invoice: Option<Versioned<Invoice>>,
}

/// Locks an item for a change.
///
/// # Errors
/// When it does not exist, or its invoice is final.
pub async fn lock(tx: &mut Tx, cause: &Cause, id: &InvoiceItemId) -> Result<Loose, Error> {
    let account = &cause.account.id;
    let gone = || Error::NoSuch { noun: "invoiceitem", id: id.to_string(), param: "id".to_owned() };
    let known = objects::load::<InvoiceItem>(tx, account, id).await?.ok_or_else(gone)?;
    let invoice = match &known.object.invoice {
        Some(of) => {
            let found = objects::lock::<Invoice>(tx, account, of).await?.ok_or_else(|| no_such(of))?;
            found.object.status.change()?;
            Some(found)
        }
        None => None,
    };
    let item = objects::lock::<InvoiceItem>(tx, account, id).await?.ok_or_else(gone)?;
    if item.object.invoice != known.object.invoice {
        // It went on an invoice while this change waited for its lock.
        return Err(Error::Payment(crate::payments::Error::Busy));
    }
    Ok(Loose { item, invoice })
}

impl Loose {
    /// Gives the item another cost.
    pub fn set_cost(&mut self, cost: Cost) {
        let it = &mut self.item.object;
        (it.amount, it.currency, it.quantity) = (cost.amount, cost.currency, cost.quantity);
        (it.unit_amount_decimal, it.price) = (cost.unit_amount_decimal, cost.price);
    }

    /// Gives the item another period.
    pub fn set_period(&mut self, period: Period) {
        self.item.object.period = period;
    }

    /// In what the draft is.
    pub fn invoice_currency(&self) -> Option<Currency> {
        self.invoice.as_ref().map(|invoice| invoice.object.currency)
    }

    /// Saves the item, and its line on the draft.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save(mut self, tx: &mut Tx, app: &App, cause: &Cause) -> Result<InvoiceItem, Error> {
        let it = &self.item.object;
        objects::save(tx, &cause.account.id, it).await?;
        if let Some(invoice) = &mut self.invoice {
            let of_item =
                |line: &&mut crate::model::invoice::Line| line.source == LineSource::Item(it.id.clone());
            if let Some(line) = invoice.object.lines.iter_mut().find(of_item) {
                (line.amount, line.quantity, line.period) = (it.amount, it.quantity, it.period);
                line.unit_amount_decimal = Some(it.unit_amount_decimal.clone());
                line.price.clone_from(&it.price);
                line.description.clone_from(&it.description);
                line.metadata.clone_from(&it.metadata);
            }
            save_draft(tx, app, cause, invoice).await?;
        }
        tell_item(tx, app, cause, "invoiceitem.updated", &self.item).await?;
        Ok(self.item.object)
    }

    /// Takes the item, and its line, away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(mut self, tx: &mut Tx, app: &App, cause: &Cause) -> Result<(), Error> {
        let id = self.item.object.id.clone();
        objects::delete::<InvoiceItem>(tx, &cause.account.id, &id).await?;
        if let Some(invoice) = &mut self.invoice {
            invoice.object.lines.retain(|line| line.source != LineSource::Item(id.clone()));
            save_draft(tx, app, cause, invoice).await?;
        }
        tell_item(tx, app, cause, "invoiceitem.deleted", &self.item).await
    }
}

/// Deletes a draft that the merchant wrote. Items that had waited before it wait again; those that were made for it go with
/// it, so that nobody is billed for them later by surprise.
///
/// # Errors
/// When it is final, or an agreement's.
pub async fn delete_draft(app: &App, cause: &Cause, id: &InvoiceId) -> Result<(), Error> {
    let account = &cause.account.id;
    let mut tx = app.db.begin().await?;
    let invoice = objects::lock::<Invoice>(&mut tx, account, id).await?.ok_or_else(|| no_such(id))?;
    invoice.object.status.change()?;
    if invoice.object.subscription.is_some() {
        let message = "An invoice of a subscription cannot be deleted: finalize it, and void it then.";
        return Err(Error::invalid("", message));
    }
    for mut item in invoice_items::on_invoice(&mut tx, account, &invoice.object.customer, id).await? {
        if item.object.made_for_invoice {
            objects::delete::<InvoiceItem>(&mut tx, account, &item.object.id).await?;
            tell_item(&mut tx, app, cause, "invoiceitem.deleted", &item).await?;
        } else {
            item.object.invoice = None;
            objects::save(&mut tx, account, &item.object).await?;
            tell_item(&mut tx, app, cause, "invoiceitem.updated", &item).await?;
        }
    }
    objects::delete::<Invoice>(&mut tx, account, id).await?;
    tell::invoice(&mut tx, app, cause, "invoice.deleted", &invoice).await?;
    tx.commit().await?;
    Ok(())
}

/// Saves a draft with what its discounts take off its lines now.
async fn save_draft(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    invoice: &mut Versioned<Invoice>,
) -> Result<(), Error> {
    refresh(tx, &cause.account.id, &mut invoice.object).await?;
    objects::save(tx, &cause.account.id, &invoice.object).await?;
    Ok(tell::invoice(tx, app, cause, "invoice.updated", invoice).await?)
}

/// Tells of an item.
///
/// # Errors
/// When the database fails.
pub async fn tell_item(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    kind: &str,
    item: &Versioned<InvoiceItem>,
) -> Result<(), Error> {
    let (version, before) = (item.version, item.before.as_deref());
    let snapshot = Snapshot::InvoiceItem(Box::new(item.object.clone()));
    Ok(events::append(tx, app, cause, &News { kind, version, snapshot: &snapshot, before }).await?)
}
