//! Invoices.

use onfile_core::ids::{CustomerId, Id, InvoiceId, LineItemId, SubscriptionId};
use onfile_core::invoice::InvoiceStatus;
use serde_json::json;

use super::discount_params::discounts;
use super::intent_params::currency;
use super::tax_params::tax_rates;
use super::{answer, failure, find, listed, missing};
use crate::billing::collect::{Pay, pay as collect};
use crate::billing::invoices::{self, NewInvoice};
use crate::billing::{self, items, taxes, tell, time};
use crate::model::invoice::{Invoice, Line};
use crate::render;
use crate::render::full::Full;
use crate::store::objects;
use crate::store::pages::{self, Page};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::{Given, Params, TEXT_MAX};

const NOUN: &str = "invoice";
const DESCRIPTION_MAX: usize = 1_500;
const DESCRIPTOR_MAX: usize = 22;
const DAYS_UNTIL_DUE_MAX: i64 = 365;

/// `POST /v1/invoices`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let new = new(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::Invoice)?;
    call.finish()?;
    let made = invoices::create(&call.app, &call.cause(), new).await;
    match made {
        Ok(id) => answer(&call, &id, &expand).await,
        Err(error) => Err(failure::explain_billing(&call, error).await),
    }
}

fn new(params: &mut Params) -> Result<NewInvoice, ApiError> {
    let customer = params.id("customer", "customer")?.ok_or_else(|| ApiError::missing("customer"))?;
    let method = params.word("collection_method", &["charge_automatically", "send_invoice"])?;
    let days = params.integer_within("days_until_due", 0, DAYS_UNTIL_DUE_MAX)?;
    if days.is_some() && method != Some("send_invoice") {
        let message = "`days_until_due` is for `collection_method=send_invoice`.";
        return Err(ApiError::invalid("days_until_due", None, message));
    }
    let currency = currency(params)?;
    let pending = params.word("pending_invoice_items_behavior", &["include", "exclude"])?;
    Ok(NewInvoice {
        customer,
        currency,
        take_items: pending == Some("include"),
        collection_method: method.unwrap_or("charge_automatically").to_owned(),
        days_until_due: days.and_then(|days| u32::try_from(days).ok()),
        auto_advance: params.boolean("auto_advance")?.unwrap_or_default(),
        default_payment_method: params.id("default_payment_method", "PaymentMethod")?,
        description: params.text("description", DESCRIPTION_MAX)?,
        discounts: match discounts(params)? {
            Given::Absent => None,
            given => Some(given.value().unwrap_or_default()),
        },
        default_tax_rates: tax_rates(params, "default_tax_rates")?.value().unwrap_or_default(),
        footer: params.text("footer", TEXT_MAX)?,
        statement_descriptor: params.text("statement_descriptor", DESCRIPTOR_MAX)?,
        metadata: params.metadata()?.into_new()?,
    })
}

/// `GET /v1/invoices/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::Invoice)?;
    call.finish()?;
    find::<Invoice>(&call, &id, NOUN, "id").await?;
    answer(&call, &id, &expand).await
}

/// `POST /v1/invoices/{id}`: what is written about it; of a final one nothing else may change.
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceId = call.id("id", NOUN, "id")?;
    let metadata = call.params.metadata()?;
    let auto_advance = call.params.boolean("auto_advance")?;
    let description = call.params.text_or_unset("description", DESCRIPTION_MAX)?;
    let footer = call.params.text_or_unset("footer", TEXT_MAX)?;
    let discounts = discounts(&mut call.params)?;
    let tax_rates = tax_rates(&mut call.params, "default_tax_rates")?;
    let expand = Expand::of(&mut call.params, Kind::Invoice)?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let locked = objects::lock::<Invoice>(&mut tx, &account, &id).await?;
    let mut found = locked.ok_or_else(|| missing(&id, NOUN, "id"))?;
    let it = &mut found.object;
    if description.is_given() || footer.is_given() || discounts.is_given() || tax_rates.is_given() {
        it.status.change().map_err(billing::Error::from)?;
    }
    metadata.apply(&mut it.metadata)?;
    description.apply(&mut it.description);
    footer.apply(&mut it.footer);
    if let Some(auto_advance) = auto_advance {
        it.auto_advance = auto_advance;
        it.next_payment_attempt = it.next_payment_attempt.filter(|_| auto_advance);
    }
    if tax_rates.is_given() {
        let ids = tax_rates.value().unwrap_or_default();
        it.default_tax_rates = taxes::rates(&mut tx, &account, &ids, "default_tax_rates").await?;
        it.tax();
    }
    if discounts.is_given() {
        let now = time::now(&mut tx, &call.app, &account, it.test_clock.as_ref()).await?;
        let wanted = discounts.value().unwrap_or_default();
        invoices::give(&mut tx, &call.app, &call.cause(), it, &wanted, now).await?;
    }
    objects::save(&mut tx, &account, it).await?;
    tell::invoice(&mut tx, &call.app, &call.cause(), "invoice.updated", &found).await?;
    let rendered = Full::new(&mut tx, call.rendering()).invoice(&found.object).await?;
    let body = super::expanded(&call, &mut tx, rendered, &expand).await?;
    call.commit(tx, id.as_str(), body).await
}

