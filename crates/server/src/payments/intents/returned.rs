//! The customer is back from a 3-D Secure challenge: finish the payment.

use std::sync::Arc;

use onfile_connectors::Request;
use onfile_core::attempts::Initiator;
use onfile_core::ids::{Id, PaymentIntentId};
use onfile_core::payment::PaymentStatus;

use crate::app::App;
use crate::model::operation::Kind;
use crate::model::payment_intent::PaymentIntent;
use crate::store::objects::{self, Versioned};
use crate::store::operations;

use super::super::begin::{Plan, begin};
use super::super::carry_out::carry_out;
use super::super::{Cause, Error};
use super::{answer, lock};

/// Asks the processor what became of the challenge, and finishes the payment. Whoever opens the return page causes
/// this; it can do no more than tell what the issuer decided. Without a waiting challenge nothing happens.
///
/// # Errors
/// [`Error::PaymentFailed`] when authentication or authorisation failed.
pub async fn returned(
    app: &Arc<App>,
    cause: &Cause,
    id: &PaymentIntentId,
) -> Result<Versioned<PaymentIntent>, Error> {
    let mut tx = app.db.begin().await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    let Some(challenge) = it.challenge.clone().filter(|_| it.status == PaymentStatus::RequiresAction) else {
        drop(tx);
        return super::load(&mut app.db.read().await?, cause, id).await;
    };
    let asked = operations::lock(&mut tx, &cause.account.id, &challenge.operation).await?;
    let method = asked.and_then(|operation| operation.doc.payment_method);
    let plan = Plan {
        kind: Kind::Complete,
        debt: id.as_str(),
        initiator: Initiator::Customer,
        request: Request::Complete { payment: &challenge.processor_payment },
        amount: it.amount,
        instrument: None,
        payment_method: method.as_ref(),
        charge: None,
        refund: None,
    };
    let operation = begin(&mut tx, app, cause, plan).await?;
    it.status = PaymentStatus::Processing;
    objects::save(&mut tx, &cause.account.id, it).await?;
    tx.commit().await?;
    answer(carry_out(app, cause, operation).await, intent)
}
