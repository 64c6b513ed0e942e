//! Publishable keys: they may make sources, and nothing else.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::error::ApiError;
use crate::accounts::{Account, account_of_key};
use crate::form::Form;
use crate::vault::Vault;

/// The longest header that is decoded.
const HEADER_BYTES_MAX: usize = 1024;

/// The account whose publishable key the request shows: as bearer token, as user name of HTTP Basic, or as the form
/// field `key`.
///
/// # Errors
/// 401; for a secret key with a sentence, since whoever sent it from a browser has leaked it.
pub async fn authenticate(
    vault: &Vault,
    headers: &HeaderMap,
    form: &mut Form,
) -> Result<Arc<Account>, ApiError> {
    let key = match headers.get(AUTHORIZATION) {
        Some(value) => from_header(value.as_bytes())?,
        None => form.secret("key").ok_or_else(|| {
            ApiError::unauthorized(
                "You did not provide a publishable key: send it as bearer token or as `key`.",
            )
        })?,
    };
    account_with_key(vault, key.trim()).await
}

/// The account that has this publishable key.
///
/// # Errors
/// As for a key in a header.
pub async fn account_with_key(vault: &Vault, key: &str) -> Result<Arc<Account>, ApiError> {
    if ["sk_", "rk_"].iter().any(|secret| key.starts_with(secret)) {
        return Err(ApiError::unauthorized(
            "This is a secret key. Card data is sent here with a publishable key (pk_…), from a browser or an app; a \
             secret key belongs on your server only. If a page or an app holds it, replace it now.",
        ));
    }
    let wrong = || ApiError::unauthorized("Invalid API Key provided: no account has this publishable key.");
    let id = account_of_key(key).ok_or_else(wrong)?;
    let account = vault.accounts.get(&vault.db, &id, vault.now_ms()).await?.ok_or_else(wrong)?;
    if account.publishable_keys.iter().any(|known| known == key) { Ok(account) } else { Err(wrong()) }
}

fn from_header(value: &[u8]) -> Result<Zeroizing<String>, ApiError> {
    let malformed =
        || ApiError::unauthorized("The Authorization header must be `Bearer pk_…` or HTTP Basic.");
    let text = std::str::from_utf8(value)
        .ok()
        .filter(|text| text.len() <= HEADER_BYTES_MAX)
        .ok_or_else(malformed)?;
    let (scheme, rest) = text.split_once(' ').ok_or_else(malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Zeroizing::new(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let decoded = Zeroizing::new(STANDARD.decode(rest.trim()).map_err(|_| malformed())?);
    let decoded = std::str::from_utf8(&decoded).map_err(|_| malformed())?;
    Ok(Zeroizing::new(decoded.split(':').next().unwrap_or_default().to_owned()))
}
