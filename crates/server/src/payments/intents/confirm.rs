//! Confirming: one attempt to collect the money.

use std::sync::Arc;

use onfile_connectors::Request;
use onfile_core::attempts::Initiator;
use onfile_core::ids::{Id, PaymentIntentId, PaymentMethodId};
use onfile_core::payment::{Amounts, CaptureMethod, PaymentStatus};
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::store::objects::{self, Versioned};

use super::super::begin::{Plan, begin, prepare};
use super::super::carry_out::carry_out;
use super::super::instruments::{self, Instrument};
use super::super::requests::Confirm;
use super::super::{Cause, Error, debits, network_limits, three_d_secure_return};
use super::{answer, cancel, create, details, load, lock};

/// Confirms a payment intent. One that waits for a challenge is first withdrawn at the processor (M2), then tried
/// anew.
///
/// # Errors
/// [`Error::PaymentFailed`] when it was declined; [`Error::AttemptsExhausted`] when no more attempts are allowed (M4).
pub async fn confirm(
    app: &Arc<App>,
    cause: &Cause,
    id: &PaymentIntentId,
    ask: Confirm,
) -> Result<Versioned<PaymentIntent>, Error> {
    let present = load(&mut app.db.read().await?, cause, id).await?;
    check_confirmable(&present.object)?;
    let instrument = choose(app, cause, &present.object, ask.payment_method.as_deref()).await?;
    if present.object.challenge.is_some() {
        cancel::withdraw_challenge(app, cause, id).await?;
    }

    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    check_confirmable(it)?;
    if let Some(held) = &ask.held
        && !held.is_held(&mut tx, &cause.account.id, app.now_ms()).await?
    {
        return Err(Error::Busy);
    }
    if it.challenge.is_some() {
        return Err(Error::Busy);
    }
    instruments::check_usable(&instrument.method, it.customer.as_ref(), &it.payment_method_types)?;
    instruments::keep(&mut tx, cause, &instrument).await?;
    details::apply(it, ask.details.clone())?;
    if let Some(url) = &ask.return_url {
        it.return_url = Some(url.clone());
    }
    let operation = begin_attempt(&mut tx, app, cause, it, &instrument.method, &ask).await?;
    objects::save(&mut tx, &cause.account.id, it).await?;
    tx.commit().await?;
    answer(carry_out(app, cause, operation).await, intent)
}

/// The method to charge: the one that was named, else the intent's.
async fn choose(
    app: &App,
    cause: &Cause,
    intent: &PaymentIntent,
    named: Option<&str>,
) -> Result<Instrument, Error> {
    let on_intent = intent.payment_method.as_ref().map(PaymentMethodId::as_str);
    let source = named.or(on_intent).ok_or_else(|| create::missing_method(intent))?;
    instruments::adopt(app, cause, source, "payment_method").await
}

fn check_confirmable(intent: &PaymentIntent) -> Result<(), Error> {
    if intent.status == PaymentStatus::Succeeded && intent.taken_back.is_some() {
        // What was paid went back: the debt is open again.
        return Ok(());
    }
    match intent.status.confirm() {
        Ok(_) => Ok(()),
        Err(wrong) => Err(Error::IntentState {
            status: wrong.status,
            asked: "confirmed",
            intent: Box::new(intent.clone()),
        }),
    }
}

/// Begins one attempt in the caller's transaction and marks the intent as processing; the caller stores the intent.
pub(super) async fn begin_attempt(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut PaymentIntent,
    method: &PaymentMethod,
    ask: &Confirm,
) -> Result<Operation, Error> {
    if method.is_bank_account() {
        return debits::begin_attempt(tx, app, cause, intent, method, ask).await;
    }
    if intent.taken_back.take().is_some() {
        intent.amounts = Amounts::default();
    }
    let initiator = if ask.off_session { Initiator::Merchant } else { Initiator::Customer };
    if initiator == Initiator::Merchant {
        network_limits::check(tx, app, cause, intent, method).await?;
    }
    let return_url = three_d_secure_return(app, &cause.account.id, intent.id.as_str());
    // Nobody is there to answer a challenge when the merchant initiates, or when the caller does not want to wait.
    let challenge_possible = initiator == Initiator::Customer && !ask.error_on_requires_action;
    let return_url = challenge_possible.then_some(return_url.as_str());
    let operation = begin(tx, app, cause, plan(intent, method, initiator, return_url)).await?;
    mark(intent, method, initiator);
    intent.run.clone_from(&ask.run);
    Ok(operation)
}

/// Prepares the first attempt of a payment that nobody else knows yet, initiated by the merchant: what billing runs
/// write by the hundred. The caller writes intent and operation in one transaction, and sends nothing before its commit.
pub fn prepare_first(
    app: &App,
    cause: &Cause,
    intent: &mut PaymentIntent,
    method: &PaymentMethod,
) -> Operation {
    let operation = prepare(app, cause, plan(intent, method, Initiator::Merchant, None));
    mark(intent, method, Initiator::Merchant);
    operation
}

fn plan<'a>(
    intent: &'a PaymentIntent,
    method: &'a PaymentMethod,
    initiator: Initiator,
    return_url: Option<&'a str>,
) -> Plan<'a> {
    Plan {
        kind: Kind::Authorise,
        debt: intent.id.as_str(),
        initiator,
        request: Request::Authorise {
            amount: intent.amount,
            currency: intent.currency.as_str(),
            capture: CaptureMethod::parse(&intent.capture_method) != Some(CaptureMethod::Manual),
            initiator: initiator.as_str(),
            return_url,
        },
        amount: intent.amount,
        instrument: Some(method),
        payment_method: Some(&method.id),
        charge: None,
        refund: None,
    }
}

fn mark(intent: &mut PaymentIntent, method: &PaymentMethod, initiator: Initiator) {
    intent.status = PaymentStatus::Processing;
    intent.micro_deposits = None;
    intent.off_session = initiator == Initiator::Merchant;
    intent.payment_method = Some(method.id.clone());
}
