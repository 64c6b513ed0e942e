//! Charges: what became of each attempt.

use onfile_core::ids::{ChargeId, CustomerId, Id, PaymentIntentId};
use onfile_core::money::AMOUNT_MAX;

use super::{answer, expanded, explain, find, listed, missing};
use crate::model::Shipping;
use crate::model::charge::Charge;
use crate::model::customer::EMAIL_MAX;
use crate::model::event::Snapshot;
use crate::payments::intents;
use crate::payments::requests::Capture;
use crate::render;
use crate::store::events::{self, News};
use crate::store::{objects, pages};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::{Given, MetadataPatch, Params, TEXT_MAX};

const NOUN: &str = "charge";

/// `GET /v1/charges/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: ChargeId = call.id("id", "charge", "id")?;
    let expand = Expand::of(&mut call.params, Kind::Charge)?;
    call.finish()?;
    find::<Charge>(&call, &id, "charge", "id").await?;
    answer(&call, &id, &expand).await
}

/// `POST /v1/charges/{id}`: what is written about it.
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: ChargeId = call.id("id", NOUN, "id")?;
    let details = charge_details(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::Charge)?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let locked = objects::lock::<Charge>(&mut tx, &account, &id).await?;
    let mut charge = locked.ok_or_else(|| missing(&id, NOUN, "id"))?;
    details.apply(&mut charge.object)?;
    objects::save(&mut tx, &account, &charge.object).await?;
    let rendered = render::charge::charge(&call.rendering(), &charge.object);
    let (version, before) = (charge.version, charge.before.as_deref());
    let snapshot = Snapshot::Charge(charge.object);
    let news = News { kind: "charge.updated", version, snapshot: &snapshot, before };
    events::append(&mut tx, &call.app, &call.cause(), &news).await?;
    let body = expanded(&call, &mut tx, rendered, &expand).await?;
    call.commit(tx, id.as_str(), body).await
}

/// What may be changed of a charge.
struct Details {
    description: Given<String>,
    metadata: MetadataPatch,
    receipt_email: Given<String>,
    shipping: Given<Shipping>,
    transfer_group: Given<String>,
}

fn charge_details(params: &mut Params) -> Result<Details, ApiError> {
    Ok(Details {
        description: params.text_or_unset("description", TEXT_MAX)?,
        metadata: params.metadata()?,
        receipt_email: params.text_or_unset("receipt_email", EMAIL_MAX)?,
        shipping: params.shipping()?,
        transfer_group: params.text_or_unset("transfer_group", TEXT_MAX)?,
    })
}

impl Details {
    fn apply(self, charge: &mut Charge) -> Result<(), ApiError> {
        self.description.apply(&mut charge.description);
        self.metadata.apply(&mut charge.metadata)?;
        self.receipt_email.apply(&mut charge.receipt_email);
        self.shipping.apply(&mut charge.shipping);
        self.transfer_group.apply(&mut charge.transfer_group);
        Ok(())
    }
}

/// `POST /v1/charges/{id}/capture`: captures the payment that it belongs to.
pub async fn capture(mut call: Call) -> Result<Answer, ApiError> {
    let id: ChargeId = call.id("id", NOUN, "id")?;
    let ask = Capture { amount: call.params.integer_within("amount", 1, AMOUNT_MAX)?, metadata: None };
    let expand = Expand::of(&mut call.params, Kind::Charge)?;
    call.finish()?;
    let charge = find::<Charge>(&call, &id, NOUN, "id").await?;
    if charge.captured {
        let message = format!("Charge {id} has already been captured.");
        return Err(ApiError::invalid("", "charge_already_captured", message));
    }
    match intents::capture(&call.app, &call.cause(), &charge.payment_intent, ask).await {
        Ok(_) => answer(&call, &id, &expand).await,
        Err(error) => Err(explain(&call, error).await),
    }
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
