//! A new payment intent, confirmed at once where that is asked for.

use std::sync::Arc;

use onfile_core::payment::PaymentStatus;

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::payment_intent::PaymentIntent;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};

use super::super::carry_out::carry_out;
use super::super::instruments::{self, Instrument};
use super::super::requests::{Confirm, NewIntent};
use super::super::{Cause, Error};
use super::{answer, check_customer, confirm, details};

/// Makes a payment intent.
///
/// # Errors
/// [`Error::PaymentFailed`] when it was confirmed and declined: the intent exists then and can be confirmed again.
pub async fn create(
    app: &Arc<App>,
    cause: &Cause,
    new: NewIntent,
) -> Result<Versioned<PaymentIntent>, Error> {
    let source =
        new.confirm.as_ref().and_then(|c| c.payment_method.as_deref()).or(new.payment_method.as_deref());
    let instrument = match source {
        Some(source) => Some(instruments::adopt(app, cause, source, "payment_method").await?),
        None => None,
    };
    let confirmation = new.confirm.clone();
    let mut intent = Versioned::new(build(app, new, instrument.as_ref())?);
    let it = &mut intent.object;
    if let Some(instrument) = &instrument {
        instruments::check_usable(&instrument.method, it.customer.as_ref(), &it.payment_method_types)?;
    }

    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, &it.id).await?;
    if let Some(customer) = &it.customer {
        check_customer(&mut tx, cause, customer).await?;
    }
    if let Some(instrument) = &instrument {
        instruments::keep(&mut tx, cause, instrument).await?;
    }
    let created = Snapshot::PaymentIntent(it.clone());
    events::append(
        &mut tx,
        app,
        cause,
        &News { kind: "payment_intent.created", version: 1, snapshot: &created, before: None },
    )
    .await?;
    let operation = match (&confirmation, &instrument) {
        (Some(ask), Some(instrument)) => {
            Some(confirm::begin_attempt(&mut tx, app, cause, it, &instrument.method, ask).await?)
        }
        (Some(_), None) => return Err(missing_method(it)),
        (None, _) => None,
    };
    objects::insert(&mut tx, &cause.account.id, it).await?;
    tx.commit().await?;
    match operation {
        Some(operation) => answer(carry_out(app, cause, operation).await, intent),
        None => Ok(intent),
    }
}

fn build(app: &App, new: NewIntent, instrument: Option<&Instrument>) -> Result<PaymentIntent, Error> {
    let mut intent = PaymentIntent::new(&app.ids, app.now_seconds(), new.amount, new.currency);
    if let Some(instrument) = instrument {
        intent.status = PaymentStatus::RequiresConfirmation;
        intent.payment_method = Some(instrument.method.id.clone());
    }
    intent.capture_method = new.capture_method;
    intent.confirmation_method = new.confirmation_method;
    intent.customer = new.customer;
    intent.payment_method_types = new.payment_method_types;
    intent.allowed_types = new.allowed_types;
    intent.automatic_payment_methods = new.automatic_payment_methods;
    details::apply(&mut intent, new.details)?;
    if let Some(Confirm { return_url, details, .. }) = new.confirm {
        intent.return_url = return_url;
        details::apply(&mut intent, details)?;
    }
    Ok(intent)
}

/// What a confirmation without a method is answered.
pub(super) fn missing_method(intent: &PaymentIntent) -> Error {
    Error::Invalid {
        code: "payment_intent_unexpected_state",
        param: "payment_method",
        message: format!(
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update {} with one, or \
             name one when you confirm.",
            intent.id
        ),
    }
}
