//! Setup intents: a method is verified, with the customer's agreement, before it is kept.

use std::sync::Arc;

use onfile_connectors::Request;
use onfile_core::attempts::Initiator;
use onfile_core::currency::Currency;
use onfile_core::ids::{Id, SetupIntentId};
use onfile_core::operation::OperationState;
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_method::PaymentMethod;
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};
use crate::store::operations;

use super::begin::{Plan, begin};
use super::carry_out::carry_out;
use super::instruments::{self, Instrument};
use super::intents::check_customer;
use super::requests::{ConfirmSetup, NewSetup, UpdateSetup};
use super::settle::{self, Settled};
use super::{Cause, Error, debits, three_d_secure_return};

/// Base-62 digits of a client secret: 142 bits.
const CLIENT_SECRET_DIGITS: usize = 24;
/// The currency of a zero-amount check: it moves nothing, but processors want one.
const VERIFICATION_CURRENCY: Currency = Currency::USD;

/// Makes a setup intent.
///
/// # Errors
/// [`Error::SetupFailed`] when it was confirmed and the method was refused.
pub async fn create(app: &Arc<App>, cause: &Cause, new: NewSetup) -> Result<Versioned<SetupIntent>, Error> {
    let source =
        new.confirm.as_ref().and_then(|c| c.payment_method.as_deref()).or(new.payment_method.as_deref());
    let instrument = match source {
        Some(source) => Some(instruments::adopt(app, cause, source, "payment_method").await?),
        None => None,
    };
    let confirmation = new.confirm.clone();
    let mut intent = Versioned::new(build(app, new, instrument.as_ref()));
    let it = &mut intent.object;
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, &it.id).await?;
    if let Some(customer) = &it.customer {
        check_customer(&mut tx, cause, customer).await?;
    }
    if let Some(instrument) = &instrument {
        instruments::check_usable(&instrument.method, it.customer.as_ref(), &it.payment_method_types)?;
        instruments::keep(&mut tx, cause, instrument).await?;
    }
    let created = Snapshot::SetupIntent(it.clone());
    events::append(
        &mut tx,
        app,
        cause,
        &News { kind: "setup_intent.created", version: 1, snapshot: &created, before: None },
    )
    .await?;
    let operation = match (confirmation, &instrument) {
        (Some(ask), Some(instrument)) => {
            Box::pin(begin_verification(&mut tx, app, cause, &mut intent, &instrument.method, ask)).await?
        }
        (Some(_), None) => return Err(missing_method(&intent.object)),
        (None, _) => None,
    };
    objects::insert(&mut tx, &cause.account.id, &intent.object).await?;
    tx.commit().await?;
    match operation {
        Some(operation) => answer(carry_out(app, cause, operation).await, intent),
        None => Ok(intent),
    }
}

fn build(app: &App, new: NewSetup, instrument: Option<&Instrument>) -> SetupIntent {
    let id = app.ids.next::<SetupIntentId>();
    SetupIntent {
        client_secret: format!("{id}_secret_{}", app.ids.secret(CLIENT_SECRET_DIGITS)),
        id,
        created: app.now_seconds(),
        status: match instrument {
            Some(_) => SetupStatus::RequiresConfirmation,
            None => SetupStatus::RequiresPaymentMethod,
        },
        customer: new.customer,
        payment_method: instrument.map(|i| i.method.id.clone()),
        payment_method_types: new.payment_method_types,
        allowed_types: new.allowed_types,
        automatic_payment_methods: new.automatic_payment_methods,
        usage: new.usage,
        description: new.description,
        metadata: new.metadata,
        return_url: None,
        consent: None,
        challenge: None,
        micro_deposits: None,
        mandate: None,
        last_error: None,
        latest_attempt: None,
        cancellation_reason: None,
    }
}

/// Confirms a setup intent: the method is checked for zero at its issuer.
///
/// # Errors
/// [`Error::SetupFailed`] when the issuer refused.
pub async fn confirm(
    app: &Arc<App>,
    cause: &Cause,
    id: &SetupIntentId,
    ask: ConfirmSetup,
) -> Result<Versioned<SetupIntent>, Error> {
    let present = load(&mut app.db.read().await?, cause, id).await?;
    check_confirmable(&present.object)?;
    let on_intent = present.object.payment_method.as_ref().map(Id::as_str);
    let source = ask.payment_method.as_deref().or(on_intent);
    let source = source.ok_or_else(|| missing_method(&present.object))?;
    let instrument = instruments::adopt(app, cause, source, "payment_method").await?;
    if present.object.challenge.is_some() {
        withdraw_challenge(app, cause, id).await?;
    }
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    check_confirmable(it)?;
    if it.challenge.is_some() {
        return Err(Error::Busy);
    }
    instruments::check_usable(&instrument.method, it.customer.as_ref(), &it.payment_method_types)?;
    instruments::keep(&mut tx, cause, &instrument).await?;
    let operation = begin_verification(&mut tx, app, cause, &mut intent, &instrument.method, ask).await?;
    objects::save(&mut tx, &cause.account.id, &intent.object).await?;
    tx.commit().await?;
    match operation {
        Some(operation) => answer(carry_out(app, cause, operation).await, intent),
        None => Ok(intent),
    }
}

