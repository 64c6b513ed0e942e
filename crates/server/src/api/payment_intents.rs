//! Payment intents.

use onfile_core::ids::{CustomerId, Id, PaymentIntentId};
use onfile_core::money::AMOUNT_MAX;
use serde_json::Value;

use super::intent_params::{
    browser_details, change, check_amount, client_secret, currency, details, ignored, mandate_data,
    return_url, secret_fits, seen_deposits, source, types,
};
use super::{expanded, explain, find, listed, missing};
use crate::model::payment_intent::PaymentIntent;
use crate::payments::requests::{Capture, Confirm, IntentDetails, NewIntent, UpdateIntent};
use crate::payments::{Cause, debits, intents};
use crate::render::full::Full;
use crate::render::payment_intent::for_browser;
use crate::store::objects::Versioned;
use crate::store::pages;
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::Params;

const NOUN: &str = "payment_intent";

/// `POST /v1/payment_intents`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let cause = call.cause();
    let params = &mut call.params;
    let amount = params.required_integer("amount")?;
    let currency = currency(params)?.ok_or_else(|| ApiError::missing("currency"))?;
    check_amount(amount, currency)?;
    let types = types(params, Some(currency))?;
    let source = source(params)?.value();
    let confirmation = confirmation(params, &cause)?;
    let new = NewIntent {
        amount,
        currency,
        capture_method: params
            .word("capture_method", &["automatic", "automatic_async", "manual"])?
            .unwrap_or("automatic")
            .to_owned(),
        confirmation_method: params
            .word("confirmation_method", &["automatic", "manual"])?
            .unwrap_or("automatic")
            .to_owned(),
        payment_method_types: types.names,
        allowed_types: types.allowed,
        automatic_payment_methods: types.automatic,
        customer: params.id::<CustomerId>("customer", "customer")?,
        details: details(params)?,
        confirm: confirmation.map(|confirm| Confirm { payment_method: source.clone(), ..confirm }),
        payment_method: source,
    };
    ignored(params)?;
    let expand = Expand::of(params, Kind::PaymentIntent)?;
    call.finish()?;
    let made = intents::create(&call.app, &call.cause(), new).await;
    finish(&call, made, &expand).await
}

/// What belongs to `confirm=true`, and is an error without it.
fn confirmation(params: &mut Params, cause: &Cause) -> Result<Option<Confirm>, ApiError> {
    let confirm = params.boolean("confirm")?.unwrap_or(false);
    let only_then = ["off_session", "error_on_requires_action", "return_url", "mandate_data"];
    if !confirm {
        if let Some(name) = only_then.iter().find(|name| params.has(name)) {
            let message = format!("{name} can only be used together with confirm=true.");
            return Err(ApiError::invalid(*name, "payment_intent_invalid_parameter", message));
        }
        return Ok(None);
    }
    Ok(Some(Confirm {
        run: None,
        held: None,
        payment_method: None,
        off_session: off_session(params)?,
        error_on_requires_action: params.boolean("error_on_requires_action")?.unwrap_or(false),
        return_url: return_url(params)?,
        mandate: mandate_data(params, cause)?,
        details: IntentDetails::default(),
    }))
}

/// `true`, `false`, or the older words that mean true.
fn off_session(params: &mut Params) -> Result<bool, ApiError> {
    let word = params.word("off_session", &["true", "false", "one_off", "recurring"])?;
    Ok(word.is_some_and(|word| word != "false"))
}

/// `GET /v1/payment_intents/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentIntentId = call.id("id", NOUN, "intent")?;
    let secret = client_secret(&mut call)?;
    let expand = if call.is_browser() {
        Expand::default()
    } else {
        Expand::of(&mut call.params, Kind::PaymentIntent)?
    };
    call.finish()?;
    let intent = permitted(&call, &id, secret.as_deref()).await?;
    let rendered = Full::new(&mut call.app.db.read().await?, call.rendering()).intent(&intent).await?;
    show(&call, rendered, &expand).await
}

async fn permitted(
    call: &Call,
    id: &PaymentIntentId,
    secret: Option<&str>,
) -> Result<PaymentIntent, ApiError> {
    let intent = find::<PaymentIntent>(call, id, NOUN, "intent").await?;
    if secret_fits(secret, &intent.client_secret) { Ok(intent) } else { Err(missing(id, NOUN, "intent")) }
}

/// `POST /v1/payment_intents/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentIntentId = call.id("id", NOUN, "intent")?;
    let params = &mut call.params;
    let ask = UpdateIntent {
        amount: params.integer("amount")?,
        currency: currency(params)?,
        customer: params.id("customer", "customer")?,
        payment_method: change(source(params)?),
        details: details(params)?,
    };
    ignored(params)?;
    let expand = Expand::of(params, Kind::PaymentIntent)?;
    call.finish()?;
    let present = find::<PaymentIntent>(&call, &id, NOUN, "intent").await?;
    if ask.amount.is_some() || ask.currency.is_some() || ask.customer.is_some() {
        refuse_of_invoice(&present, "changed")?;
    }
    if ask.amount.is_some() || ask.currency.is_some() {
        check_amount(ask.amount.unwrap_or(present.amount), ask.currency.unwrap_or(present.currency))?;
    }
    let changed = intents::update(&call.app, &call.cause(), &id, ask).await;
    finish(&call, changed, &expand).await
}