/// `POST /v1/invoices/{id}/finalize`
pub async fn finalize(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceId = call.id("id", NOUN, "id")?;
    let auto_advance = call.params.boolean("auto_advance")?;
    let expand = Expand::of(&mut call.params, Kind::Invoice)?;
    call.finish()?;
    let mut found = find::<Invoice>(&call, &id, NOUN, "id").await?;
    if let Some(auto_advance) = auto_advance.filter(|wanted| *wanted != found.auto_advance) {
        found.status.change().map_err(billing::Error::from)?;
        let mut tx = call.app.db.begin().await?;
        if let Some(locked) = objects::lock::<Invoice>(&mut tx, &call.merchant.account.id, &id).await? {
            found = locked.object;
            found.auto_advance = auto_advance;
            objects::save(&mut tx, &call.merchant.account.id, &found).await?;
            tx.commit().await?;
        }
    }
    let done = invoices::finalise(&call.app, &call.cause(), &id).await;
    conclude(call, &id, &expand, done).await
}

/// `POST /v1/invoices/{id}/pay`: tries to collect it now. Nobody is there unless `off_session=false` says otherwise.
pub async fn pay(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceId = call.id("id", NOUN, "id")?;
    let ask = Pay {
        return_url: None,
        only_this_once: false,
        payment_method: call.params.text("payment_method", onfile_core::ids::ID_LEN_MAX)?,
        off_session: call.params.boolean("off_session")?.unwrap_or(true),
        paid_elsewhere: call.params.boolean("paid_out_of_band")?.unwrap_or_default(),
    };
    let expand = Expand::of(&mut call.params, Kind::Invoice)?;
    call.finish()?;
    let found = find::<Invoice>(&call, &id, NOUN, "id").await?;
    let mut done = Ok(());
    if found.status == InvoiceStatus::Draft {
        done = invoices::finalise(&call.app, &billing_cause(&call), &id).await;
    }
    // What comes to nothing is settled by being final.
    let settled = found.status == InvoiceStatus::Draft
        && find::<Invoice>(&call, &id, NOUN, "id").await?.status == InvoiceStatus::Paid;
    if done.is_ok() && !settled {
        done = collect(&call.app, &call.cause(), &id, ask).await;
    }
    conclude(call, &id, &expand, done).await
}

/// The step before the one that the idempotency key is for.
fn billing_cause(call: &Call) -> crate::payments::Cause {
    crate::payments::Cause { claim: None, ..call.cause() }
}

/// `POST /v1/invoices/{id}/void`
pub async fn void(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::Invoice)?;
    call.finish()?;
    find::<Invoice>(&call, &id, NOUN, "id").await?;
    let done = invoices::void(&call.app, &call.cause(), &id).await;
    conclude(call, &id, &expand, done).await
}

/// `POST /v1/invoices/{id}/mark_uncollectible`
pub async fn mark_uncollectible(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::Invoice)?;
    call.finish()?;
    find::<Invoice>(&call, &id, NOUN, "id").await?;
    let done = invoices::give_up(&call.app, &call.cause(), &id).await;
    conclude(call, &id, &expand, done).await
}

async fn conclude(
    call: Call,
    id: &InvoiceId,
    expand: &Expand,
    done: Result<(), billing::Error>,
) -> Result<Answer, ApiError> {
    match done {
        Ok(()) => answer(&call, id, expand).await,
        Err(error) => Err(failure::explain_billing(&call, error).await),
    }
}

/// `GET /v1/invoices`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<InvoiceId>(&mut call.params, NOUN, true)?;
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    let subscription: Option<SubscriptionId> = call.params.id("subscription", "subscription")?;
    let status = call.params.word("status", &InvoiceStatus::words())?;
    let expand = Expand::of_list(&mut call.params, Kind::Invoice)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let account = &call.merchant.account.id;
    let of = (customer.as_ref().map(Id::as_str), subscription.as_ref().map(Id::as_str));
    let page = pages::invoices(&mut tx, account, &window, of, status).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    for object in &page.objects {
        data.push(Full::new(&mut tx, call.rendering()).invoice(object).await?);
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

/// `GET /v1/invoices/{id}/lines`: as they stand on the invoice.
pub async fn lines(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceId = call.id("id", NOUN, "id")?;
    let window = window::<LineItemId>(&mut call.params, "line_item", false)?;
    let expand = Expand::of_list(&mut call.params, Kind::Line)?;
    call.finish()?;
    let found = find::<Invoice>(&call, &id, NOUN, "id").await?;
    let all = found.lines.iter().collect();
    let page = Page::within(all, |line: &&Line| line.id.as_str(), &window);
    let data = page.objects.iter().map(|it| render::invoice::line(&call.rendering(), &found, it)).collect();
    listed(&call, &mut call.app.db.read().await?, &page, data, &expand).await
}

/// `DELETE /v1/invoices/{id}`: a draft that the merchant wrote.
pub async fn delete(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoiceId = call.id("id", NOUN, "id")?;
    call.finish()?;
    find::<Invoice>(&call, &id, NOUN, "id").await?;
    match items::delete_draft(&call.app, &call.cause(), &id).await {
        Ok(()) => Ok(Answer::new(json!({ "id": id.as_str(), "object": NOUN, "deleted": true }))),
        Err(error) => Err(failure::explain_billing(&call, error).await),
    }
}