/// The customer is back from a 3-D Secure challenge: finish the verification. Without a waiting challenge nothing
/// happens.
///
/// # Errors
/// [`Error::SetupFailed`] when authentication failed.
pub async fn returned(
    app: &Arc<App>,
    cause: &Cause,
    id: &SetupIntentId,
) -> Result<Versioned<SetupIntent>, Error> {
    let mut tx = app.db.begin().await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    let Some(challenge) = it.challenge.clone().filter(|_| it.status == SetupStatus::RequiresAction) else {
        drop(tx);
        return load(&mut app.db.read().await?, cause, id).await;
    };
    let asked = operations::lock(&mut tx, &cause.account.id, &challenge.operation).await?;
    let method = asked.and_then(|operation| operation.doc.payment_method);
    let plan = Plan {
        payment_method: method.as_ref(),
        ..follow_up(
            Kind::CompleteVerify,
            id,
            Initiator::Customer,
            Request::Complete { payment: &challenge.processor_payment },
        )
    };
    let operation = begin(&mut tx, app, cause, plan).await?;
    it.status = SetupStatus::Processing;
    objects::save(&mut tx, &cause.account.id, it).await?;
    tx.commit().await?;
    answer(carry_out(app, cause, operation).await, intent)
}

/// Changes a setup intent before it is confirmed.
///
/// # Errors
/// [`Error::SetupState`] when it is too late for what decides.
pub async fn update(
    app: &App,
    cause: &Cause,
    id: &SetupIntentId,
    ask: UpdateSetup,
) -> Result<Versioned<SetupIntent>, Error> {
    let instrument = match ask.payment_method.as_ref().and_then(Option::as_deref) {
        Some(source) => Some(instruments::adopt(app, cause, source, "payment_method").await?),
        None => None,
    };
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    let open = matches!(it.status, SetupStatus::RequiresPaymentMethod | SetupStatus::RequiresConfirmation);
    if (ask.customer.is_some() || ask.payment_method.is_some()) && !open {
        return Err(wrong_state(it, "updated"));
    }
    if let Some(customer) = ask.customer {
        check_customer(&mut tx, cause, &customer).await?;
        it.customer = Some(customer);
    }
    if ask.payment_method.is_some() {
        it.payment_method = instrument.as_ref().map(|i| i.method.id.clone());
        it.status = match instrument {
            Some(_) => SetupStatus::RequiresConfirmation,
            None => SetupStatus::RequiresPaymentMethod,
        };
    }
    if let Some(instrument) = &instrument {
        instruments::check_usable(&instrument.method, it.customer.as_ref(), &it.payment_method_types)?;
        instruments::keep(&mut tx, cause, instrument).await?;
    }
    if let Some(description) = ask.description {
        it.description = description;
    }
    if let Some(change) = ask.metadata {
        change.apply(&mut it.metadata)?;
    }
    objects::save(&mut tx, &cause.account.id, it).await?;
    tx.commit().await?;
    Ok(intent)
}

/// Gives up a setup intent; a waiting challenge is withdrawn at the processor.
///
/// # Errors
/// [`Error::SetupState`] when it succeeded, is canceled, or is being processed.
pub async fn cancel(
    app: &Arc<App>,
    cause: &Cause,
    id: &SetupIntentId,
    reason: Option<String>,
) -> Result<Versioned<SetupIntent>, Error> {
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    check_confirmable(it).map_err(|_| wrong_state(it, "canceled"))?;
    it.cancellation_reason = Some(reason.unwrap_or_else(|| "requested_by_customer".to_owned()));
    if let Some(operation) = begin_withdrawal(&mut tx, app, cause, it).await? {
        objects::save(&mut tx, &cause.account.id, it).await?;
        tx.commit().await?;
        return answer_withdrawal(carry_out(app, cause, operation).await, intent);
    }
    it.status = SetupStatus::Canceled;
    it.micro_deposits = None;
    objects::save(&mut tx, &cause.account.id, it).await?;
    let snapshot = Snapshot::SetupIntent(it.clone());
    let news =
        News { kind: "setup_intent.canceled", version: intent.version, snapshot: &snapshot, before: None };
    events::append(&mut tx, app, cause, &news).await?;
    tx.commit().await?;
    Ok(intent)
}

async fn withdraw_challenge(app: &Arc<App>, cause: &Cause, id: &SetupIntentId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let Some(operation) = begin_withdrawal(&mut tx, app, cause, &mut intent.object).await? else {
        return Ok(());
    };
    tx.commit().await?;
    let without_key = Cause { claim: None, ..cause.clone() };
    answer_withdrawal(carry_out(app, &without_key, operation).await, intent).map(drop)
}

async fn begin_withdrawal(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    intent: &mut SetupIntent,
) -> Result<Option<Operation>, Error> {
    let Some(challenge) = &intent.challenge else { return Ok(None) };
    let request = Request::Void { payment: &challenge.processor_payment };
    let plan = follow_up(Kind::Void, &intent.id, Initiator::Merchant, request);
    begin(tx, app, cause, plan).await.map(Some)
}

