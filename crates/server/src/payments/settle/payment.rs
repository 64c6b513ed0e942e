//! Settling attempts to pay, captures and releases.

use onfile_connectors::Verdict;
use onfile_core::ach::RETURN_WINDOW_DAYS;
use onfile_core::ids::{ChargeId, Id};
use onfile_core::operation::OperationState;
use onfile_core::payment::{Amounts, CaptureMethod, PaymentStatus};
use onfile_service::db::{DbError, Put, Tx};
use serde_json::json;

use crate::app::App;
use crate::billing;
use crate::model::charge::Charge;
use crate::model::event::Snapshot;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::{Challenge, PaymentIntent};
use crate::model::payment_method::PaymentMethod;
use crate::notices::receipts::queue_receipt;
use crate::store::objects::{self, Versioned};
use crate::store::{self, operations};

use super::super::carry_out::Report;
use super::super::{Cause, Error, debits};
use super::decline::attempt_error;
use super::{Settled, came_to_nothing, method, still_waits, tell, tell_updated};

/// Settles an authorisation, or its completion after 3-D Secure.
pub(super) async fn settle_attempt(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    intent: &mut Versioned<PaymentIntent>,
    operation: &mut Operation,
) -> Result<Settled, Error> {
    let capture = capture_method(&intent.object);
    let was = intent.object.status;
    intent.object.status = if still_waits(operation) {
        PaymentStatus::RequiresAction
    } else {
        was.settle(operation.state, capture).map_err(|e| wrong(&intent.object, &e))?
    };
    let settled = match operation.state {
        _ if still_waits(operation) => Some("payment_intent.requires_action"),
        OperationState::Succeeded => Some(succeeded(tx, app, cause, report, intent, operation).await?),
        OperationState::Declined | OperationState::Absent => {
            failed(tx, app, cause, report, intent, operation).await?
        }
        OperationState::RequiresAction => {
            challenged(report, &mut intent.object, operation);
            Some("payment_intent.requires_action")
        }
        OperationState::Pending => {
            pending(tx, app, cause, report, intent, operation).await?;
            Some("payment_intent.processing")
        }
        OperationState::Unknown => Some("payment_intent.processing"),
        OperationState::NotSent => {
            method::give_back(tx, cause, operation).await?;
            None
        }
        OperationState::Sending => None,
    };
    objects::save(tx, &cause.account.id, &intent.object).await?;
    if let Some(kind) = settled {
        let snapshot = Snapshot::PaymentIntent(intent.object.clone());
        tell(tx, app, cause, kind, intent.version, snapshot).await?;
    }
    billing::outcome::attempted(tx, app, cause, &intent.object, operation).await?;
    Ok(Settled::Payment(Box::new(intent.clone()), operation.state))
}

/// The processor has it and decides later: the charge is there, and not paid.
async fn pending(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    intent: &mut Versioned<PaymentIntent>,
    operation: &mut Operation,
) -> Result<(), Error> {
    let method = method::lock(tx, cause, operation).await?;
    let charge = Record::of(tx, app, cause, attempt(intent, &method, operation, report)).await?;
    let it = &mut intent.object;
    it.latest_charge = Some(charge.id().clone());
    it.last_error = None;
    operation.doc.charge = Some(charge.id().clone());
    Ok(charge.tell(tx, app, cause, "charge.pending").await?)
}

async fn succeeded(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    intent: &mut Versioned<PaymentIntent>,
    operation: &mut Operation,
) -> Result<&'static str, Error> {
    let capture = capture_method(&intent.object);
    let amount = operation.doc.amount;
    let mut amounts = Amounts::authorised(amount)?;
    if capture == CaptureMethod::Automatic {
        amounts = amounts.capture(amount)?;
    }
    let keeper = method::keeper(tx, cause, &intent.object).await?;
    let method = method::lock(tx, cause, operation).await?;
    let mut record = Record::of(tx, app, cause, attempt(intent, &method, operation, report)).await?;
    let charge = &mut record.charge.object;
    charge.paid = true;
    charge.captured = capture == CaptureMethod::Automatic;
    charge.captured_later = !charge.captured;
    charge.amount_captured = amounts.captured_total();
    insert_receipt(tx, cause, charge).await?;
    let it = &mut intent.object;
    it.amounts = amounts;
    it.challenge = None;
    it.last_error = None;
    it.latest_charge = Some(record.id().clone());
    it.payment_method = Some(method.object.id.clone());
    it.processor_payment = report.answer.as_ref().and_then(|a| a.processor_payment.clone());
    operation.doc.charge = Some(record.id().clone());
    if record.charge.object.captured {
        queue_receipt(tx, app, cause, it, &record.charge.object).await?;
    }
    record.tell(tx, app, cause, "charge.succeeded").await?;
    if operation.doc.bank_account {
        watch(tx, app, cause, report, operation).await?;
    }
    method::note(tx, app, cause, report, &keeper, method).await?;
    Ok(match capture {
        CaptureMethod::Automatic => "payment_intent.succeeded",
        CaptureMethod::Manual => "payment_intent.amount_capturable_updated",
    })
}

