//! Tells a customer that an invoice could not be collected: with the day of the next try, or with where they can pay.

use onfile_core::ids::{Id, PaymentMethodId};
use onfile_service::db::{DbError, Tx};

use super::kinds::payment_failed::{PaymentFailed, WhatNext};
use super::kinds::payment_failed_final::PaymentFailedFinal;
use super::{Content, Notice, queue};
use crate::app::App;
use crate::model::customer::Customer;
use crate::model::invoice::Invoice;
use crate::model::payment_intent::AttemptError;
use crate::model::payment_method::PaymentMethod;
use crate::pages::{invoices, widgets};
use crate::payments::Cause;
use crate::store::objects;

/// There was nothing to charge: a word of ours beside the banks'.
pub const NO_METHOD: &str = "no_payment_method";
/// What there is cannot be used for this bill: removed, closed, or in another currency.
pub const NOT_CHARGEABLE: &str = "card_not_supported";
/// The card's network allows no further attempt after its bank's last word; nothing was sent.
pub const LIMITED: &str = "do_not_try_again";

/// An invoice that could not be collected; what follows is planned already.
#[derive(Debug)]
pub struct Failure<'a> {
    /// The invoice as it is after the failure.
    pub invoice: &'a Invoice,
    /// What makes this failure differ from others of the same invoice, however often it is learnt of.
    pub occasion: String,
    /// Why, in a word that `pages::words` knows.
    pub code: String,
    /// What was charged.
    pub method: Option<&'a PaymentMethodId>,
}

/// The word for why an attempt failed.
pub fn code_of(error: Option<&AttemptError>) -> String {
    let code = error.map(|error| error.decline_code.as_ref().unwrap_or(&error.code));
    code.cloned().unwrap_or_default()
}

/// Queues the mail. Whether it is the last word is what the invoice says: it has a next attempt, or has none. A
/// customer without an address, or one who was erased, is told nothing.
///
/// # Errors
/// When the database fails.
pub async fn queue_failure(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    failure: Failure<'_>,
) -> Result<(), DbError> {
    let invoice = failure.invoice;
    let Some(recipient) = recipient(tx, cause, invoice).await? else { return Ok(()) };
    let method = name_of(tx, cause, failure.method).await?;
    let url = format!("{}{}", app.config.public.url, invoices::path_of(&cause.account.id, invoice));
    let (amount, currency) = (invoice.amount_remaining(), invoice.currency);
    let (description, code) = (invoice.purpose().map(str::to_owned), failure.code);
    let content = match invoice.next_payment_attempt {
        Some(at) => Content::PaymentFailed(PaymentFailed {
            amount,
            currency,
            description,
            method,
            code,
            next: WhatNext::Retry { at, last: None, url: Some(url) },
        }),
        None => Content::PaymentFailedFinal(PaymentFailedFinal {
            amount,
            currency,
            description,
            method,
            code,
            pay_url: url,
            otherwise: None,
        }),
    };
    let notice = Notice {
        recipient,
        customer: Some(invoice.customer.clone()),
        payment: invoice.intent().cloned(),
        about: invoice.id.as_str().to_owned(),
        occasion: failure.occasion,
        content,
        not_before: None,
    };
    queue(tx, app, cause, notice).await.map(drop)
}

/// The customer's present address.
async fn recipient(tx: &mut Tx, cause: &Cause, invoice: &Invoice) -> Result<Option<String>, DbError> {
    let found = objects::load::<Customer>(tx, &cause.account.id, &invoice.customer).await?;
    Ok(found.map(|found| found.object).filter(|customer| !customer.deleted).and_then(|it| it.email))
}

async fn name_of(
    tx: &mut Tx,
    cause: &Cause,
    method: Option<&PaymentMethodId>,
) -> Result<Option<String>, DbError> {
    let Some(id) = method else { return Ok(None) };
    let found = objects::load::<PaymentMethod>(tx, &cause.account.id, id).await?;
    Ok(found.map(|found| widgets::method_name(&found.object.details)))
}
