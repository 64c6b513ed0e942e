//! Charges: what became of each attempt.

use onfile_core::ids::{ChargeId, CustomerId, Id, PaymentIntentId};

use super::{answer, find, listed};
use crate::model::charge::Charge;
use crate::render;
use crate::store::pages;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

/// `GET /v1/charges/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: ChargeId = call.id("id", "charge", "id")?;
    let expand = Expand::of(&mut call.params, Kind::Charge)?;
    call.finish()?;
    find::<Charge>(&call, &id, "charge", "id").await?;
    answer(&call, &id, &expand).await
}

/// `GET /v1/charges`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<ChargeId>(&mut call.params, "charge", true)?;
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    let intent: Option<PaymentIntentId> = call.params.id("payment_intent", "payment_intent")?;
    let expand = Expand::of_list(&mut call.params, Kind::Charge)?;
    call.finish()?;
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.read().await?;
    let mut page: pages::Page<Charge> = match &intent {
        Some(intent) => {
            let rows =
                pages::rows(&mut tx, account, pages::CHARGES_OF_INTENT, &window, &[intent.as_str()]).await?;
            pages::objects(rows)?
        }
        None => pages::page(&mut tx, account, &window, customer.as_ref().map(Id::as_str)).await?,
    };
    if let Some(customer) = &customer {
        page.objects.retain(|charge| charge.customer.as_ref() == Some(customer));
    }
    let data = page.objects.iter().map(|charge| render::charge::charge(&call.rendering(), charge)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}
