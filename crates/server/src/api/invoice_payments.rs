//! Invoices' payments: which payment settles which invoice.

use onfile_core::ids::{Id, InvoiceId, InvoicePaymentId, PaymentIntentId, counterpart};
use onfile_core::invoice::InvoiceStatus;
use onfile_service::db::Tx;
use serde_json::Value;

use super::{answer, find, listed, missing};
use crate::model::invoice::Invoice;
use crate::model::payment_intent::PaymentIntent;
use crate::render::invoice::payment;
use crate::store::objects;
use crate::store::pages::{self, Page, Window};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::Params;

const NOUN: &str = "invoice_payment";

/// Which payments are wanted.
#[derive(Debug)]
struct Filter {
    invoice: Option<InvoiceId>,
    intent: Option<PaymentIntentId>,
    status: Option<&'static str>,
}

/// `GET /v1/invoice_payments/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: InvoicePaymentId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::InvoicePayment)?;
    call.finish()?;
    let of =
        find::<Invoice>(&call, &counterpart(&id), NOUN, "id").await.map_err(|_| missing(&id, NOUN, "id"))?;
    if of.payment.is_none() {
        return Err(missing(&id, NOUN, "id"));
    }
    answer(&call, &id, &expand).await
}

/// `GET /v1/invoice_payments`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<InvoicePaymentId>(&mut call.params, NOUN, true)?;
    let filter = filter(&mut call.params)?;
    let expand = Expand::of_list(&mut call.params, Kind::InvoicePayment)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let mut page = read(&mut tx, &call, &window, &filter).await?;
    if page.unknown.is_some() {
        page.unknown.clone_from(&window.cursor);
    }
    let rendering = call.rendering();
    let rendered = |of: &Invoice| of.payment.as_ref().map(|it| payment(&rendering, of, it));
    let data: Vec<Value> = page.objects.iter().filter_map(rendered).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}

fn filter(params: &mut Params) -> Result<Filter, ApiError> {
    let invoice = params.id("invoice", "invoice")?;
    let mut intent = None;
    if let Some(mut group) = params.group("payment")? {
        let kind = group.word("type", &["payment_intent", "charge", "payment_record"])?;
        if kind.is_none() {
            return Err(ApiError::missing(group.name("type")));
        }
        intent = group.id("payment_intent", "payment_intent")?;
        if kind != Some("payment_intent") {
            let message =
                "Invoices are paid by payment intents alone; ask with payment[type]=payment_intent.";
            return Err(ApiError::invalid(group.name("type"), None, message));
        }
        group.finish()?;
    }
    Ok(Filter { invoice, intent, status: params.word("status", &["open", "paid", "canceled"])? })
}

async fn read(tx: &mut Tx, call: &Call, window: &Window, filter: &Filter) -> Result<Page<Invoice>, ApiError> {
    let account = &call.merchant.account.id;
    let window = window.counterpart::<InvoicePaymentId, InvoiceId>();
    if filter.invoice.is_some() || filter.intent.is_some() {
        let one = one(tx, call, filter).await?.filter(|it| window.holds(it.id.as_str()));
        return Ok(Page { objects: one.into_iter().collect(), has_more: false, unknown: None });
    }
    let elsewhere = |yes: bool| format!("%\"paid_elsewhere\":{yes}%");
    let (one, other, paid) = match filter.status {
        None => {
            let rows = pages::rows(tx, account, pages::INVOICES_WITH_PAYMENT, &window, &[]).await?;
            return Ok(pages::objects(rows)?);
        }
        Some("open") => ("open", "uncollectible", String::new()),
        Some("paid") => ("", "", elsewhere(false)),
        Some(_) => ("void", "", elsewhere(true)),
    };
    let rows =
        pages::rows(tx, account, pages::INVOICES_WITH_PAYMENT_IN, &window, &[one, other, &paid]).await?;
    Ok(pages::objects(rows)?)
}

/// The only invoice that can be meant, where an invoice or a payment is named.
async fn one(tx: &mut Tx, call: &Call, filter: &Filter) -> Result<Option<Invoice>, ApiError> {
    let account = &call.merchant.account.id;
    let mut id = filter.invoice.clone();
    if let Some(intent) = &filter.intent {
        let found = objects::load::<PaymentIntent>(tx, account, intent).await?;
        let found =
            found.ok_or_else(|| ApiError::no_such("payment_intent", intent, "payment[payment_intent]"))?;
        match (&id, found.object.invoice) {
            (None, of) => id = of,
            (Some(named), Some(of)) if *named == of => {}
            _ => return Ok(None),
        }
    }
    let Some(id) = id else { return Ok(None) };
    let found = objects::load::<Invoice>(tx, account, &id).await?;
    let found = found.ok_or_else(|| ApiError::no_such("invoice", &id, "invoice"))?;
    Ok(Some(found.object).filter(|it| it.payment.is_some() && has_status(it, filter.status)))
}

/// Whether the payment of an invoice stands there.
fn has_status(of: &Invoice, wanted: Option<&str>) -> bool {
    let canceled = of.status == InvoiceStatus::Void || of.paid_elsewhere;
    match wanted {
        None => true,
        Some("paid") => of.status == InvoiceStatus::Paid && !canceled,
        Some("canceled") => canceled,
        Some(_) => of.status != InvoiceStatus::Paid && !canceled,
    }
}
