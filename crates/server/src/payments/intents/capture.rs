//! Taking money that was authorised.

use std::sync::Arc;

use onfile_connectors::Request;
use onfile_core::attempts::Initiator;
use onfile_core::ids::{Id, PaymentIntentId};
use onfile_core::payment::PaymentStatus;

use crate::app::App;
use crate::model::operation::Kind;
use crate::model::payment_intent::PaymentIntent;
use crate::store::objects::{self, Versioned};

use super::super::begin::{Plan, begin};
use super::super::carry_out::carry_out;
use super::super::requests::Capture;
use super::super::{Cause, Error};
use super::{answer_follow_up, lock};

/// Captures an authorised payment, once; what is not captured is released.
///
/// # Errors
/// [`Error::Amounts`] when more is asked for than was authorised (M5).
pub async fn capture(
    app: &Arc<App>,
    cause: &Cause,
    id: &PaymentIntentId,
    ask: Capture,
) -> Result<Versioned<PaymentIntent>, Error> {
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    let payment = it.processor_payment.clone();
    let (PaymentStatus::RequiresCapture, Some(payment)) = (it.status, payment) else {
        let (status, intent) = (it.status, Box::new(intent.object));
        return Err(Error::IntentState { status, asked: "captured", intent });
    };
    let amount = ask.amount.unwrap_or(it.amounts.capturable());
    // Checked here, written when the processor has done it.
    it.amounts.capture(amount)?;
    if let Some(change) = ask.metadata {
        change.apply(&mut it.metadata)?;
    }
    let plan = Plan {
        kind: Kind::Capture,
        debt: id.as_str(),
        initiator: Initiator::Merchant,
        request: Request::Capture { payment: &payment, amount },
        amount,
        instrument: None,
        payment_method: it.payment_method.as_ref(),
        charge: it.latest_charge.as_ref(),
        refund: None,
    };
    let operation = begin(&mut tx, app, cause, plan).await?;
    objects::save(&mut tx, &cause.account.id, it).await?;
    tx.commit().await?;
    answer_follow_up(carry_out(app, cause, operation).await, intent)
}
