//! What an attempt to pay means for its invoice and its agreement, in the transaction that settles the attempt.

use onfile_core::ach::ReturnCode;
use onfile_core::attempts::Initiator;
use onfile_core::ids::{CustomerId, Id, InvoiceId, PaymentMethodId};
use onfile_core::operation::OperationState;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::invoice::{AttemptResult, Invoice};
use crate::model::operation::Operation;
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::subscription::Subscription;
use crate::notices::failures::{self, Failure};
use crate::payments::{Cause, network_limits};
use crate::store::objects::{self, Versioned};
use crate::store::{agreements, runs};

use super::retry::Rules;
use super::{retry, tell, time};

/// Why an attempt failed that never reached a bank, in the banks' own word.
const UNREACHABLE: &str = "processing_error";

/// After an attempt: the payment is locked and already tells its own new state. The invoice is locked after it, and the
/// agreement after that, by everybody.
///
/// # Errors
/// When the database fails.
pub async fn attempted(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &PaymentIntent,
    operation: &Operation,
) -> Result<(), DbError> {
    let Some(step) = Step::of(operation.state) else { return Ok(()) };
    let method = match step {
        Step::Failed | Step::NeverArrived => method_of(tx, cause, operation).await?,
        _ => None,
    };
    let invoice = match &intent.invoice {
        Some(id) => Some(lock(tx, cause, id).await?),
        None => None,
    };
    let clock = invoice.as_ref().and_then(|invoice| invoice.object.test_clock.as_ref());
    let now = time::now(tx, app, &cause.account.id, clock).await?;
    if let (Step::Failed, Some(method)) = (step, &method) {
        network_limits::note(tx, cause, method, intent, operation, now).await?;
    }
    let Some(mut invoice) = invoice else { return Ok(()) };
    let rules = Rules::of(tx, app, cause, method.as_ref()).await?;
    let by_merchant = operation.initiator == Initiator::Merchant;
    match step {
        Step::Paid => {
            retry::note(&mut invoice.object, operation, AttemptResult::Paid, now);
            let amount = intent.amounts.captured_total();
            paid(tx, app, cause, &mut invoice, (amount, intent.payment_method.as_ref()), now).await?;
        }
        Step::Failed => {
            let result = retry::declined(intent.last_error.as_ref());
            retry::note(&mut invoice.object, operation, result, now);
            if by_merchant {
                retry::plan(&rules, &mut invoice.object, intent, operation, now);
            } else {
                retry::resume(&rules, &mut invoice.object, now);
            }
            failed(tx, app, cause, &invoice, intent).await?;
            if by_merchant {
                fall_behind(tx, app, cause, &invoice.object).await?;
                // Whoever pays themselves sees on the page what became of it.
                let code = failures::code_of(intent.last_error.as_ref());
                write(tx, app, cause, &invoice.object, operation, code).await?;
            }
        }
        Step::Waits => tell::invoice(tx, app, cause, "invoice.payment_action_required", &invoice).await?,
        // Until its outcome is known nothing is due: else every run from now on would find it, and never end.
        Step::Open => invoice.object.next_payment_attempt = None,
        Step::NeverArrived => {
            // No attempt in the sense of M4, and nothing that the customer could help with.
            retry::note(&mut invoice.object, operation, AttemptResult::Outage, now);
            if by_merchant {
                retry::plan(&rules, &mut invoice.object, intent, operation, now);
            } else {
                retry::resume(&rules, &mut invoice.object, now);
            }
            tell::invoice(tx, app, cause, "invoice.updated", &invoice).await?;
            let given_up = invoice.object.auto_advance && invoice.object.next_payment_attempt.is_none();
            if given_up && by_merchant {
                write(tx, app, cause, &invoice.object, operation, UNREACHABLE.to_owned()).await?;
            }
        }
    }
    objects::save(tx, &cause.account.id, &invoice.object).await?;
    if let Some(run) = &intent.run {
        runs::settle_item(
            tx,
            &cause.account.id,
            run,
            &runs::Settled::of(&invoice.object, intent, step.word()),
        )
        .await?;
    }
    Ok(())
}