/// `POST /v1/payment_intents/{id}/confirm`
pub async fn confirm(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentIntentId = call.id("id", NOUN, "intent")?;
    let secret = client_secret(&mut call)?;
    let browser = call.is_browser();
    let cause = call.cause();
    let params = &mut call.params;
    let mut ask = Confirm {
        payment_method: source(params)?.value(),
        return_url: return_url(params)?,
        mandate: mandate_data(params, &cause)?,
        ..Confirm::default()
    };
    let mut expand = Expand::default();
    if browser {
        ask.details = browser_details(params)?;
    } else {
        ask.off_session = off_session(params)?;
        ask.error_on_requires_action = params.boolean("error_on_requires_action")?.unwrap_or(false);
        ask.details = browser_details(params)?;
        expand = Expand::of(params, Kind::PaymentIntent)?;
    }
    ignored(params)?;
    call.finish()?;
    let present = permitted(&call, &id, secret.as_deref()).await?;
    if browser && present.confirmation_method == "manual" {
        let message = "This PaymentIntent's confirmation_method is manual: confirm it with a secret key, from your server.";
        return Err(ApiError::invalid("", "payment_intent_unexpected_state", message));
    }
    let confirmed = intents::confirm(&call.app, &call.cause(), &id, ask).await;
    finish(&call, confirmed, &expand).await
}

/// `POST /v1/payment_intents/{id}/verify_microdeposits`
pub async fn verify_microdeposits(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentIntentId = call.id("id", NOUN, "intent")?;
    let secret = client_secret(&mut call)?;
    let seen = seen_deposits(&mut call.params)?;
    let expand = if call.is_browser() {
        Expand::default()
    } else {
        Expand::of(&mut call.params, Kind::PaymentIntent)?
    };
    call.finish()?;
    permitted(&call, &id, secret.as_deref()).await?;
    let verified = debits::verify_payment(&call.app, &call.cause(), &id, &seen).await;
    finish(&call, verified, &expand).await
}

/// `POST /v1/payment_intents/{id}/capture`
pub async fn capture(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentIntentId = call.id("id", NOUN, "intent")?;
    let params = &mut call.params;
    let ask = Capture {
        amount: params.integer_within("amount_to_capture", 1, AMOUNT_MAX)?,
        metadata: params.metadata()?.into(),
    };
    if params.boolean("final_capture")? == Some(false) {
        let message =
            "Every capture is final here: what is not captured is released. Leave final_capture out.";
        return Err(ApiError::invalid("final_capture", "payment_intent_invalid_parameter", message));
    }
    let expand = Expand::of(params, Kind::PaymentIntent)?;
    call.finish()?;
    let captured = intents::capture(&call.app, &call.cause(), &id, ask).await;
    finish(&call, captured, &expand).await
}

/// `POST /v1/payment_intents/{id}/cancel`
pub async fn cancel(mut call: Call) -> Result<Answer, ApiError> {
    let id: PaymentIntentId = call.id("id", NOUN, "intent")?;
    let reasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
    let reason = call.params.word("cancellation_reason", &reasons)?.map(str::to_owned);
    let expand = Expand::of(&mut call.params, Kind::PaymentIntent)?;
    call.finish()?;
    let present = find::<PaymentIntent>(&call, &id, NOUN, "intent").await?;
    refuse_of_invoice(&present, "canceled")?;
    let canceled = intents::cancel(&call.app, &call.cause(), &id, reason).await;
    finish(&call, canceled, &expand).await
}

/// The payment of an invoice is for what the invoice says, to whom it says, for as long as it is owed.
fn refuse_of_invoice(intent: &PaymentIntent, asked: &str) -> Result<(), ApiError> {
    let Some(invoice) = &intent.invoice else { return Ok(()) };
    let message = format!(
        "This PaymentIntent is to settle the invoice {invoice} and cannot be {asked} on its own. Change, or void, the \
         invoice instead."
    );
    Err(ApiError::invalid("intent", "payment_intent_unexpected_state", message))
}

/// `GET /v1/payment_intents`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<PaymentIntentId>(&mut call.params, NOUN, true)?;
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    let expand = Expand::of_list(&mut call.params, Kind::PaymentIntent)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let of = customer.as_ref().map(Id::as_str);
    let page = pages::page::<PaymentIntent>(&mut tx, &call.merchant.account.id, &window, of).await?;
    let mut data = Vec::with_capacity(page.objects.len());
    let mut full = Full::new(&mut tx, call.rendering());
    for intent in &page.objects {
        data.push(full.intent(intent).await?);
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

async fn finish(
    call: &Call,
    outcome: Result<Versioned<PaymentIntent>, crate::payments::Error>,
    expand: &Expand,
) -> Result<Answer, ApiError> {
    match outcome {
        Ok(intent) => {
            let rendered =
                Full::new(&mut call.app.db.read().await?, call.rendering()).intent(&intent.object).await?;
            show(call, rendered, expand).await
        }
        Err(error) => Err(explain(call, error).await),
    }
}

async fn show(call: &Call, rendered: Value, expand: &Expand) -> Result<Answer, ApiError> {
    let body = expanded(call, &mut call.app.db.read().await?, rendered, expand).await?;
    Ok(Answer::new(if call.is_browser() { for_browser(body) } else { body }))
}
