//! Changing a payment intent before it is paid.

use onfile_core::ids::PaymentIntentId;
use onfile_core::payment::PaymentStatus;

use crate::app::App;
use crate::model::payment_intent::PaymentIntent;
use crate::store::objects::{self, Versioned};
use crate::store::search;

use super::super::requests::UpdateIntent;
use super::super::{Cause, Error, instruments};
use super::{check_customer, details, lock};

/// Changes a payment intent. Descriptions and metadata may change at any time, what decides about the money only
/// before it is confirmed.
///
/// # Errors
/// [`Error::IntentState`] when it is too late.
pub async fn update(
    app: &App,
    cause: &Cause,
    id: &PaymentIntentId,
    ask: UpdateIntent,
) -> Result<Versioned<PaymentIntent>, Error> {
    let instrument = match ask.payment_method.as_ref().and_then(Option::as_deref) {
        Some(source) => Some(instruments::adopt(app, cause, source, "payment_method").await?),
        None => None,
    };
    let mut tx = app.db.begin().await?;
    cause.start(&mut tx, app, id).await?;
    let mut intent = lock(&mut tx, cause, id).await?;
    let it = &mut intent.object;
    let decides = ask.amount.is_some()
        || ask.currency.is_some()
        || ask.customer.is_some()
        || ask.payment_method.is_some();
    let open =
        matches!(it.status, PaymentStatus::RequiresPaymentMethod | PaymentStatus::RequiresConfirmation);
    if decides && !open {
        let (status, intent) = (it.status, Box::new(it.clone()));
        return Err(Error::IntentState { status, asked: "updated", intent });
    }
    if let Some(customer) = ask.customer {
        check_customer(&mut tx, cause, &customer).await?;
        it.customer = Some(customer);
    }
    it.amount = ask.amount.unwrap_or(it.amount);
    it.currency = ask.currency.unwrap_or(it.currency);
    if ask.payment_method.is_some() {
        it.payment_method = instrument.as_ref().map(|i| i.method.id.clone());
        it.status = match instrument {
            Some(_) => PaymentStatus::RequiresConfirmation,
            None => PaymentStatus::RequiresPaymentMethod,
        };
    }
    if let Some(instrument) = &instrument {
        instruments::check_usable(&instrument.method, it.customer.as_ref(), &it.payment_method_types)?;
        instruments::keep(&mut tx, cause, instrument).await?;
    }
    details::apply(it, ask.details)?;
    objects::save(&mut tx, &cause.account.id, it).await?;
    // As with Stripe, no event tells of it.
    search::mark(&mut tx, app, &cause.account.id, id).await?;
    tx.commit().await?;
    Ok(intent)
}
