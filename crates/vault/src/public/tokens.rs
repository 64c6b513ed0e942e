//! `POST /v1/tokens`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use onfile_core::ids::Id;
use onfile_service::listen::Peer;

use super::auth::authenticate;
use super::bank_input::read_bank;
use super::billing::{read_card_billing, text};
use super::card_input::read_card;
use super::error::ApiError;
use super::{cors, objects};
use crate::accounts::Account;
use crate::form::Form;
use crate::record::Instrument;
use crate::vault::Vault;

/// What Stripe.js sends along. It is accepted here, where unknown parameters are refused, and means nothing.
pub const IGNORED: [&str; 15] = [
    "guid",
    "muid",
    "sid",
    "payment_user_agent",
    "time_on_page",
    "pasted_fields",
    "referrer",
    "key",
    "_stripe_version",
    "_stripe_account",
    "client_attribution_metadata",
    "allow_redisplay",
    "radar_options",
    "expand",
    "captcha_token",
];

/// Makes a token of a card or a bank account.
pub async fn create(
    State(vault): State<Arc<Vault>>,
    peer: Option<axum::Extension<ConnectInfo<Peer>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut form = Form::parse(&body)?;
    let account = authenticate(&vault, &headers, &mut form).await?;
    let origin = cors::origin_of(&headers, &account)?;
    let ip = peer.and_then(|peer| match peer.0.0 {
        Peer::Tcp(address) => Some(address.ip().to_string()),
        Peer::Unix => None,
    });
    let answer = store(&vault, &account, &mut form, ip).await;
    Ok(cors::allow(answer.into_response(), origin))
}

async fn store(
    vault: &Vault,
    account: &Account,
    form: &mut Form,
    ip: Option<String>,
) -> Result<Response, ApiError> {
    let now = vault.clock.now();
    let (number, billing, cvc) = if form.has("bank_account") {
        let number = read_bank(form, "bank_account")?;
        let name = text(form, "bank_account[account_holder_name]")?;
        only(form, "bank_account[country]", "US")?;
        only(form, "bank_account[currency]", "usd")?;
        (number, onfile_core::vault_contract::Billing { name, ..Default::default() }, None)
    } else if form.has("card") {
        let card = read_card(form, now)?;
        (card.number, read_card_billing(form)?, card.cvc)
    } else {
        return Err(ApiError::missing("card"));
    };
    if let Some(key) = form.unknown(&IGNORED) {
        return Err(ApiError::unknown(key));
    }
    let instrument = Instrument { number, billing, created: now.as_second() };
    let (id, cvc_typed) = (vault.next_token(), cvc.is_some());
    vault.keep_source(account.id.as_str(), id.as_str(), &instrument, cvc).await?;
    Ok(Json(objects::token(vault, account, id.as_str(), &instrument, cvc_typed, ip)).into_response())
}

/// A parameter of which only one value is supported.
fn only(form: &mut Form, key: &'static str, value: &str) -> Result<(), ApiError> {
    match form.text(key) {
        Some(text) if !text.eq_ignore_ascii_case(value) => {
            let message = format!("Invalid {key}: must be one of {value}");
            Err(ApiError::invalid(message).with_code("parameter_invalid_string", key))
        }
        _ => Ok(()),
    }
}
