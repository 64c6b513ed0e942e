//! Setup intents.

use onfile_core::ids::{CustomerId, Id, SetupIntentId};
use serde_json::Value;

use super::intent_params::{
    change, client_secret, ignored, mandate_data, return_url, secret_fits, seen_deposits, source, types,
};
use super::{expanded, explain, find, listed, missing};
use crate::model::setup_intent::SetupIntent;
use crate::payments::requests::{ConfirmSetup, NewSetup, UpdateSetup};
use crate::payments::{debits, setups};
use crate::render::full::Full;
use crate::render::payment_intent::for_browser;
use crate::store::objects::Versioned;
use crate::store::pages;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

const NOUN: &str = "setupintent";
const DESCRIPTION_MAX: usize = 1_000;

/// `POST /v1/setup_intents`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let cause = call.cause();
    let params = &mut call.params;
    let types = types(params, None)?;
    let source = source(params)?.value();
    let confirm = params.boolean("confirm")?.unwrap_or(false);
    if let Some(name) = ["return_url", "mandate_data"].iter().find(|name| !confirm && params.has(name)) {
        let message = format!("{name} can only be used together with confirm=true.");
        return Err(ApiError::invalid(*name, "setup_intent_invalid_parameter", message));
    }
    let return_url = return_url(params)?;
    let mandate = mandate_data(params, &cause)?;
    let new = NewSetup {
        customer: params.id::<CustomerId>("customer", "customer")?,
        payment_method_types: types.names,
        allowed_types: types.allowed,
        automatic_payment_methods: types.automatic,
        usage: params.word("usage", &["off_session", "on_session"])?.unwrap_or("off_session").to_owned(),
        description: params.text_or_unset("description", DESCRIPTION_MAX)?.value(),
        metadata: params.metadata()?.into_new()?,
        confirm: confirm.then(|| ConfirmSetup {
            payment_method: source.clone(),
            return_url,
            consent: None,
            mandate,
        }),
        payment_method: source,
    };
    ignored(params)?;
    let expand = Expand::of(params, Kind::SetupIntent)?;
    call.finish()?;
    let made = setups::create(&call.app, &call.cause(), new).await;
    finish(&call, made, &expand).await
}

/// `GET /v1/setup_intents/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: SetupIntentId = call.id("id", NOUN, "intent")?;
    let secret = client_secret(&mut call)?;
    let expand =
        if call.is_browser() { Expand::default() } else { Expand::of(&mut call.params, Kind::SetupIntent)? };
    call.finish()?;
    let intent = permitted(&call, &id, secret.as_deref()).await?;
    let rendered = Full::new(&mut call.app.db.read().await?, call.rendering()).setup(&intent).await?;
    show(&call, rendered, &expand).await
}

async fn permitted(call: &Call, id: &SetupIntentId, secret: Option<&str>) -> Result<SetupIntent, ApiError> {
    let intent = find::<SetupIntent>(call, id, NOUN, "intent").await?;
    if secret_fits(secret, &intent.client_secret) { Ok(intent) } else { Err(missing(id, NOUN, "intent")) }
}

/// `POST /v1/setup_intents/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: SetupIntentId = call.id("id", NOUN, "intent")?;
    let params = &mut call.params;
    let ask = UpdateSetup {
        customer: params.id("customer", "customer")?,
        payment_method: change(source(params)?),
        description: change(params.text_or_unset("description", DESCRIPTION_MAX)?),
        metadata: params.metadata()?.into(),
    };
    ignored(params)?;
    let expand = Expand::of(params, Kind::SetupIntent)?;
    call.finish()?;
    let changed = setups::update(&call.app, &call.cause(), &id, ask).await;
    finish(&call, changed, &expand).await
}

/// `POST /v1/setup_intents/{id}/confirm`
pub async fn confirm(mut call: Call) -> Result<Answer, ApiError> {
    let id: SetupIntentId = call.id("id", NOUN, "intent")?;
    let secret = client_secret(&mut call)?;
    let browser = call.is_browser();
    let cause = call.cause();
    let params = &mut call.params;
    let ask = ConfirmSetup {
        payment_method: source(params)?.value(),
        return_url: return_url(params)?,
        consent: None,
        mandate: mandate_data(params, &cause)?,
    };
    let expand = if browser { Expand::default() } else { Expand::of(params, Kind::SetupIntent)? };
    ignored(params)?;
    call.finish()?;
    permitted(&call, &id, secret.as_deref()).await?;
    let confirmed = setups::confirm(&call.app, &call.cause(), &id, ask).await;
    finish(&call, confirmed, &expand).await
}

/// `POST /v1/setup_intents/{id}/verify_microdeposits`
pub async fn verify_microdeposits(mut call: Call) -> Result<Answer, ApiError> {
    let id: SetupIntentId = call.id("id", NOUN, "intent")?;
    let secret = client_secret(&mut call)?;
    let seen = seen_deposits(&mut call.params)?;
    let expand =
        if call.is_browser() { Expand::default() } else { Expand::of(&mut call.params, Kind::SetupIntent)? };
    call.finish()?;
    permitted(&call, &id, secret.as_deref()).await?;
    let verified = debits::verify_setup(&call.app, &call.cause(), &id, &seen).await;
    finish(&call, verified, &expand).await
}

/// `POST /v1/setup_intents/{id}/cancel`
pub async fn cancel(mut call: Call) -> Result<Answer, ApiError> {
    let id: SetupIntentId = call.id("id", NOUN, "intent")?;
    let reasons = ["abandoned", "requested_by_customer", "duplicate"];
    let reason = call.params.word("cancellation_reason", &reasons)?.map(str::to_owned);
    let expand = Expand::of(&mut call.params, Kind::SetupIntent)?;
    call.finish()?;
    let canceled = setups::cancel(&call.app, &call.cause(), &id, reason).await;
    finish(&call, canceled, &expand).await
}

/// `GET /v1/setup_intents`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<SetupIntentId>(&mut call.params, NOUN, true)?;
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    let expand = Expand::of_list(&mut call.params, Kind::SetupIntent)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let of = customer.as_ref().map(Id::as_str);
    let page = pages::page::<SetupIntent>(&mut tx, &call.merchant.account.id, &window, of).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    let mut full = Full::new(&mut tx, call.rendering());
    for intent in &page.objects {
        data.push(full.setup(intent).await?);
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

async fn finish(
    call: &Call,
    outcome: Result<Versioned<SetupIntent>, crate::payments::Error>,
    expand: &Expand,
) -> Result<Answer, ApiError> {
    match outcome {
        Ok(intent) => {
            let rendered =
                Full::new(&mut call.app.db.read().await?, call.rendering()).setup(&intent.object).await?;
            show(call, rendered, expand).await
        }
        Err(error) => Err(explain(call, error).await),
    }
}

async fn show(call: &Call, rendered: Value, expand: &Expand) -> Result<Answer, ApiError> {
    let body = expanded(call, &mut call.app.db.read().await?, rendered, expand).await?;
    Ok(Answer::new(if call.is_browser() { for_browser(body) } else { body }))
}
