//! Amounts that wait for an invoice of their customer, or go on a draft.

use onfile_core::currency::Currency;
use onfile_core::ids::{CustomerId, Id, InvoiceId, InvoiceItemId, PriceId};
use onfile_service::db::Tx;
use serde_json::json;

use super::discount_params::discounts;
use super::intent_params::currency;
use super::tax_params::tax_rates;
use super::{answer, failure, find, listed};
use crate::billing::discounts::apply::refresh;
use crate::billing::discounts::redeem::{Occasion, Wanted, redeem};
use crate::billing::items::{self, Cost};
use crate::billing::{self, invoices, taxes, tell, time};
use crate::model::customer::Customer;
use crate::model::discount::Holder;
use crate::model::invoice::{Invoice, Period};
use crate::model::invoice_item::InvoiceItem;
use crate::model::price::Price;
use crate::render::invoice::item as rendered;
use crate::store::objects::{self, Versioned};
use crate::store::pages;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::{Params, TEXT_MAX};

const NOUN: &str = "invoiceitem";
const QUANTITY_MAX: i64 = 1_000_000;
/// The largest amount of one item, either way: that of a payment.
const AMOUNT_MAX: i64 = onfile_core::money::AMOUNT_MAX;

/// `POST /v1/invoiceitems`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let params = &mut call.params;
    let customer: Option<CustomerId> = params.id("customer", "customer")?;
    let customer = customer.ok_or_else(|| ApiError::missing("customer"))?;
    let invoice: Option<InvoiceId> = params.id("invoice", "invoice")?;
    let asked = asked(params)?.ok_or_else(|| ApiError::missing("amount"))?;
    let period = period(params)?;
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
    let draft = match &invoice {
        Some(id) => objects::load::<Invoice>(&mut tx, &account, id).await?,
        None => None,
    };
    let cost = cost(&mut tx, &call, asked, draft.map(|draft| draft.object.currency)).await?;
    let mut item = build(&call, &of, cost, now);
    item.period = period.unwrap_or(item.period);
    item.description = description.or(item.description);
    item.metadata = metadata;
    item.discountable = discountable.unwrap_or(item.amount >= 0);
    discount(&mut tx, &call, &mut item, &wanted).await?;
    item.tax_rates = taxes::rates(&mut tx, &account, &rates, "tax_rates").await?;
    if let Some(invoice) = &invoice {
        put_on(&mut tx, &call, invoice, &mut item).await?;
    }
    objects::insert(&mut tx, &account, &item).await?;
    let item = Versioned::new(item);
    items::tell_item(&mut tx, &call.app, &call.cause(), "invoiceitem.created", &item).await?;
    finish(call, tx, &item.object, &expand).await
}

/// `POST /v1/invoiceitems/{id}`: as long as its invoice is no more than a draft.
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceItemId = call.id("id", NOUN, "id")?;
    let params = &mut call.params;
    let asked = asked(params)?;
    let period = period(params)?;
    let description = params.text_or_unset("description", TEXT_MAX)?;
    let metadata = params.metadata()?;
    let expand = Expand::of(params, Kind::InvoiceItem)?;
    call.finish()?;
    find::<InvoiceItem>(&call, &id, NOUN, "id").await?;
    let cause = call.cause();
    let mut tx = call.app.db.begin().await?;
    let mut loose = items::lock(&mut tx, &cause, &id).await?;
    if let Some(asked) = asked {
        let present = loose.item.object.currency;
        let cost = cost(&mut tx, &call, asked, Some(present)).await?;
        if cost.currency != present {
            let message = "The currency of an item cannot be changed. Delete it, and make another one.";
            return Err(ApiError::invalid("currency", None, message));
        }
        loose.set_cost(cost);
    }
    if let Some(period) = period {
        loose.set_period(period);
    }
    description.apply(&mut loose.item.object.description);
    metadata.apply(&mut loose.item.object.metadata)?;
    let item = loose.save(&mut tx, &call.app, &cause).await?;
    finish(call, tx, &item, &expand).await
}

