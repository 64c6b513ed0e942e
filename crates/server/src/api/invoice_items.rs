//! Amounts that wait for an invoice of their customer, or go on a draft.

use onfile_core::currency::Currency;
use onfile_core::ids::{CustomerId, Id, InvoiceId, InvoiceItemId, PriceId};
use onfile_core::unit_amount::UnitAmount;
use onfile_service::db::Tx;

use super::discount_params::discounts;
use super::intent_params::currency;
use super::tax_params::tax_rates;
use super::{answer, failure, find, listed};
use crate::billing::discounts::apply::refresh;
use crate::billing::discounts::redeem::{Occasion, Wanted, redeem};
use crate::billing::{self, invoices, taxes, tell, time};
use crate::model::customer::Customer;
use crate::model::discount::Holder;
use crate::model::event::Snapshot;
use crate::model::invoice::{Invoice, Period};
use crate::model::invoice_item::InvoiceItem;
use crate::model::price::Price;
use crate::render::invoice::item as rendered;
use crate::store::events::{self, News};
use crate::store::{objects, pages};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::{Params, TEXT_MAX};

const NOUN: &str = "invoiceitem";
const QUANTITY_MAX: i64 = 1_000_000;
/// The largest amount of one item, either way: that of a payment.
const AMOUNT_MAX: i64 = onfile_core::money::AMOUNT_MAX;

/// What it is for, and how much.
enum Cost {
    /// So many minor units; in its invoice's currency where none is named.
    Amount(i64, Option<Currency>),
    /// At a price.
    Price(PriceId, u64),
}

/// `POST /v1/invoiceitems`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let params = &mut call.params;
    let customer: Option<CustomerId> = params.id("customer", "customer")?;
    let customer = customer.ok_or_else(|| ApiError::missing("customer"))?;
    let invoice: Option<InvoiceId> = params.id("invoice", "invoice")?;
    let cost = cost(params, invoice.is_some())?;
    let description = params.text("description", TEXT_MAX)?;
    let metadata = params.metadata()?.into_new()?;
    let discountable = params.boolean("discountable")?;
    let wanted = discounts(params)?.value().unwrap_or_default();
    let rates = tax_rates(params, "tax_rates")?.value().unwrap_or_default();
    let expand = Expand::of(params, Kind::InvoiceItem)?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let of = match invoices::customer(&mut tx, &account, &customer).await {
        Ok(of) => of,
        Err(error) => return Err(failure::explain_billing(&call, error).await),
    };
    let now = time::now(&mut tx, &call.app, &account, of.test_clock.as_ref()).await?;
    let cost = in_currency(&mut tx, &call, cost, invoice.as_ref()).await?;
    let mut item = build(&mut tx, &call, &of, cost, now).await?;
    item.description = description.or(item.description);
    item.metadata = metadata;
    item.discountable = discountable.unwrap_or(item.amount >= 0);
    discount(&mut tx, &call, &mut item, &wanted).await?;
    item.tax_rates = taxes::rates(&mut tx, &account, &rates, "tax_rates").await?;
    if let Some(invoice) = &invoice {
        put_on(&mut tx, &call, invoice, &mut item).await?;
    }
    objects::insert(&mut tx, &account, &item).await?;
    let snapshot = Snapshot::InvoiceItem(Box::new(item.clone()));
    let news = News { kind: "invoiceitem.created", version: 1, snapshot: &snapshot };
    events::append(&mut tx, &call.app, &call.cause(), &news).await?;
    let rendered = rendered(&call.rendering(), &item);
    let body = super::expanded(&call, &mut tx, rendered, &expand).await?;
    call.commit(tx, item.id.as_str(), body).await
}

/// Gives a new item discounts of its own.
async fn discount(
    tx: &mut Tx,
    call: &Call,
    item: &mut InvoiceItem,
    wanted: &[Wanted],
) -> Result<(), ApiError> {
    if !wanted.is_empty() && !item.discountable {
        let message = "An item that is not discountable cannot have discounts.";
        return Err(ApiError::invalid("discounts", None, message));
    }
    let on = Holder::InvoiceItem(item.id.clone());
    let purchase = Some((item.currency, item.amount));
    let occasion = Occasion { customer: &item.customer, on, now: item.date, purchase, known: &[] };
    let given = redeem(tx, &call.app, &call.cause(), wanted, &occasion).await?;
    item.discounts = given.into_iter().map(|discount| discount.id).collect();
    Ok(())
}

