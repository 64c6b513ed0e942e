//! Disputes: debits that came back after they had settled.

use onfile_core::ids::{ChargeId, DisputeId, Id, PaymentIntentId};

use super::{answer, find, listed};
use crate::model::dispute::Dispute;
use crate::render;
use crate::store::pages;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

/// `GET /v1/disputes/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: DisputeId = call.id("id", "dispute", "id")?;
    let expand = Expand::of(&mut call.params, Kind::Dispute)?;
    call.finish()?;
    find::<Dispute>(&call, &id, "dispute", "id").await?;
    answer(&call, &id, &expand).await
}

/// `GET /v1/disputes`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<DisputeId>(&mut call.params, "dispute", true)?;
    let charge: Option<ChargeId> = call.params.id("charge", "charge")?;
    let intent: Option<PaymentIntentId> = call.params.id("payment_intent", "payment_intent")?;
    let expand = Expand::of_list(&mut call.params, Kind::Dispute)?;
    call.finish()?;
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.read().await?;
    let mut page: pages::Page<Dispute> = match &intent {
        Some(intent) => {
            let listing = pages::DISPUTES_OF_INTENT;
            pages::objects(pages::rows(&mut tx, account, listing, &window, &[intent.as_str()]).await?)?
        }
        None => pages::page(&mut tx, account, &window, charge.as_ref().map(Id::as_str)).await?,
    };
    if let Some(charge) = &charge {
        page.objects.retain(|dispute| dispute.charge == *charge);
    }
    let data = page.objects.iter().map(|it| render::dispute::dispute(&call.rendering(), it)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}
