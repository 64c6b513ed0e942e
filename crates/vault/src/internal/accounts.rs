//! `POST /internal/v1/accounts`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use onfile_core::ids::Id;
use onfile_core::vault_contract::{PutAccount, RefusalCode};

use super::answer::{NotDone, parse};
use crate::accounts::refuse;
use crate::store;
use crate::vault::Vault;

/// Makes an account what the server says it is.
pub async fn put(State(vault): State<Arc<Vault>>, body: Bytes) -> Result<StatusCode, NotDone> {
    let put: PutAccount = parse(&body)?;
    if let Some(why) = refuse(&put) {
        return Err(NotDone::Refused(RefusalCode::BadRequest, why));
    }
    let mut tx = vault.db.begin().await?;
    store::accounts::replace(&mut tx, &put, vault.now_ms()).await?;
    tx.commit().await?;
    vault.accounts.forget(put.account.as_str());
    Ok(StatusCode::NO_CONTENT)
}
