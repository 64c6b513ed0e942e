//! Settling a set: what came back for many operations of one account, in one transaction.
//!
//! Each is settled by the code that settles one alone. The transaction works on a set (`service::db`): the rows that this
//! code locks and loads are read for all before, and what it writes is written for all together.

use std::collections::BTreeMap;

use onfile_core::ids::{
    CustomerId, Id, InvoiceId, PaymentIntentId, PaymentMethodId, SubscriptionId, TestClockId,
};
use onfile_core::operation::Outcome;
use onfile_service::db::{DbError, Row, Tx};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::model::customer::Customer;
use crate::model::invoice::Invoice;
use crate::model::operation::Operation;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::subscription::Subscription;
use crate::model::test_clock::TestClock;
use crate::store::{accounts, agreements, operations, sets};

use super::super::carry_out::Report;
use super::super::{Cause, Error};
use super::settle_in;

/// An operation of a payment that was sent, and what came back.
#[derive(Debug)]
pub(in crate::payments) struct Sent {
    pub(in crate::payments) operation: Operation,
    pub(in crate::payments) report: Report,
}

/// Settles them all, or none.
///
/// # Errors
/// When the database fails, or one of them cannot be settled: then none is, and each may be settled alone.
pub(in crate::payments) async fn settle_set(
    app: &App,
    cause: &Cause,
    sent: &mut [Sent],
) -> Result<(), Error> {
    // What is approved asks for nothing but what is read ahead; the rest may look further, at what was written before.
    sent.sort_by_key(|it| it.report.outcome != Outcome::Approved);
    let mut tx = app.db.begin().await?;
    tx.gather();
    read_ahead(&mut tx, app, cause, sent).await?;
    for Sent { operation, report } in sent {
        settle_in(&mut tx, app, cause, &operation.id, &operation.debt, report).await?;
    }
    Ok(tx.commit().await?)
}

/// Locks and loads, kind by kind in the order in which everybody locks them, what settling asks for.
async fn read_ahead(tx: &mut Tx, app: &App, cause: &Cause, sent: &[Sent]) -> Result<(), Error> {
    let account = &cause.account.id;
    accounts::load_ahead(tx, account).await?;
    let debts: Vec<_> = sent.iter().filter_map(|it| PaymentIntentId::parse(&it.operation.debt)).collect();
    let rows = sets::lock_ahead::<PaymentIntent>(tx, account, &debts.iter().collect::<Vec<_>>()).await?;
    let intents: Vec<OfIntent> = read_all(&rows)?;
    let operations: Vec<_> = sent.iter().map(|it| &it.operation.id).collect();
    operations::lock_ahead(tx, account, &operations).await?;
    let customers: Vec<_> = intents.iter().filter_map(|it| it.customer.as_ref()).collect();
    app.keys.load_ahead(tx, account, &customers).await?;
    sets::load_ahead::<Customer>(tx, account, &customers).await?;
    sets::lock_ahead::<PaymentMethod>(tx, account, &charged(sent)).await?;
    let invoices: Vec<_> = intents.iter().filter_map(|it| it.invoice.as_ref()).collect();
    let rows = sets::lock_ahead::<Invoice>(tx, account, &invoices).await?;
    let invoices: Vec<OfInvoice> = read_all(&rows)?;
    let clocks: Vec<_> = invoices.iter().filter_map(|it| it.test_clock.as_ref()).collect();
    sets::load_ahead::<TestClock>(tx, account, &clocks).await?;
    let agreements: Vec<_> =
        invoices.iter().filter_map(|it| it.subscription.as_ref()).map(|of| &of.id).collect();
    sets::lock_ahead::<Subscription>(tx, account, &agreements).await?;
    Ok(agreements::owe_others_ahead(tx, account, &alone(&invoices)).await?)
}

/// The methods of which an outcome is known: settling locks them.
fn charged(sent: &[Sent]) -> Vec<&PaymentMethodId> {
    let decided = sent.iter().filter(|it| !matches!(it.report.outcome, Outcome::NoAnswer | Outcome::Absent));
    decided.filter_map(|it| it.operation.doc.payment_method.as_ref()).collect()
}

/// The invoices that are the only ones of their agreements here: what else an agreement owes is not changed by this set.
fn alone(invoices: &[OfInvoice]) -> Vec<(SubscriptionId, InvoiceId)> {
    let mut by_agreement: BTreeMap<&SubscriptionId, Vec<&InvoiceId>> = BTreeMap::new();
    for invoice in invoices {
        if let Some(of) = &invoice.subscription {
            by_agreement.entry(&of.id).or_default().push(&invoice.id);
        }
    }
    let only = |(of, ids): (&SubscriptionId, Vec<&InvoiceId>)| match ids.as_slice() {
        [id] => Some((of.clone(), (*id).clone())),
        _ => None,
    };
    by_agreement.into_iter().filter_map(only).collect()
}

/// What a payment refers to.
#[derive(Deserialize)]
struct OfIntent {
    customer: Option<CustomerId>,
    invoice: Option<InvoiceId>,
}

/// What an invoice refers to.
#[derive(Deserialize)]
struct OfInvoice {
    id: InvoiceId,
    subscription: Option<OfAgreement>,
    test_clock: Option<TestClockId>,
}

#[derive(Deserialize)]
struct OfAgreement {
    id: SubscriptionId,
}

fn read_all<T: DeserializeOwned>(rows: &[Row]) -> Result<Vec<T>, DbError> {
    let wrong = |error: serde_json::Error| DbError::Inconsistent(format!("a stored object: {error}"));
    rows.iter().map(|row| serde_json::from_str(&row.text("doc")?).map_err(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(id: &str, of: Option<&str>) -> OfInvoice {
        let subscription = of.map(|id| OfAgreement { id: SubscriptionId::from_trusted(id.to_owned()) });
        OfInvoice { id: InvoiceId::from_trusted(id.to_owned()), subscription, test_clock: None }
    }

    #[test]
    fn what_an_agreement_owes_besides_is_read_ahead_only_where_the_set_does_not_change_it() {
        let invoices = [
            invoice("in_1", Some("sub_a")),
            invoice("in_2", Some("sub_b")),
            invoice("in_3", Some("sub_a")),
            invoice("in_4", None),
        ];
        let alone: Vec<String> = alone(&invoices).into_iter().map(|(_, id)| id.to_string()).collect();
        assert_eq!(alone, ["in_2"]);
    }
}
