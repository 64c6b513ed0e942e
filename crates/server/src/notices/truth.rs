//! Whether what a notice says is still so when it is about to be sent.

use onfile_core::ids::{AccountId, Id, InvoiceId, PaymentIntentId};
use onfile_core::invoice::InvoiceStatus;
use onfile_core::payment::PaymentStatus;
use onfile_service::db::{DbError, Tx};

use crate::model::invoice::Invoice;
use crate::model::payment_intent::PaymentIntent;
use crate::store::objects;

/// Why a notice that an invoice was not collected is not true any more; none when it is, or is about no invoice.
/// `promised` is the next attempt that it tells of.
pub(super) async fn invoice_meanwhile(
    tx: &mut Tx,
    account: &AccountId,
    about: &str,
    promised: Option<i64>,
) -> Result<Option<&'static str>, DbError> {
    let Some(id) = InvoiceId::parse(about) else { return Ok(None) };
    let Some(found) = objects::load::<Invoice>(tx, account, &id).await? else {
        return Ok(Some("invoice_gone"));
    };
    let invoice = found.object;
    Ok(match invoice.status {
        InvoiceStatus::Paid => Some("paid"),
        InvoiceStatus::Void => Some("canceled"),
        // A later word follows, or followed already: this one would name a day that nobody plans for any more.
        InvoiceStatus::Draft | InvoiceStatus::Open | InvoiceStatus::Uncollectible => {
            (invoice.next_payment_attempt != promised).then_some("superseded")
        }
    })
}

/// Why a notice that a payment failed is not true any more; none when it is. Without a payment nothing is known.
pub(super) async fn paid_meanwhile(
    tx: &mut Tx,
    account: &AccountId,
    payment: Option<&PaymentIntentId>,
) -> Result<Option<&'static str>, DbError> {
    let Some(payment) = payment else { return Ok(None) };
    let found = objects::load::<PaymentIntent>(tx, account, payment).await?;
    let taken_back = found.as_ref().is_some_and(|found| found.object.taken_back.is_some());
    Ok(match found.map(|found| found.object.status) {
        None => Some("payment_gone"),
        // It was paid, and the bank took the money back: that is what the notice tells.
        Some(PaymentStatus::Succeeded) if taken_back => None,
        Some(PaymentStatus::Succeeded | PaymentStatus::RequiresCapture) => Some("paid"),
        Some(PaymentStatus::Canceled) => Some("canceled"),
        // Whoever reads "failed" now would pay a second time.
        Some(PaymentStatus::Processing) => Some("being_paid"),
        Some(
            PaymentStatus::RequiresPaymentMethod
            | PaymentStatus::RequiresConfirmation
            | PaymentStatus::RequiresAction,
        ) => None,
    })
}