/// The method that was tried; one that is removed by now is still known.
async fn method_of(
    tx: &mut Tx,
    cause: &Cause,
    operation: &Operation,
) -> Result<Option<PaymentMethod>, DbError> {
    let Some(id) = &operation.doc.payment_method else { return Ok(None) };
    let found = objects::load::<PaymentMethod>(tx, &cause.account.id, id).await?;
    Ok(found.map(|found| found.object))
}

/// Writes to the customer that an attempt without them failed: once, whoever learns of it and however often.
async fn write(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    invoice: &Invoice,
    operation: &Operation,
    code: String,
) -> Result<(), DbError> {
    let occasion = operation.id.as_str().to_owned();
    let method = operation.doc.payment_method.as_ref();
    failures::queue_failure(tx, app, cause, Failure { invoice, occasion, code, method }).await
}

#[derive(Clone, Copy)]
enum Step {
    Paid,
    Failed,
    Waits,
    Open,
    NeverArrived,
}

impl Step {
    fn of(state: OperationState) -> Option<Self> {
        match state {
            OperationState::Succeeded => Some(Self::Paid),
            OperationState::Declined => Some(Self::Failed),
            OperationState::RequiresAction => Some(Self::Waits),
            OperationState::NotSent | OperationState::Absent => Some(Self::NeverArrived),
            OperationState::Pending | OperationState::Unknown => Some(Self::Open),
            OperationState::Sending => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Failed => "declined",
            Self::Waits => "needs_customer",
            Self::Open => "sent",
            Self::NeverArrived => "not_sent",
        }
    }
}

/// Settles an invoice with money that arrived. One that was taken back meanwhile stays as it is: the money is then the
/// customer's, which staff see in the payment.
async fn paid(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    invoice: &mut Versioned<Invoice>,
    (amount, method): (i64, Option<&PaymentMethodId>),
    now: i64,
) -> Result<(), DbError> {
    let it = &mut invoice.object;
    let Ok(status) = it.status.pay() else {
        tracing::warn!(invoice = %it.id, "a payment came for an invoice that nobody owes");
        return Ok(());
    };
    it.amount_paid = amount;
    settle(it, status, now);
    tell::invoice(tx, app, cause, "invoice.paid", invoice).await?;
    tell::invoice(tx, app, cause, "invoice.payment_succeeded", invoice).await?;
    after_payment(tx, app, cause, &invoice.object, method).await
}

/// Marks an invoice as settled: nothing is planned for it any more.
pub(super) fn settle(invoice: &mut Invoice, status: onfile_core::invoice::InvoiceStatus, now: i64) {
    invoice.status = status;
    invoice.moments.paid = Some(now);
    invoice.next_payment_attempt = None;
    invoice.explanation = None;
}

/// What a settled invoice does for its agreement: the first one brings it into force, the last owed one back; and the
/// method that paid becomes the agreement's own, where that was asked for.
pub(super) async fn after_payment(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    invoice: &Invoice,
    method: Option<&PaymentMethodId>,
) -> Result<(), DbError> {
    let Some(of) = &invoice.subscription else { return Ok(()) };
    let owes_other = agreements::owes_other(tx, &cause.account.id, &of.id, &invoice.id).await?;
    change(tx, app, cause, (invoice, method), |subscription| {
        subscription.status = subscription.status.after_payment(owes_other);
    })
    .await
}

async fn failed(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    invoice: &Versioned<Invoice>,
    intent: &PaymentIntent,
) -> Result<(), DbError> {
    tell::invoice(tx, app, cause, "invoice.payment_failed", invoice).await?;
    let authenticate =
        intent.last_error.as_ref().is_some_and(|error| error.code == "authentication_required");
    if authenticate {
        tell::invoice(tx, app, cause, "invoice.payment_action_required", invoice).await?;
    }
    Ok(())
}

