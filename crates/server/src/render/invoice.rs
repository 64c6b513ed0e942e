//! Invoices, their lines, and the amounts that wait for one.

use onfile_core::ids::{Id, InvoiceItemId, InvoicePaymentId, PriceId, ProductId, counterpart};
use onfile_core::invoice::InvoiceStatus;
use serde_json::{Value, json};

use super::tax_rate::{tax_rates, taxes};
use super::{Context, discount, parts};
use crate::model::invoice::{Invoice, Line, LineSource, Payment};
use crate::model::invoice_item::InvoiceItem;

/// An invoice.
pub fn invoice(context: &Context<'_>, invoice: &Invoice) -> Value {
    let mut object = document(context, invoice);
    if let Some(fields) = object.as_object_mut() {
        for part in [people(invoice), money(invoice), collection(context, invoice)] {
            fields.extend(part.as_object().cloned().into_iter().flatten());
        }
    }
    object
}

/// What it is.
fn document(context: &Context<'_>, it: &Invoice) -> Value {
    json!({
        "id": it.id.as_str(),
        "object": "invoice",
        "account_country": "US",
        "account_name": context.account.name,
        "account_tax_ids": null,
        "application": null,
        "automatic_tax": {
            "disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null,
        },
        "billing_reason": it.billing_reason,
        "created": it.created,
        "currency": it.currency.as_str(),
        "custom_fields": null,
        "default_tax_rates": tax_rates(context, &it.default_tax_rates),
        "description": it.description,
        "discounts": discount::ids(&it.discounts),
        "effective_at": it.moments.finalised,
        "footer": it.footer,
        "from_invoice": null,
        "issuer": { "type": "self" },
        "latest_revision": null,
        "lines": lines(context, it),
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&it.metadata),
        "number": it.number,
        "on_behalf_of": null,
        "onfile": {
            "run": it.run.as_ref().map(Id::as_str),
            "occurrence": it.subscription.as_ref().map(|of| i64::from(of.occurrence) + 1),
            "explanation": it.explanation,
        },
        "parent": parent(it),
        "period_end": it.period.end,
        "period_start": it.period.start,
        "receipt_number": null,
        "rendering": null,
        "shipping_cost": null,
        "shipping_details": null,
        "statement_descriptor": it.statement_descriptor,
        "status": it.status.as_str(),
        "status_transitions": {
            "finalized_at": it.moments.finalised,
            "marked_uncollectible_at": it.moments.uncollectible,
            "paid_at": it.moments.paid,
            "voided_at": it.moments.voided,
        },
        "test_clock": it.test_clock.as_ref().map(Id::as_str),
    })
}

/// Who owes it.
fn people(it: &Invoice) -> Value {
    let who = it.addressee.clone().unwrap_or_default();
    let tax_exempt = if who.tax_exempt.is_empty() { "none" } else { who.tax_exempt.as_str() };
    json!({
        "customer": it.customer.as_str(),
        "customer_account": null,
        "customer_address": who.address.as_ref().map(parts::address),
        "customer_email": who.email,
        "customer_name": who.name,
        "customer_phone": who.phone,
        "customer_shipping": parts::customer_shipping(who.shipping.as_ref()),
        "customer_tax_exempt": tax_exempt,
        "customer_tax_ids": [],
    })
}

/// What is owed.
fn money(it: &Invoice) -> Value {
    let (total, subtotal) = (it.total(), it.subtotal());
    let discounts = it.discount_totals();
    json!({
        "amount_due": it.amount_due(),
        "amount_overpaid": 0,
        "amount_paid": it.amount_paid,
        "amount_remaining": it.amount_remaining(),
        "amount_shipping": 0,
        "ending_balance": it.moments.finalised.map(|_| 0),
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "subtotal": subtotal,
        "subtotal_excluding_tax": it.subtotal_excluding_tax(),
        "total": total,
        "total_discount_amounts": discount::amounts(&discounts),
        "total_excluding_tax": it.total_excluding_tax(),
        "total_pretax_credit_amounts": discount::pretax(&discounts),
        "total_taxes": taxes(&it.tax_totals(), it.untaxed.as_deref()),
    })
}

/// How it is collected.
fn collection(context: &Context<'_>, it: &Invoice) -> Value {
    json!({
        "attempt_count": it.attempt_count,
        "attempted": it.attempt_count > 0,
        "auto_advance": it.auto_advance && it.status.is_owed(),
        "automatically_finalizes_at": null,
        "collection_method": it.collection_method,
        "default_payment_method": it.default_payment_method.as_ref().map(Id::as_str),
        "default_source": null,
        "due_date": it.due_date,
        "hosted_invoice_url": it.moments.finalised.map(|_| parts::invoice_url(context, it)),
        "invoice_pdf": null,
        "last_finalization_error": null,
        "next_payment_attempt": it.next_payment_attempt,
        "payment_settings": {
            "default_mandate": null, "payment_method_options": null, "payment_method_types": null,
        },
        "payments": payments(context, it),
        "webhooks_delivered_at": null,
    })
}

fn parent(it: &Invoice) -> Value {
    let Some(of) = &it.subscription else { return Value::Null };
    json!({
        "quote_details": null,
        "subscription_details": {
            "metadata": parts::metadata(&of.metadata), "subscription": of.id.as_str(),
        },
        "type": "subscription_details",
    })
}

