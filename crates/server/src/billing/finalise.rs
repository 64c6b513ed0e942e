//! Making an invoice final: from here on it is owed, has a number, and has the one payment that is to settle it.

use std::collections::BTreeMap;

use onfile_core::ids::Id;
use onfile_core::invoice::WrongInvoiceStatus;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::customer::Customer;
use crate::model::invoice::{Addressee, Invoice, Payment};
use crate::model::payment_intent::PaymentIntent;
use crate::payments::Cause;
use crate::store::agreements;

/// Gives invoice numbers, in the transaction that makes the invoices final: for each customer one after the other,
/// without gaps.
///
/// # Errors
/// When the database fails.
pub async fn number<'a>(
    tx: &mut Tx,
    cause: &Cause,
    invoices: impl IntoIterator<Item = (&'a mut Invoice, &'a Customer)>,
) -> Result<(), DbError> {
    let invoices: Vec<_> = invoices.into_iter().collect();
    let mut wanted = BTreeMap::new();
    for (invoice, _) in &invoices {
        *wanted.entry(invoice.customer.as_str().to_owned()).or_insert(0_i64) += 1;
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let last = agreements::take_numbers(tx, &cause.account.id, &wanted).await?;
    let mut next: BTreeMap<String, i64> =
        last.into_iter().map(|(customer, last)| (customer.clone(), last - wanted[&customer] + 1)).collect();
    for (invoice, customer) in invoices {
        let number = next
            .get_mut(invoice.customer.as_str())
            .ok_or_else(|| DbError::Inconsistent("a customer got no invoice number".into()))?;
        invoice.number = Some(format!("{}-{number:04}", customer.invoice_prefix));
        *number += 1;
    }
    Ok(())
}

/// Makes an invoice final. What nobody owes anything for is settled by that alone; everything else gets its payment,
/// which the caller stores.
///
/// # Errors
/// When it is no draft.
pub fn finalise(
    app: &App,
    invoice: &mut Invoice,
    customer: &Customer,
    now: i64,
) -> Result<Option<PaymentIntent>, WrongInvoiceStatus> {
    invoice.status = invoice.status.finalise()?;
    invoice.moments.finalised = Some(now);
    invoice.addressee = Some(Addressee::of(customer));
    invoice.untaxed = customer.untaxed();
    invoice.tax();
    if invoice.footer.is_none() {
        invoice.footer.clone_from(&customer.invoice_footer);
    }
    let amount = invoice.amount_due();
    if amount == 0 {
        invoice.status = invoice.status.pay()?;
        invoice.moments.paid = Some(now);
        return Ok(None);
    }
    let intent = payment(app, invoice, amount, now);
    invoice.payment = Some(Payment { intent: intent.id.clone(), created: now });
    Ok(Some(intent))
}

fn payment(app: &App, invoice: &Invoice, amount: i64, now: i64) -> PaymentIntent {
    let mut intent = PaymentIntent::new(&app.ids, now, amount, invoice.currency);
    intent.customer = Some(invoice.customer.clone());
    intent.payment_method_types = vec!["card".to_owned(), "us_bank_account".to_owned()];
    intent.description = Some(match &invoice.subscription {
        Some(of) if of.occurrence == 0 => "Subscription creation".to_owned(),
        Some(_) => "Subscription update".to_owned(),
        None => "Payment for Invoice".to_owned(),
    });
    intent.statement_descriptor.clone_from(&invoice.statement_descriptor);
    intent.invoice = Some(invoice.id.clone());
    intent.run.clone_from(&invoice.run);
    intent
}
