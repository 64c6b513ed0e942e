//! `GET /receipts/{token}`: a receipt for whoever has its address, as it stands now.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Html;
use axum::routing::get;
use onfile_core::ids::{AccountId, ChargeId, Id};
use onfile_core::money::Money;
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

use super::problem::Problem;
use super::receipt_view::{self, ReceiptState, ReceiptView, RefundLine};
use super::{demo, ticket, widgets};
use crate::app::App;
use crate::model::charge::Charge;
use crate::model::payment_intent::PaymentIntent;
use crate::model::refund::{Refund, RefundStatus};
use crate::store::pages::{self, Window};
use crate::store::{accounts, objects};

/// More refunds than this of one payment are not listed singly; their sum is still right.
const REFUNDS_MAX: u32 = 100;

/// The receipts' route.
pub fn router() -> Router<Arc<App>> {
    Router::new().route("/receipts/{token}", get(show))
}

/// Where the receipt of a charge is. The address is unguessable and names the account, as every look-up needs it.
pub fn path_of(account: &AccountId, charge: &Charge) -> String {
    let tail = account.as_str().split_once('_').map_or("", |(_, tail)| tail);
    format!("/receipts/{tail}_{}", charge.receipt_token)
}

/// Where the receipt of a payment is; none before its first charge.
///
/// # Errors
/// When the database fails.
pub async fn receipt_path(
    tx: &mut Tx,
    account: &AccountId,
    intent: &PaymentIntent,
) -> Result<Option<String>, DbError> {
    let Some(id) = &intent.latest_charge else { return Ok(None) };
    let charge = objects::load::<Charge>(tx, account, id).await?;
    Ok(charge.map(|charge| path_of(account, &charge.object)))
}

async fn show(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Html<String>, Problem> {
    let (account, token) = ticket::split(&token).ok_or(Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    let id = charge_of(&mut tx, &account, token).await?.ok_or(Problem::NotFound)?;
    let charge = objects::load::<Charge>(&mut tx, &account, &id).await?.ok_or(Problem::NotFound)?.object;
    let merchant = accounts::load(&mut tx, &account).await?.ok_or(Problem::NotFound)?.account;
    let window = Window::oldest(REFUNDS_MAX);
    let refunds = pages::page::<Refund>(&mut tx, &account, &window, Some(id.as_str())).await?.objects;
    let view = ReceiptView {
        merchant: &merchant.name,
        home: (merchant.demo && !merchant.livemode).then_some(demo::HOME),
        test_mode: !merchant.livemode,
        amount: Money::new(charge.amount, charge.currency).to_string(),
        created: charge.created,
        method_label: widgets::method_kind(&charge.details),
        method: widgets::method_line(&charge.details),
        description: charge.description.as_deref(),
        number: charge.id.as_str(),
        state: state_of(&charge),
        kept: (charge.amount_refunded > 0).then(|| {
            Money::new(charge.amount_captured - charge.amount_refunded, charge.currency).to_string()
        }),
        refunds: refunds.iter().rev().filter_map(refund_line).collect(),
    };
    Ok(Html(receipt_view::receipt(&view).into_string()))
}

async fn charge_of(tx: &mut Tx, account: &AccountId, token: &str) -> Result<Option<ChargeId>, DbError> {
    let sql = "SELECT charge_id FROM receipts WHERE account_id = $1 AND token = $2";
    let row = tx.query_opt(sql, binds![account.as_str(), token]).await?;
    row.map(|row| row.text("charge_id").map(ChargeId::from_trusted)).transpose()
}

fn state_of(charge: &Charge) -> ReceiptState {
    if charge.disputed {
        ReceiptState::TakenBack
    } else if !charge.paid && charge.error.is_none() {
        ReceiptState::Pending
    } else if !charge.paid {
        ReceiptState::Failed
    } else if charge.voided {
        ReceiptState::Released
    } else if !charge.captured {
        ReceiptState::Reserved
    } else if charge.amount_refunded == 0 {
        ReceiptState::Paid
    } else if charge.amount_refunded < charge.amount_captured {
        ReceiptState::PartlyRefunded
    } else {
        ReceiptState::Refunded
    }
}

fn refund_line(refund: &Refund) -> Option<RefundLine> {
    (refund.status != RefundStatus::Failed).then(|| RefundLine {
        created: refund.created,
        amount: Money::new(refund.amount, refund.currency).to_string(),
        pending: refund.status == RefundStatus::Pending,
    })
}
