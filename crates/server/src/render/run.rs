//! Batches: what was planned, and what came of it.

use std::collections::BTreeMap;

use onfile_core::ids::Id;
use serde_json::{Map, Value, json};

use super::Context;
use crate::billing::runs::Forecast;
use crate::model::run::Run;
use crate::store::runs::{Item, Sum};

/// A run with its report.
pub fn run(context: &Context<'_>, run: &Run, sums: &[Sum]) -> Value {
    json!({
        "id": run.id.as_str(),
        "object": "onfile.run",
        "created": run.created,
        "due_until": run.due_until,
        "finished_at": run.finished_at,
        "livemode": context.account.livemode,
        "report": report(sums),
        "status": run.state.as_str(),
        "test_clock": run.test_clock.as_ref().map(Id::as_str),
        "trigger": run.trigger,
    })
}

/// Totals by currency: each a number of invoices and their sum in minor units.
fn report(sums: &[Sum]) -> Value {
    let mut currencies: BTreeMap<&str, Vec<&Sum>> = BTreeMap::new();
    for sum in sums {
        currencies.entry(&sum.currency).or_default().push(sum);
    }
    let of = |sums: Vec<&Sum>| {
        let total = |state: &str| total(sums.iter().copied().filter(|sum| sum.state == state));
        json!({
            "planned": self::total(sums.iter().copied()),
            "paid": total("paid"),
            "declined": total("declined"),
            "declined_by_reason": by_reason(sums.iter().copied().filter(|sum| sum.state == "declined")),
            "needs_customer": total("needs_customer"),
            "not_sent": total("not_sent"),
            "not_charged": total("open"),
            "in_progress": total("sent"),
            "to_retry": self::total(sums.iter().copied().filter(|sum| sum.next_attempt.is_some())),
            "next_retry": sums.iter().filter_map(|sum| sum.next_attempt).min(),
        })
    };
    let fields = currencies.into_iter().map(|(currency, sums)| (currency.to_owned(), of(sums)));
    Value::Object(fields.collect())
}

fn total<'a>(sums: impl Iterator<Item = &'a Sum>) -> Value {
    let (count, amount) =
        sums.fold((0, 0_i64), |(count, amount), sum| (count + sum.count, amount.saturating_add(sum.amount)));
    json!({ "count": count, "amount": amount })
}

fn by_reason<'a>(sums: impl Iterator<Item = &'a Sum>) -> Value {
    let fields = sums.map(|sum| {
        (
            sum.reason.clone(),
            json!({ "count": sum.count, "amount": sum.amount, "next_retry": sum.next_attempt }),
        )
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// What a run did about one invoice.
pub fn item(item: &Item) -> Value {
    json!({
        "object": "onfile.run_item",
        "invoice": item.invoice,
        "customer": item.customer,
        "currency": item.currency,
        "amount": item.amount,
        "status": item.state,
        "reason": (!item.reason.is_empty()).then_some(&item.reason),
        "next_payment_attempt": item.next_attempt,
    })
}

/// What a run would do.
pub fn forecast(context: &Context<'_>, until: i64, forecast: &Forecast) -> Value {
    let totals = forecast
        .totals
        .iter()
        .map(|(currency, (count, amount))| (currency.clone(), json!({ "count": count, "amount": amount })));
    let invoice = |invoice: &crate::model::invoice::Invoice| {
        json!({
            "customer": invoice.customer.as_str(),
            "subscription": invoice.subscription.as_ref().map(|of| of.id.as_str()),
            "occurrence": invoice.subscription.as_ref().map(|of| i64::from(of.occurrence) + 1),
            "due": invoice.created,
            "amount": invoice.amount_due(),
            "currency": invoice.currency.as_str(),
        })
    };
    json!({
        "object": "onfile.run_preview",
        "until": until,
        "livemode": context.account.livemode,
        "totals": totals.collect::<Map<_, _>>(),
        "to_charge": forecast.charged,
        "without_payment_method": forecast.without_method,
        "ending": forecast.ending,
        "parked": forecast.parked.iter().map(|(id, reason)| json!({ "subscription": id, "reason": reason }))
            .collect::<Vec<_>>(),
        "invoices": forecast.invoices.iter().map(invoice).collect::<Vec<_>>(),
        "truncated": forecast.truncated,
    })
}
