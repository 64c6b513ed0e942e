//! `POST /internal/v1/methods/expiry` and `/destroy`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use onfile_core::card::Expiry;
use onfile_core::ids::Id;
use onfile_core::vault_contract::{Descriptor, Destroy, RefusalCode, UpdateExpiry};

use super::answer::{NotDone, parse};
use super::describe::describe;
use super::sources::{known_account, no_such_method};
use crate::record::Number;
use crate::store::instruments;
use crate::vault::Vault;

/// Sets a card's expiry: its record is sealed anew.
pub async fn update_expiry(
    State(vault): State<Arc<Vault>>,
    body: Bytes,
) -> Result<Json<Descriptor>, NotDone> {
    let request: UpdateExpiry = parse(&body)?;
    let account = known_account(&vault, request.account.as_str()).await?;
    let (account_id, method) = (account.id.as_str(), request.method.as_str());
    let new = Expiry::new(request.exp_month, request.exp_year)
        .map_err(|error| NotDone::refused(RefusalCode::BadRequest, &error.to_string()))?;
    let mut tx = vault.db.begin().await?;
    let row = instruments::lock_method(&mut tx, account_id, method).await?.ok_or_else(no_such_method)?;
    let mut instrument = vault.open(account_id, &row)?;
    match &mut instrument.number {
        Number::Card { expiry, .. } => *expiry = new,
        Number::Bank { .. } => {
            return Err(NotDone::refused(RefusalCode::BadRequest, "a bank account has no expiry"));
        }
    }
    let sealed = vault.seal(account_id, &row.source_id, &instrument)?;
    instruments::reseal(&mut tx, account_id, method, &sealed.record, sealed.kek_version).await?;
    tx.commit().await?;
    let cvc_held = vault.cvcs.holds(&row.source_id, vault.now_ms());
    Ok(Json(describe(instrument, row.fingerprint, cvc_held, account.livemode)))
}

/// Destroys a method: its record with its wrapped key, and a security code that still waits.
pub async fn destroy(State(vault): State<Arc<Vault>>, body: Bytes) -> Result<StatusCode, NotDone> {
    let request: Destroy = parse(&body)?;
    let account = known_account(&vault, request.account.as_str()).await?;
    let mut tx = vault.db.begin().await?;
    let source = instruments::destroy(&mut tx, account.id.as_str(), request.method.as_str()).await?;
    tx.commit().await?;
    if let Some(source) = source {
        drop(vault.cvcs.take(&source, vault.now_ms()));
    }
    Ok(StatusCode::NO_CONTENT)
}
