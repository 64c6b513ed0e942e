//! Who gets a receipt: the address that the payment names; for a charge without the customer, where the account says
//! so, the customer's own. That is Stripe's rule, whose setting for it is off at first too. Whoever pays an invoice gets
//! its receipt as if they had not been there: the merchant's shop, which would show it, was not there either.

use onfile_service::db::{DbError, Tx};

use super::kinds::receipt::Receipt;
use super::{Content, Notice, queue};
use crate::app::App;
use crate::model::charge::Charge;
use crate::model::customer::Customer;
use crate::model::payment_intent::PaymentIntent;
use crate::payments::Cause;
use crate::store::{accounts, objects};

/// The money of a charge was taken once, so there is one receipt.
const OCCASION: &str = "paid";

/// Queues the receipt of a charge whose money was just taken.
///
/// # Errors
/// When the database fails.
pub async fn queue_receipt(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &PaymentIntent,
    charge: &Charge,
) -> Result<(), DbError> {
    let Some(recipient) = recipient(tx, cause, intent, charge).await? else { return Ok(()) };
    let notice = Notice {
        recipient,
        customer: charge.customer.clone(),
        payment: Some(charge.payment_intent.clone()),
        about: charge.id.to_string(),
        occasion: OCCASION.to_owned(),
        content: Content::Receipt(Receipt { charge: charge.id.clone() }),
        not_before: None,
    };
    queue(tx, app, cause, notice).await.map(drop)
}

async fn recipient(
    tx: &mut Tx,
    cause: &Cause,
    intent: &PaymentIntent,
    charge: &Charge,
) -> Result<Option<String>, DbError> {
    if charge.receipt_email.is_none() && !intent.off_session && intent.invoice.is_none() {
        return Ok(None);
    }
    let account = &cause.account.id;
    let customer = match &charge.customer {
        Some(id) => objects::load::<Customer>(tx, account, id).await?.map(|found| found.object),
        None => None,
    };
    if customer.as_ref().is_some_and(|customer| customer.deleted) {
        // Whoever was erased is left alone, also by payments that end later.
        return Ok(None);
    }
    if charge.receipt_email.is_some() {
        return Ok(charge.receipt_email.clone());
    }
    let Some(email) = customer.and_then(|customer| customer.email) else { return Ok(None) };
    let wanted = accounts::load(tx, account).await?.is_some_and(|stored| stored.doc.mail_receipts);
    Ok(wanted.then_some(email))
}