/// What the merchant charged and did not get puts the agreement behind. A customer who tries before anything is due, or
/// again, changes nothing.
async fn fall_behind(tx: &mut Tx, app: &App, cause: &Cause, invoice: &Invoice) -> Result<(), DbError> {
    change(tx, app, cause, (invoice, None), |subscription| {
        subscription.status = subscription.status.after_failure();
    })
    .await
}

/// The bank took the money back after the invoice had counted as paid: it is owed again, and its agreement with it.
/// Whether it is presented again is planned as after a failure; the attempt itself is counted already.
///
/// # Errors
/// When the database fails.
pub async fn taken_back(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &PaymentIntent,
    code: &str,
) -> Result<(), DbError> {
    let Some(id) = &intent.invoice else { return Ok(()) };
    let mut invoice = lock(tx, cause, id).await?;
    let Ok(status) = invoice.object.status.reopen() else { return Ok(()) };
    let now = time::now(tx, app, &cause.account.id, invoice.object.test_clock.as_ref()).await?;
    let it = &mut invoice.object;
    it.status = status;
    it.amount_paid = 0;
    it.moments.paid = None;
    let rules = Rules::of(tx, app, cause, None).await?;
    retry::plan_after_return(&rules, it, code, now);
    objects::save(tx, &cause.account.id, it).await?;
    tell::invoice(tx, app, cause, "invoice.payment_failed", &invoice).await?;
    let failure = Failure {
        invoice: &invoice.object,
        // A charge comes back once.
        occasion: intent.latest_charge.as_ref().map_or_else(String::new, |id| id.as_str().to_owned()),
        code: ReturnCode::of(code).failure_code.to_owned(),
        method: intent.payment_method.as_ref(),
    };
    failures::queue_failure(tx, app, cause, failure).await?;
    fall_behind(tx, app, cause, &invoice.object).await
}

/// Changes the agreement of an invoice, and tells of it where there was something to change. The method that paid becomes
/// the agreement's own, where that was asked for.
async fn change(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    (invoice, method): (&Invoice, Option<&PaymentMethodId>),
    apply: impl FnOnce(&mut Subscription),
) -> Result<(), DbError> {
    let Some(of) = &invoice.subscription else { return Ok(()) };
    let account = &cause.account.id;
    let found = objects::lock::<Subscription>(tx, account, &of.id).await?;
    let mut found = found.ok_or_else(|| DbError::Inconsistent(format!("subscription {} is gone", of.id)))?;
    let before = found.object.clone();
    apply(&mut found.object);
    if let Some(id) = method.filter(|_| found.object.saves_method)
        && is_kept(tx, cause, id, &found.object.customer).await?
    {
        found.object.default_payment_method = Some(id.clone());
    }
    if found.object == before {
        return Ok(());
    }
    objects::save(tx, account, &found.object).await?;
    tell::subscription(tx, app, cause, "customer.subscription.updated", &found).await
}

/// Whether the customer still has a method: one that was used for a payment only is being destroyed.
async fn is_kept(
    tx: &mut Tx,
    cause: &Cause,
    id: &PaymentMethodId,
    customer: &CustomerId,
) -> Result<bool, DbError> {
    let found = objects::load::<PaymentMethod>(tx, &cause.account.id, id).await?;
    Ok(found.is_some_and(|it| !it.object.detached && it.object.customer.as_ref() == Some(customer)))
}

async fn lock(tx: &mut Tx, cause: &Cause, id: &InvoiceId) -> Result<Versioned<Invoice>, DbError> {
    let found = objects::lock::<Invoice>(tx, &cause.account.id, id).await?;
    found.ok_or_else(|| DbError::Inconsistent(format!("invoice {} is gone", id.as_str())))
}
