//! Events about agreements and invoices (M7).

use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::event::Snapshot;
use crate::model::invoice::Invoice;
use crate::model::subscription::Subscription;
use crate::payments::Cause;
use crate::store::events::{self, News};
use crate::store::objects::Versioned;

/// Tells of an invoice.
///
/// # Errors
/// When the database fails.
pub async fn invoice(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    kind: &str,
    invoice: &Versioned<Invoice>,
) -> Result<(), DbError> {
    let snapshot = Snapshot::Invoice(Box::new(invoice.object.clone()));
    let before = invoice.before.as_deref();
    events::append(tx, app, cause, &News { kind, version: invoice.version, snapshot: &snapshot, before })
        .await
}

/// Tells of an agreement.
///
/// # Errors
/// When the database fails.
pub async fn subscription(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    kind: &str,
    subscription: &Versioned<Subscription>,
) -> Result<(), DbError> {
    let snapshot = Snapshot::Subscription(Box::new(subscription.object.clone()));
    let before = subscription.before.as_deref();
    events::append(tx, app, cause, &News { kind, version: subscription.version, snapshot: &snapshot, before })
        .await
}
