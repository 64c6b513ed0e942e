//! `POST /v1/payment_methods`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use onfile_core::ids::Id;

use super::auth::authenticate;
use super::bank_input::read_bank;
use super::billing::read_billing_details;
use super::card_input::read_card;
use super::error::ApiError;
use super::tokens::IGNORED;
use super::{cors, objects};
use crate::accounts::Account;
use crate::form::Form;
use crate::record::Instrument;
use crate::vault::Vault;

/// Makes a payment method that is not kept yet: attaching or charging it keeps it.
pub async fn create(
    State(vault): State<Arc<Vault>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut form = Form::parse(&body)?;
    let account = authenticate(&vault, &headers, &mut form).await?;
    let origin = cors::origin_of(&headers, &account)?;
    let answer = store(&vault, &account, &mut form).await;
    Ok(cors::allow(answer.into_response(), origin))
}

async fn store(vault: &Vault, account: &Account, form: &mut Form) -> Result<Response, ApiError> {
    let now = vault.clock.now();
    let kind = form.text("type").ok_or_else(|| ApiError::missing("type"))?;
    let (number, cvc) = match kind {
        "card" => {
            let card = read_card(form, now)?;
            (card.number, card.cvc)
        }
        "us_bank_account" => (read_bank(form, "us_bank_account")?, None),
        _ => {
            let message = "Invalid type: must be one of card, us_bank_account";
            return Err(ApiError::invalid(message).with_code("parameter_invalid_string", "type"));
        }
    };
    let billing = read_billing_details(form)?;
    if let Some(key) = form.unknown(&IGNORED) {
        return Err(ApiError::unknown(key));
    }
    let instrument = Instrument { number, billing, created: now.as_second() };
    let (id, cvc_typed) = (vault.next_method(), cvc.is_some());
    vault.keep_source(account.id.as_str(), id.as_str(), &instrument, cvc).await?;
    Ok(Json(objects::payment_method(account, id.as_str(), &instrument, cvc_typed)).into_response())
}
