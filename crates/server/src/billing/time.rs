//! Whose time it is: real, or that of a test clock.

use onfile_core::ids::{AccountId, TestClockId};
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::invoice::Invoice;
use crate::model::payment_intent::PaymentIntent;
use crate::model::test_clock::TestClock;
use crate::store::objects;

/// Now for whoever owes a payment, Unix seconds: the time of its invoice's customer. Other payments are made in real
/// time.
///
/// # Errors
/// When the database fails.
pub async fn of_payment(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    intent: &PaymentIntent,
) -> Result<i64, DbError> {
    let invoice = match &intent.invoice {
        Some(id) => objects::load::<Invoice>(tx, account, id).await?,
        None => None,
    };
    now(tx, app, account, invoice.as_ref().and_then(|found| found.object.test_clock.as_ref())).await
}

/// Now for a customer, Unix seconds.
///
/// # Errors
/// When the database fails.
pub async fn now(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    clock: Option<&TestClockId>,
) -> Result<i64, DbError> {
    let Some(id) = clock else { return Ok(app.now_seconds()) };
    let clock = objects::load::<TestClock>(tx, account, id).await?;
    // A clock that was deleted stopped, with its customers.
    Ok(clock.map_or_else(|| app.now_seconds(), |clock| clock.object.frozen_time))
}
