//! Recurring agreements.

use std::collections::BTreeMap;

use onfile_core::ids::{Id, PriceId};
use serde_json::{Value, json};

use super::tax_rate::tax_rates;
use super::{Context, discount, parts, price};
use crate::model::price::Price;
use crate::model::subscription::{Item, Subscription, due};

/// A subscription; `prices` are those of its items.
pub fn subscription(
    context: &Context<'_>,
    subscription: &Subscription,
    prices: &BTreeMap<PriceId, Price>,
) -> Value {
    let it = subscription;
    json!({
        "id": it.id.as_str(),
        "object": "subscription",
        "application": null,
        "application_fee_percent": null,
        "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null },
        "billing_cycle_anchor": it.billing_cycle_anchor,
        "billing_cycle_anchor_config": null,
        "billing_mode": {
            "flexible": { "proration_discounts": "included" }, "type": "flexible", "updated_at": it.created,
        },
        "billing_schedules": [],
        "billing_thresholds": null,
        "cancel_at": it.cancel_at.or_else(|| it.cancel_at_period_end.then_some(it.current_period.end)),
        "cancel_at_period_end": it.cancel_at_period_end,
        "canceled_at": it.canceled_at,
        "cancellation_details": {
            "comment": it.cancellation.comment,
            "feedback": it.cancellation.feedback,
            "feedback_option": null,
            "reason": it.cancellation.reason,
        },
        "collection_method": it.collection_method,
        "created": it.created,
        "currency": it.currency.as_str(),
        "customer": it.customer.as_str(),
        "customer_account": null,
        "days_until_due": it.days_until_due,
        "default_payment_method": it.default_payment_method.as_ref().map(Id::as_str),
        "default_source": null,
        "default_tax_rates": tax_rates(context, &it.default_tax_rates),
        "description": it.description,
        "discounts": discount::ids(&it.discounts),
        "ended_at": it.ended_at,
        "invoice_settings": {
            "account_tax_ids": null,
            "custom_fields": null,
            "description": null,
            "footer": null,
            "issuer": { "type": "self" },
        },
        "items": items(context, it, prices),
        "latest_invoice": it.latest_invoice.as_ref().map(Id::as_str),
        "livemode": context.account.livemode,
        "managed_payments": null,
        "metadata": parts::metadata(&it.metadata),
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "onfile": onfile(it),
        "pause_collection": pause(it),
        "payment_settings": {
            "payment_method_options": null,
            "payment_method_types": null,
            "save_default_payment_method": if it.saves_method { "on_subscription" } else { "off" },
        },
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "start_date": it.start_date,
        "status": it.status.as_str(),
        "test_clock": it.test_clock.as_ref().map(Id::as_str),
        "transfer_data": null,
        "trial_end": it.trial.map(|trial| trial.end),
        "trial_settings": {
            "end_behavior": { "billing_cycle_anchor": null, "missing_payment_method": "create_invoice" },
        },
        "trial_start": it.trial.map(|trial| trial.start),
    })
}

fn items(context: &Context<'_>, it: &Subscription, prices: &BTreeMap<PriceId, Price>) -> Value {
    let data: Vec<Value> = it.items.iter().map(|part| item(context, it, part, prices)).collect();
    json!({
        "object": "list", "data": data, "has_more": false, "total_count": it.items.len(),
        "url": format!("/v1/subscription_items?subscription={}", it.id),
    })
}

fn pause(it: &Subscription) -> Option<Value> {
    let pause = it.pause?;
    Some(json!({ "behavior": pause.behaviour.as_str(), "resumes_at": pause.resumes_at }))
}

/// What Stripe has no field for.
fn onfile(it: &Subscription) -> Value {
    let next = due::next_occurrence(it).filter(|_| it.status.is_billed());
    json!({
        "schedule": it.schedule.describe(),
        "recurrence": it.own_schedule.then(|| it.schedule.to_string()),
        "next_occurrence": next.map(|occurrence| json!({
            "number": occurrence.number(),
            "due": occurrence.due.as_second(),
            "date": occurrence.date.to_string(),
            "charge_date": occurrence.charge_date.to_string(),
        })),
        "parked": it.parked,
    })
}

/// A part of an agreement.
pub fn item(
    context: &Context<'_>,
    of: &Subscription,
    item: &Item,
    prices: &BTreeMap<PriceId, Price>,
) -> Value {
    let found = prices.get(&item.price);
    json!({
        "id": item.id.as_str(),
        "object": "subscription_item",
        "billing_thresholds": null,
        "created": item.created,
        "current_period_end": of.current_period.end,
        "current_period_start": of.current_period.start,
        "current_trial": null,
        "discounts": discount::ids(&item.discounts),
        "metadata": parts::metadata(&item.metadata),
        "plan": found.map(|found| plan(context, found)),
        "price": found.map(|found| price::price(context, found)),
        "quantity": item.quantity,
        "subscription": of.id.as_str(),
        "tax_rates": tax_rates(context, &item.tax_rates),
    })
}

/// A price as Stripe's older objects name it.
fn plan(context: &Context<'_>, price: &Price) -> Value {
    json!({
        "id": price.id.as_str(),
        "object": "plan",
        "active": price.active,
        "amount": price.unit_amount.minor(),
        "amount_decimal": price.unit_amount.to_string(),
        "billing_scheme": "per_unit",
        "created": price.created,
        "currency": price.currency.as_str(),
        "interval": price.recurring.map_or("month", |recurring| recurring.interval.as_str()),
        "interval_count": price.recurring.map_or(1, |recurring| recurring.interval_count),
        "livemode": context.account.livemode,
        "metadata": parts::metadata(&price.metadata),
        "meter": null,
        "nickname": price.nickname,
        "product": price.product.as_str(),
        "tiers_mode": null,
        "transform_usage": null,
        "trial_period_days": null,
        "usage_type": "licensed",
    })
}