async fn failed(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    intent: &mut Versioned<PaymentIntent>,
    operation: &mut Operation,
) -> Result<Option<&'static str>, Error> {
    let Some(mut error) = attempt_error(report, operation) else { return Ok(None) };
    let mut method = method::lock(tx, cause, operation).await?;
    let mut record = Record::of(tx, app, cause, attempt(intent, &method, operation, report)).await?;
    error.charge = Some(record.id().clone());
    record.charge.object.error = Some(error.clone());
    if let Some(code) = error.network_code.as_ref().filter(|_| operation.doc.bank_account) {
        record.charge.object.return_code = Some(code.clone());
        debits::block(tx, app, cause, &mut method, code).await?;
        objects::save(tx, &cause.account.id, &method.object).await?;
    }
    let it = &mut intent.object;
    it.status = PaymentStatus::RequiresPaymentMethod;
    it.challenge = None;
    it.latest_charge = Some(record.id().clone());
    it.last_error = Some(error);
    // As Stripe does: the method that failed stands in the error, and the intent waits for another one.
    it.payment_method = None;
    operation.doc.charge = Some(record.id().clone());
    record.tell(tx, app, cause, "charge.failed").await?;
    Ok(Some("payment_intent.payment_failed"))
}

fn challenged(report: &Report, intent: &mut PaymentIntent, operation: &Operation) {
    let answer = report.answer.as_ref();
    let url = answer.and_then(|a| match &a.verdict {
        Verdict::Challenge { url } => Some(url.clone()),
        _ => None,
    });
    if let (Some(url), Some(processor_payment)) = (url, answer.and_then(|a| a.processor_payment.clone())) {
        intent.challenge = Some(Challenge { url, processor_payment, operation: operation.id.clone() });
    }
}

/// Settles a capture, the release of an authorisation, or the withdrawal of a waiting challenge.
pub(super) async fn settle_follow_up(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut Versioned<PaymentIntent>,
    operation: &Operation,
) -> Result<Settled, Error> {
    if operation.state == OperationState::Succeeded {
        let told = match operation.kind {
            Kind::Capture => captured(tx, app, cause, intent, operation).await?,
            _ => released(tx, app, cause, intent, operation).await?,
        };
        objects::save(tx, &cause.account.id, &intent.object).await?;
        if let Some(kind) = told {
            let snapshot = Snapshot::PaymentIntent(intent.object.clone());
            tell(tx, app, cause, kind, intent.version, snapshot).await?;
        }
    }
    let kept = came_to_nothing(operation.state) && operation.kind == Kind::Void;
    if kept && intent.object.cancellation_reason.take().is_some() {
        // It could not be released, so it is not canceled.
        objects::save(tx, &cause.account.id, &intent.object).await?;
    }
    Ok(Settled::Payment(Box::new(intent.clone()), operation.state))
}

async fn captured(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut Versioned<PaymentIntent>,
    operation: &Operation,
) -> Result<Option<&'static str>, Error> {
    let it = &mut intent.object;
    it.amounts = it.amounts.capture(operation.doc.amount)?;
    it.status = it.status.capture(operation.state).map_err(|e| wrong(it, &e))?;
    if let Some(mut charge) = lock_charge(tx, cause, operation).await? {
        charge.object.captured = true;
        charge.object.amount_captured = it.amounts.captured_total();
        objects::save(tx, &cause.account.id, &charge.object).await?;
        queue_receipt(tx, app, cause, it, &charge.object).await?;
        tell(tx, app, cause, "charge.captured", charge.version, Snapshot::Charge(charge.object)).await?;
    }
    Ok(Some("payment_intent.succeeded"))
}

/// An authorisation that is released ends the payment; a withdrawn challenge only makes room for the next attempt,
/// unless the payment was canceled.
async fn released(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut Versioned<PaymentIntent>,
    operation: &Operation,
) -> Result<Option<&'static str>, Error> {
    if let Some(mut charge) = lock_charge(tx, cause, operation).await? {
        charge.object.voided = true;
        objects::save(tx, &cause.account.id, &charge.object).await?;
        tell_updated(tx, app, cause, charge).await?;
    }
    let it = &mut intent.object;
    it.challenge = None;
    if it.cancellation_reason.is_some() || it.status == PaymentStatus::RequiresCapture {
        it.status = it.status.cancel().map_err(|e| wrong(it, &e))?;
        it.amounts = Amounts::default();
        it.canceled_at = Some(app.now_seconds());
        return Ok(Some("payment_intent.canceled"));
    }
    it.status = PaymentStatus::RequiresConfirmation;
    Ok(None)
}

/// Settled debits may come back for 60 days: until then they are looked up.
async fn watch(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    report: &Report,
    operation: &Operation,
) -> Result<(), DbError> {
    let now_ms = app.now_ms();
    let back = matches!(report.answer.as_ref().map(|a| &a.verdict), Some(Verdict::Returned { .. }));
    let rest = if back { 0 } else { app.config.processing.return_check_ms };
    let until = now_ms + RETURN_WINDOW_DAYS * DAY_MS;
    store::debits::watch(tx, &cause.account.id, &operation.id, now_ms + rest, until).await
}