/// `DELETE /v1/invoiceitems/{id}`: as long as its invoice is no more than a draft.
pub async fn delete(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceItemId = call.id("id", NOUN, "id")?;
    call.finish()?;
    find::<InvoiceItem>(&call, &id, NOUN, "id").await?;
    let cause = call.cause();
    let mut tx = call.app.db.begin().await?;
    items::lock(&mut tx, &cause, &id).await?.delete(&mut tx, &call.app, &cause).await?;
    tx.commit().await?;
    Ok(Answer::new(json!({ "id": id.as_str(), "object": NOUN, "deleted": true })))
}

async fn finish(call: Call, mut tx: Tx, item: &InvoiceItem, expand: &Expand) -> Result<Answer, ApiError> {
    let rendered = rendered(&call.rendering(), item);
    let body = super::expanded(&call, &mut tx, rendered, expand).await?;
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

/// What a request says of the cost.
enum Asked {
    /// So many minor units, in what, if that was said.
    Amount(i64, Option<Currency>),
    /// At a price.
    Price(PriceId, u64),
}

fn asked(params: &mut Params) -> Result<Option<Asked>, ApiError> {
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
        (None, None) if quantity.is_some() => {
            let message = "A quantity is of a price: name it as `pricing[price]`.";
            Err(ApiError::invalid("quantity", None, message))
        }
        (Some(_), None) if quantity.is_some_and(|quantity| quantity != 1) => {
            let message = "An item with an `amount` has no quantity: the amount is for all of it.";
            Err(ApiError::invalid("quantity", None, message))
        }
        (Some(amount), None) => Ok(Some(Asked::Amount(amount, currency(params)?))),
        (None, Some(price)) => {
            let quantity = quantity.and_then(|quantity| u64::try_from(quantity).ok()).unwrap_or(1);
            Ok(Some(Asked::Price(price, quantity)))
        }
        (None, None) => Ok(None),
    }
}

/// What it costs; without a currency, in that of the invoice, else in US dollars.
async fn cost(
    tx: &mut Tx,
    call: &Call,
    asked: Asked,
    of_invoice: Option<Currency>,
) -> Result<Cost, ApiError> {
    match asked {
        Asked::Amount(amount, named) => Ok(Cost {
            amount,
            currency: match named.or(of_invoice) {
                Some(currency) => currency,
                None => Currency::parse("usd").map_err(|_| ApiError::missing("currency"))?,
            },
            quantity: 1,
            unit_amount_decimal: amount.to_string(),
            price: None,
        }),
        Asked::Price(id, quantity) => {
            let found = objects::load::<Price>(tx, &call.merchant.account.id, &id).await?;
            let price = found.ok_or_else(|| ApiError::no_such("price", &id, "pricing[price]"))?.object;
            let line = price.amount_for(quantity);
            let line = line.map_err(|e| ApiError::invalid("quantity", None, e.to_string()))?;
            Ok(Cost {
                amount: line.minor,
                currency: price.currency,
                quantity,
                unit_amount_decimal: price.unit_amount.to_string(),
                price: Some((price.id, price.product)),
            })
        }
    }
}

fn build(call: &Call, customer: &Customer, cost: Cost, now: i64) -> InvoiceItem {
    InvoiceItem {
        id: call.app.ids.next(),
        date: now,
        customer: customer.id.clone(),
        invoice: None,
        made_for_invoice: false,
        amount: cost.amount,
        currency: cost.currency,
        quantity: cost.quantity,
        unit_amount_decimal: cost.unit_amount_decimal,
        price: cost.price,
        period: Period { start: now, end: now },
        discountable: true,
        discounts: Vec::new(),
        tax_rates: Vec::new(),
        description: None,
        metadata: crate::model::Metadata::new(),
        test_clock: customer.test_clock.clone(),
    }
}

/// `period[start]` and `period[end]`
fn period(params: &mut Params) -> Result<Option<Period>, ApiError> {
    let Some(mut group) = params.group("period")? else { return Ok(None) };
    let required =
        |group: &mut Params, name: &str| group.time(name)?.ok_or_else(|| ApiError::missing(group.name(name)));
    let period = Period { start: required(&mut group, "start")?, end: required(&mut group, "end")? };
    group.finish()?;
    if period.end < period.start {
        return Err(ApiError::invalid("period[end]", None, "A period must not end before it starts."));
    }
    Ok(Some(period))
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
    item.made_for_invoice = true;
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