/// Begins the verification of a method; none when it is a bank account that is verified already, and kept.
async fn begin_verification(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    versioned: &mut Versioned<SetupIntent>,
    method: &PaymentMethod,
    mut ask: ConfirmSetup,
) -> Result<Option<Operation>, Error> {
    let intent = &mut versioned.object;
    if let Some(url) = ask.return_url.take() {
        intent.return_url = Some(url);
    }
    intent.consent = ask.consent.take().or(intent.consent.take());
    intent.micro_deposits = None;
    if method.is_bank_account() {
        if method.verified {
            settle::micro_deposits::keep_verified(tx, app, cause, versioned, method, &ask).await?;
            return Ok(None);
        }
        intent.mandate = Some(debits::mandate_for(tx, app, cause, method, ask.mandate.as_ref()).await?);
    }
    let return_url = three_d_secure_return(app, &cause.account.id, intent.id.as_str());
    let (kind, request) = if method.is_bank_account() {
        (Kind::MicroDeposits, Request::MicroDeposits)
    } else {
        let (currency, initiator) = (VERIFICATION_CURRENCY.as_str(), Initiator::Customer.as_str());
        (Kind::Verify, Request::Verify { currency, initiator, return_url: Some(&return_url) })
    };
    let plan = Plan {
        instrument: Some(method),
        payment_method: Some(&method.id),
        ..follow_up(kind, &intent.id, Initiator::Customer, request)
    };
    let operation = begin(tx, app, cause, plan).await?;
    intent.status = SetupStatus::Processing;
    intent.payment_method = Some(method.id.clone());
    intent.latest_attempt = Some(app.ids.next());
    Ok(Some(operation))
}

fn follow_up<'a>(kind: Kind, id: &'a SetupIntentId, initiator: Initiator, request: Request<'a>) -> Plan<'a> {
    Plan {
        kind,
        debt: id.as_str(),
        initiator,
        request,
        amount: 0,
        instrument: None,
        payment_method: None,
        charge: None,
        refund: None,
    }
}

async fn lock(tx: &mut Tx, cause: &Cause, id: &SetupIntentId) -> Result<Versioned<SetupIntent>, Error> {
    objects::lock(tx, &cause.account.id, id).await?.ok_or_else(|| no_such(id))
}

async fn load(tx: &mut Tx, cause: &Cause, id: &SetupIntentId) -> Result<Versioned<SetupIntent>, Error> {
    objects::load(tx, &cause.account.id, id).await?.ok_or_else(|| no_such(id))
}

fn no_such(id: &SetupIntentId) -> Error {
    Error::NoSuch { noun: "setupintent", id: id.to_string(), param: "intent" }
}

fn check_confirmable(intent: &SetupIntent) -> Result<(), Error> {
    match intent.status {
        SetupStatus::RequiresPaymentMethod
        | SetupStatus::RequiresConfirmation
        | SetupStatus::RequiresAction => Ok(()),
        SetupStatus::Processing | SetupStatus::Succeeded | SetupStatus::Canceled => {
            Err(wrong_state(intent, "confirmed"))
        }
    }
}

fn wrong_state(intent: &SetupIntent, asked: &'static str) -> Error {
    Error::SetupState { status: intent.status, asked, intent: Box::new(intent.clone()) }
}

fn missing_method(intent: &SetupIntent) -> Error {
    Error::Invalid {
        code: "setup_intent_unexpected_state",
        param: "payment_method",
        message: format!("You cannot confirm {} because it's missing a payment method.", intent.id),
    }
}

/// What the caller is answered after a verification; `begun` is the intent as it was committed before.
fn answer(settled: Option<Settled>, begun: Versioned<SetupIntent>) -> Result<Versioned<SetupIntent>, Error> {
    let Some((intent, state)) = setup(settled)? else { return Ok(begun) };
    match (state, intent.object.last_error.clone()) {
        (OperationState::NotSent, _) => Err(Error::NotSent),
        (OperationState::Declined | OperationState::Absent, Some(error)) => {
            Err(Error::SetupFailed { error: Box::new(error), intent: Box::new(intent.object) })
        }
        _ => Ok(intent),
    }
}

/// What the caller is answered after the withdrawal of a challenge.
fn answer_withdrawal(
    settled: Option<Settled>,
    begun: Versioned<SetupIntent>,
) -> Result<Versioned<SetupIntent>, Error> {
    let Some((intent, state)) = setup(settled)? else { return Ok(begun) };
    match state {
        OperationState::NotSent => Err(Error::NotSent),
        OperationState::Declined | OperationState::Absent => Err(Error::Refused),
        _ => Ok(intent),
    }
}

fn setup(settled: Option<Settled>) -> Result<Option<(Versioned<SetupIntent>, OperationState)>, Error> {
    match settled {
        None => Ok(None),
        Some(Settled::Setup(intent, state)) => Ok(Some((*intent, state))),
        Some(_) => Err(DbError::Inconsistent("a verification settled something else".into()).into()),
    }
}