fn cost(params: &mut Params, on_invoice: bool) -> Result<Cost, ApiError> {
    let quantity = params.integer_within("quantity", 0, QUANTITY_MAX)?;
    let amount = params.integer_within("amount", -AMOUNT_MAX, AMOUNT_MAX)?;
    let price: Option<PriceId> = match params.group("pricing")? {
        Some(mut pricing) => {
            let price = pricing.id("price", "price")?;
            pricing.finish()?;
            price
        }
        None => None,
    };
    match (amount, price) {
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: amount, pricing.";
            Err(ApiError::invalid("amount", "parameters_exclusive", message))
        }
        (Some(_), None) if quantity.is_some_and(|quantity| quantity != 1) => {
            let message = "An item with an `amount` has no quantity: the amount is for all of it.";
            Err(ApiError::invalid("quantity", None, message))
        }
        (Some(amount), None) => {
            let currency = currency(params)?;
            if currency.is_none() && !on_invoice {
                return Err(ApiError::missing("currency"));
            }
            Ok(Cost::Amount(amount, currency))
        }
        (None, Some(price)) => {
            let quantity = quantity.and_then(|quantity| u64::try_from(quantity).ok()).unwrap_or(1);
            Ok(Cost::Price(price, quantity))
        }
        (None, None) => Err(ApiError::missing("amount")),
    }
}

/// An amount without a currency is in that of the invoice that it goes on.
async fn in_currency(
    tx: &mut Tx,
    call: &Call,
    cost: Cost,
    invoice: Option<&InvoiceId>,
) -> Result<Cost, ApiError> {
    let (Cost::Amount(amount, None), Some(id)) = (&cost, invoice) else { return Ok(cost) };
    let found = objects::load::<Invoice>(tx, &call.merchant.account.id, id).await?;
    let found = found.ok_or_else(|| ApiError::no_such("invoice", id, "invoice"))?;
    Ok(Cost::Amount(*amount, Some(found.object.currency)))
}

async fn build(
    tx: &mut Tx,
    call: &Call,
    customer: &Customer,
    cost: Cost,
    now: i64,
) -> Result<InvoiceItem, ApiError> {
    let (amount, currency, quantity, unit, price) = match cost {
        Cost::Amount(amount, currency) => {
            let currency = currency.ok_or_else(|| ApiError::missing("currency"))?;
            (amount, currency, 1, amount.to_string(), None)
        }
        Cost::Price(id, quantity) => {
            let found = objects::load::<Price>(tx, &call.merchant.account.id, &id).await?;
            let price = found.ok_or_else(|| ApiError::no_such("price", &id, "pricing[price]"))?.object;
            let line = price.amount_for(quantity);
            let line = line.map_err(|e| ApiError::invalid("quantity", None, e.to_string()))?;
            let unit: UnitAmount = price.unit_amount;
            (line.minor, price.currency, quantity, unit.to_string(), Some((price.id, price.product)))
        }
    };
    Ok(InvoiceItem {
        id: call.app.ids.next(),
        date: now,
        customer: customer.id.clone(),
        invoice: None,
        amount,
        currency,
        quantity,
        unit_amount_decimal: unit,
        price,
        period: Period { start: now, end: now },
        discountable: true,
        discounts: Vec::new(),
        tax_rates: Vec::new(),
        description: None,
        metadata: crate::model::Metadata::new(),
        test_clock: customer.test_clock.clone(),
    })
}

/// Puts a new item on a draft of the same customer and currency.
async fn put_on(tx: &mut Tx, call: &Call, id: &InvoiceId, item: &mut InvoiceItem) -> Result<(), ApiError> {
    let account = &call.merchant.account.id;
    let locked = objects::lock::<Invoice>(tx, account, id).await?;
    let found = locked.filter(|found| found.object.customer == item.customer);
    let mut found = found.ok_or_else(|| ApiError::no_such("invoice", id, "invoice"))?;
    found.object.status.change().map_err(billing::Error::from)?;
    if found.object.currency != item.currency {
        let message = format!("The invoice is in {}; so must be its items.", found.object.currency.as_str());
        return Err(ApiError::invalid("currency", None, message));
    }
    if found.object.lines.len() >= usize::try_from(crate::store::invoice_items::ITEMS_MAX).unwrap_or(0) {
        return Err(ApiError::invalid("invoice", None, "This invoice has as many items as it can have."));
    }
    invoices::put(&call.app, &mut found.object, item);
    refresh(tx, account, &mut found.object).await?;
    objects::save(tx, account, &found.object).await?;
    Ok(tell::invoice(tx, &call.app, &call.cause(), "invoice.updated", &found).await?)
}

/// `GET /v1/invoiceitems/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceItemId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::InvoiceItem)?;
    call.finish()?;
    find::<InvoiceItem>(&call, &id, NOUN, "id").await?;
    answer(&call, &id, &expand).await
}

/// `GET /v1/invoiceitems`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<InvoiceItemId>(&mut call.params, NOUN, true)?;
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    let expand = Expand::of_list(&mut call.params, Kind::InvoiceItem)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let of = customer.as_ref().map(Id::as_str);
    let page = pages::page::<InvoiceItem>(&mut tx, &call.merchant.account.id, &window, of).await?;
    let data = page.objects.iter().map(|item| rendered(&call.rendering(), item)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}
