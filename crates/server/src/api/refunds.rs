//! Refunds.

use onfile_core::ids::{ChargeId, Id, PaymentIntentId, RefundId};
use onfile_core::money::AMOUNT_MAX;

use super::{answer, expanded, explain, find, listed};
use crate::model::refund::Refund;
use crate::payments::refunds;
use crate::payments::requests::{NewRefund, Refundable};
use crate::render;
use crate::store::objects::Versioned;
use crate::store::pages;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

/// `POST /v1/refunds`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let params = &mut call.params;
    let charge: Option<ChargeId> = params.id("charge", "charge")?;
    let intent: Option<PaymentIntentId> = params.id("payment_intent", "payment_intent")?;
    let of = match (charge, intent) {
        (Some(charge), None) => Refundable::Charge(charge),
        (None, Some(intent)) => Refundable::Intent(intent),
        (None, None) => {
            let message =
                "One of the following params should be provided for this request: payment_intent or charge.";
            return Err(ApiError::invalid("", "parameter_missing", message));
        }
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: payment_intent, charge.";
            return Err(ApiError::invalid("charge", "parameters_exclusive", message));
        }
    };
    let new = NewRefund {
        of,
        amount: params.integer_within("amount", 1, AMOUNT_MAX)?,
        reason: params
            .word("reason", &["duplicate", "fraudulent", "requested_by_customer"])?
            .map(str::to_owned),
        metadata: params.metadata()?.into_new()?,
    };
    let expand = Expand::of(params, Kind::Refund)?;
    call.finish()?;
    let made = refunds::create(&call.app, &call.cause(), new).await;
    finish(&call, made, &expand).await
}

/// `GET /v1/refunds/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: RefundId = call.id("id", "refund", "id")?;
    let expand = Expand::of(&mut call.params, Kind::Refund)?;
    call.finish()?;
    find::<Refund>(&call, &id, "refund", "id").await?;
    answer(&call, &id, &expand).await
}

/// `POST /v1/refunds/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: RefundId = call.id("id", "refund", "id")?;
    let metadata = call.params.metadata()?.into();
    let expand = Expand::of(&mut call.params, Kind::Refund)?;
    call.finish()?;
    let changed = refunds::update(&call.app, &call.cause(), &id, metadata).await;
    finish(&call, changed, &expand).await
}

/// `POST /v1/refunds/{id}/cancel`: a refund is with the processor as soon as it is made, so none can be canceled.
pub async fn cancel(mut call: Call) -> Result<Answer, ApiError> {
    let id: RefundId = call.id("id", "refund", "id")?;
    Expand::of(&mut call.params, Kind::Refund)?;
    call.finish()?;
    let refund = find::<Refund>(&call, &id, "refund", "id").await?;
    let status = render::refund::status(refund.status);
    let message = format!("This refund is {status}. Only one that waits for the customer can be canceled.");
    Err(ApiError::invalid("", None, message))
}

/// `GET /v1/refunds`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<RefundId>(&mut call.params, "refund", true)?;
    let charge: Option<ChargeId> = call.params.id("charge", "charge")?;
    let intent: Option<PaymentIntentId> = call.params.id("payment_intent", "payment_intent")?;
    let expand = Expand::of_list(&mut call.params, Kind::Refund)?;
    call.finish()?;
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.read().await?;
    let mut page: pages::Page<Refund> = match &intent {
        Some(intent) => {
            let rows =
                pages::rows(&mut tx, account, pages::REFUNDS_OF_INTENT, &window, &[intent.as_str()]).await?;
            pages::objects(rows)?
        }
        None => pages::page(&mut tx, account, &window, charge.as_ref().map(Id::as_str)).await?,
    };
    if let Some(charge) = &charge {
        page.objects.retain(|refund| refund.charge == *charge);
    }
    let data = page.objects.iter().map(|refund| render::refund::refund(&call.rendering(), refund)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}

async fn finish(
    call: &Call,
    outcome: Result<Versioned<Refund>, crate::payments::Error>,
    expand: &Expand,
) -> Result<Answer, ApiError> {
    match outcome {
        Ok(refund) => {
            let rendered = render::refund::refund(&call.rendering(), &refund.object);
            let body = expanded(call, &mut call.app.db.read().await?, rendered, expand).await?;
            Ok(Answer::new(body))
        }
        Err(error) => Err(explain(call, error).await),
    }
}
