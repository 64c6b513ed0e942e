//! `POST /internal/v1/resolve` and `/redeem`: what a source is, and keeping it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use onfile_core::ids::Id;
use onfile_core::vault_contract::{Descriptor, Redeem, RefusalCode, Resolve};
use onfile_service::db::DbError;

use super::answer::{NotDone, parse};
use super::describe::describe;
use crate::accounts::Account;
use crate::record::Instrument;
use crate::store::instruments::{self, InstrumentRow, NewInstrument};
use crate::test_tokens;
use crate::vault::Vault;

/// Tells what a source is. Reading never uses it up.
pub async fn resolve(State(vault): State<Arc<Vault>>, body: Bytes) -> Result<Json<Descriptor>, NotDone> {
    let request: Resolve = parse(&body)?;
    let account = known_account(&vault, request.account.as_str()).await?;
    if let Some(instrument) = test_instrument(&vault, &account, &request.source) {
        let fingerprint = vault.fingerprint(account.id.as_str(), &instrument);
        return Ok(Json(describe(instrument, fingerprint, false, account.livemode)));
    }
    let mut tx = vault.db.read().await?;
    let row =
        instruments::find(&mut tx, account.id.as_str(), &request.source).await?.ok_or_else(no_such_method)?;
    drop(tx);
    if row.is_expired(vault.now_ms()) {
        return Err(source_expired());
    }
    Ok(Json(descriptor_of(&vault, &account, row)?))
}

/// Keeps a source as a method.
pub async fn redeem(State(vault): State<Arc<Vault>>, body: Bytes) -> Result<Json<Descriptor>, NotDone> {
    let request: Redeem = parse(&body)?;
    let account = known_account(&vault, request.account.as_str()).await?;
    if let Some(instrument) = test_instrument(&vault, &account, &request.source) {
        return mint(&vault, &account, request.method.as_str(), instrument).await.map(Json);
    }
    let (account_id, source, method) =
        (account.id.as_str(), request.source.as_str(), request.method.as_str());
    let now_ms = vault.now_ms();
    let mut tx = vault.db.begin().await?;
    if source.starts_with("pm_") && source != method {
        let found = instruments::find_source(&mut tx, account_id, source).await?;
        let renamed = "a pm_ source is redeemed as the method of the same id";
        return Err(found.map_or_else(no_such_method, |_| NotDone::refused(RefusalCode::BadRequest, renamed)));
    }
    let redeemed = match instruments::redeem(&mut tx, account_id, source, method, now_ms).await {
        Err(DbError::Duplicate(_)) => return Err(source_used()),
        other => other?,
    };
    let row = match redeemed {
        Some(row) => row,
        None => kept_before(instruments::find_source(&mut tx, account_id, source).await?, method, now_ms)?,
    };
    // Opened before the commit: a record that does not open is not kept.
    let descriptor = descriptor_of(&vault, &account, row)?;
    tx.commit().await?;
    Ok(Json(descriptor))
}

/// The account, which the server must have told us of.
pub async fn known_account(vault: &Vault, id: &str) -> Result<Arc<Account>, NotDone> {
    let account = vault.accounts.get(&vault.db, id, vault.now_ms()).await?;
    account.ok_or_else(|| NotDone::refused(RefusalCode::NoSuchAccount, "no such account"))
}

/// The descriptor of a row.
pub fn descriptor_of(vault: &Vault, account: &Account, row: InstrumentRow) -> Result<Descriptor, NotDone> {
    let instrument = vault.open(account.id.as_str(), &row)?;
    let cvc_held = vault.cvcs.holds(&row.source_id, vault.now_ms());
    Ok(describe(instrument, row.fingerprint, cvc_held, account.livemode))
}

/// The refusal for what is not there, is somebody else's, or was destroyed: nobody can tell which.
pub fn no_such_method() -> NotDone {
    NotDone::refused(RefusalCode::NoSuchMethod, "no such source or method in this account")
}

fn test_instrument(vault: &Vault, account: &Account, source: &str) -> Option<Instrument> {
    if account.livemode { None } else { test_tokens::instrument(source, vault.clock.now()) }
}

/// Keeps a copy of a test card, once per method id.
async fn mint(
    vault: &Vault,
    account: &Account,
    method: &str,
    instrument: Instrument,
) -> Result<Descriptor, NotDone> {
    let account_id = account.id.as_str();
    let fingerprint = vault.fingerprint(account_id, &instrument);
    let sealed = vault.seal(account_id, method, &instrument)?;
    let new = NewInstrument {
        account: account_id,
        source_id: method,
        method_id: Some(method),
        record: &sealed.record,
        kek_version: sealed.kek_version,
        fingerprint: &fingerprint,
        expires_at: None,
    };
    let mut tx = vault.db.begin().await?;
    match instruments::insert(&mut tx, &new, vault.now_ms()).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(describe(instrument, fingerprint, false, account.livemode))
        }
        Err(DbError::Duplicate(_)) => {
            drop(tx);
            let mut tx = vault.db.read().await?;
            let row = instruments::find(&mut tx, account_id, method).await?;
            let same = |row: &InstrumentRow| {
                row.fingerprint == fingerprint && row.method_id.as_deref() == Some(method)
            };
            descriptor_of(vault, account, row.filter(same).ok_or_else(source_used)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// What an update that found nothing to redeem means.
fn kept_before(row: Option<InstrumentRow>, method: &str, now_ms: i64) -> Result<InstrumentRow, NotDone> {
    match row {
        None => Err(no_such_method()),
        Some(row) if row.method_id.as_deref() == Some(method) => Ok(row),
        Some(row) if row.method_id.is_none() && row.is_expired(now_ms) => Err(source_expired()),
        Some(_) => Err(source_used()),
    }
}

/// The refusal for a source that was not redeemed in time.
pub fn source_expired() -> NotDone {
    NotDone::refused(RefusalCode::SourceExpired, "the source lived its 15 minutes")
}

/// The refusal for a source that is kept under another id, or was charged before.
pub fn source_used() -> NotDone {
    NotDone::refused(RefusalCode::SourceUsed, "the source was used before, or another is kept under this id")
}