/// The lines as a list of their own.
pub fn lines(context: &Context<'_>, it: &Invoice) -> Value {
    let data: Vec<Value> = it.lines.iter().map(|part| line(context, it, part)).collect();
    json!({
        "object": "list", "data": data, "has_more": false, "total_count": it.lines.len(),
        "url": format!("/v1/invoices/{}/lines", it.id),
    })
}

/// One line of an invoice.
pub fn line(context: &Context<'_>, of: &Invoice, it: &Line) -> Value {
    let (subscription, parent) = match &it.source {
        LineSource::Subscription { id, item } => (
            Some(id.as_str()),
            json!({
                "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": null, "proration": false, "proration_details": { "credited_items": null },
                    "subscription": id.as_str(), "subscription_item": item.as_str(),
                },
                "type": "subscription_item_details",
            }),
        ),
        LineSource::Item(item) => (
            None,
            json!({
                "invoice_item_details": {
                    "invoice_item": item.as_str(), "proration": false,
                    "proration_details": { "credited_items": null }, "subscription": null,
                },
                "subscription_item_details": null,
                "type": "invoice_item_details",
            }),
        ),
    };
    json!({
        "id": it.id.as_str(),
        "object": "line_item",
        "amount": it.amount,
        "currency": of.currency.as_str(),
        "description": it.description,
        "discount_amounts": discount::amounts(&it.discount_amounts),
        "discountable": it.discountable,
        "discounts": discount::ids(&it.discounts),
        "invoice": of.id.as_str(),
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&it.metadata),
        "parent": parent,
        "period": { "end": it.period.end, "start": it.period.start },
        "pretax_credit_amounts": discount::pretax(&it.discount_amounts),
        "pricing": pricing(it.price.as_ref(), item_of(it), it.unit_amount_decimal.as_deref()),
        "quantity": it.quantity,
        "quantity_decimal": it.quantity.to_string(),
        "subscription": subscription,
        "subtotal": it.amount,
        "taxes": taxes(&it.taxes, of.untaxed.as_deref()),
    })
}

/// The item that a line is of.
fn item_of(line: &Line) -> Option<&InvoiceItemId> {
    match &line.source {
        LineSource::Item(item) => Some(item),
        LineSource::Subscription { .. } => None,
    }
}

/// An amount without a price is shown with the counterparts of its item, as Stripe makes an inactive price for each.
fn pricing(
    price: Option<&(PriceId, ProductId)>,
    item: Option<&InvoiceItemId>,
    unit_amount_decimal: Option<&str>,
) -> Value {
    let mut pricing = json!({ "type": "price_details", "unit_amount_decimal": unit_amount_decimal });
    let own = item.map(|item| (counterpart(item), counterpart(item)));
    if let Some((price, product)) = price.or(own.as_ref()) {
        pricing["price_details"] = json!({ "price": price.as_str(), "product": product.as_str() });
    }
    pricing
}

fn payments(context: &Context<'_>, it: &Invoice) -> Value {
    let data: Vec<Value> = it.payment.iter().map(|of| payment(context, it, of)).collect();
    json!({
        "object": "list", "data": data, "has_more": false,
        "url": format!("/v1/invoice_payments?invoice={}", it.id),
    })
}

/// An invoice with the payment that is to settle it; it has as many rows as there are such invoices, and none of its own.
pub fn payment(context: &Context<'_>, of: &Invoice, it: &Payment) -> Value {
    let id: InvoicePaymentId = counterpart(&of.id);
    let paid = of.status == InvoiceStatus::Paid && !of.paid_elsewhere;
    let canceled = of.status == InvoiceStatus::Void || of.paid_elsewhere;
    json!({
        "id": id.as_str(),
        "object": "invoice_payment",
        "amount_paid": paid.then_some(of.amount_paid),
        "amount_requested": of.amount_due(),
        "created": it.created,
        "currency": of.currency.as_str(),
        "invoice": of.id.as_str(),
        "is_default": true,
        "livemode": context.account.livemode,
        "payment": { "payment_intent": it.intent.as_str(), "type": "payment_intent" },
        "status": if paid { "paid" } else if canceled { "canceled" } else { "open" },
        "status_transitions": {
            "canceled_at": of.moments.voided.or(of.moments.paid).filter(|_| canceled),
            "paid_at": of.moments.paid.filter(|_| paid),
        },
    })
}

/// An amount that waits for an invoice, or stands on one.
pub fn item(context: &Context<'_>, it: &InvoiceItem) -> Value {
    json!({
        "id": it.id.as_str(),
        "object": "invoiceitem",
        "amount": it.amount,
        "currency": it.currency.as_str(),
        "customer": it.customer.as_str(),
        "customer_account": null,
        "date": it.date,
        "description": it.description,
        "discountable": it.discountable,
        "discounts": discount::ids(&it.discounts),
        "invoice": it.invoice.as_ref().map(Id::as_str),
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&it.metadata),
        "net_amount": it.amount,
        "parent": null,
        "period": { "end": it.period.end, "start": it.period.start },
        "pricing": pricing(it.price.as_ref(), Some(&it.id), Some(&it.unit_amount_decimal)),
        "proration": false,
        "quantity": it.quantity,
        "quantity_decimal": it.quantity.to_string(),
        "tax_rates": tax_rates(context, &it.tax_rates),
        "test_clock": it.test_clock.as_ref().map(Id::as_str),
    })
}
