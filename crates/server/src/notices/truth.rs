//! Whether what a notice says is still so when it is about to be sent.

use onfile_core::ids::{AccountId, PaymentIntentId};
use onfile_core::payment::PaymentStatus;
use onfile_service::db::{DbError, Tx};

use crate::model::payment_intent::PaymentIntent;
use crate::store::objects;

/// Why a notice that a payment failed is not true any more; none when it is. Without a payment nothing is known.
pub(super) async fn paid_meanwhile(
    tx: &mut Tx,
    account: &AccountId,
    payment: Option<&PaymentIntentId>,
) -> Result<Option<&'static str>, DbError> {
    let Some(payment) = payment else { return Ok(None) };
    let found = objects::load::<PaymentIntent>(tx, account, payment).await?;
    Ok(match found.map(|found| found.object.status) {
        None => Some("payment_gone"),
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