/// The charge that records an attempt: made when its outcome is known, or before, when the bank takes days.
struct Record {
    charge: Versioned<Charge>,
    known: bool,
}

/// What a charge records.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    intent: &'a PaymentIntent,
    method: &'a PaymentMethod,
    operation: &'a Operation,
    report: &'a Report,
}

fn attempt<'a>(
    intent: &'a Versioned<PaymentIntent>,
    method: &'a Versioned<PaymentMethod>,
    operation: &'a Operation,
    report: &'a Report,
) -> Attempt<'a> {
    Attempt { intent: &intent.object, method: &method.object, operation, report }
}

impl Record {
    async fn of(tx: &mut Tx, app: &App, cause: &Cause, attempt: Attempt<'_>) -> Result<Self, Error> {
        let Attempt { intent, method, operation, report } = attempt;
        if let Some(charge) = lock_charge(tx, cause, operation).await? {
            return Ok(Self { charge, known: true });
        }
        let mut object = new_charge(app, intent, method, operation, report);
        if operation.doc.bank_account {
            object.mandate.clone_from(&method.mandate);
            object.presentment = operations::presentments(tx, &cause.account.id, &operation.debt).await?;
        }
        Ok(Self { charge: Versioned::new(object), known: false })
    }

    fn id(&self) -> &ChargeId {
        &self.charge.object.id
    }

    /// Stores it, and tells of it.
    async fn tell(self, tx: &mut Tx, app: &App, cause: &Cause, kind: &str) -> Result<(), DbError> {
        let Self { charge, known } = self;
        if known {
            objects::save(tx, &cause.account.id, &charge.object).await?;
        } else {
            objects::insert(tx, &cause.account.id, &charge.object).await?;
        }
        tell(tx, app, cause, kind, charge.version, Snapshot::Charge(charge.object)).await
    }
}

fn new_charge(
    app: &App,
    intent: &PaymentIntent,
    method: &PaymentMethod,
    operation: &Operation,
    report: &Report,
) -> Charge {
    let answer = report.answer.as_ref();
    Charge {
        id: app.ids.next(),
        created: app.now_seconds(),
        payment_intent: intent.id.clone(),
        customer: intent.customer.clone(),
        payment_method: method.id.clone(),
        details: method.details.clone(),
        billing: method.billing.clone(),
        amount: operation.doc.amount,
        amount_captured: 0,
        amount_refunded: 0,
        currency: intent.currency,
        paid: false,
        captured: false,
        captured_later: false,
        voided: false,
        error: None,
        cvc_check: answer.and_then(|a| a.cvc_check.clone()),
        network_id: answer.and_then(|a| a.network_id.clone()),
        authenticated: operation.kind == Kind::Complete,
        description: intent.description.clone(),
        statement_descriptor: intent.statement_descriptor.clone(),
        statement_descriptor_suffix: intent.statement_descriptor_suffix.clone(),
        transfer_group: intent.transfer_group.clone(),
        receipt_email: intent.receipt_email.clone(),
        shipping: intent.shipping.clone(),
        metadata: intent.metadata.clone(),
        disputed: false,
        return_code: None,
        mandate: None,
        presentment: 0,
        receipt_token: app.ids.secret(RECEIPT_TOKEN_DIGITS),
    }
}

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Base-62 digits of a receipt's token: 190 bits.
const RECEIPT_TOKEN_DIGITS: usize = 32;

const INSERT_RECEIPTS: &str = "INSERT INTO receipts (account_id, token, charge_id) \
    SELECT $1, r.value->>'token', r.value->>'charge' FROM json_each($2) AS r";

async fn insert_receipt(tx: &mut Tx, cause: &Cause, charge: &Charge) -> Result<(), DbError> {
    let row = json!({ "token": charge.receipt_token, "charge": charge.id });
    let id = charge.receipt_token.clone();
    tx.put(Put { sql: INSERT_RECEIPTS, scope: cause.account.id.as_str(), id, row, each: true }).await
}

async fn lock_charge(
    tx: &mut Tx,
    cause: &Cause,
    operation: &Operation,
) -> Result<Option<Versioned<Charge>>, Error> {
    match &operation.doc.charge {
        Some(id) => Ok(objects::lock(tx, &cause.account.id, id).await?),
        None => Ok(None),
    }
}

fn capture_method(intent: &PaymentIntent) -> CaptureMethod {
    CaptureMethod::parse(&intent.capture_method).unwrap_or(CaptureMethod::Automatic)
}

/// A status that does not fit its operation can only come from a damaged database.
fn wrong(intent: &PaymentIntent, error: &dyn std::fmt::Display) -> Error {
    DbError::Inconsistent(format!("payment {}: {error}", intent.id)).into()
}
