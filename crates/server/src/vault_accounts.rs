//! The vault is told of every account: when one changes, at start, and from time to time, since calls go only this
//! way and a vault may have been restored from a backup.

use std::sync::Arc;
use std::time::Duration;

use onfile_core::ids::Id;
use onfile_core::vault_contract::PutAccount;
use onfile_service::db::DbError;

use crate::app::App;
use crate::store::accounts::{self, StoredAccount};
use crate::vault_client::VaultError;

/// How often everything is told again.
const EVERY: Duration = Duration::from_mins(5);
/// How soon after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How many accounts are read at a time.
const PAGE: u32 = 100;

/// Tells of one account.
///
/// # Errors
/// When the vault cannot be reached.
pub async fn push(app: &App, stored: &StoredAccount) -> Result<(), VaultError> {
    let mut origins = stored.doc.origins.clone();
    // Our own pages embed the frame.
    if !origins.contains(&app.config.public.url) {
        origins.push(app.config.public.url.clone());
    }
    let account = &stored.account;
    let request = PutAccount {
        account: account.id.clone(),
        name: account.name.clone(),
        livemode: account.livemode,
        publishable_keys: stored.doc.publishable_keys.clone(),
        origins,
    };
    app.vault.put_account(&request).await
}

/// Why not everything was told.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Tells of all accounts, until the process is told to stop.
pub async fn run(app: Arc<App>) {
    while !app.shutdown.is_requested() {
        let rest = match push_all(&app).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!("the vault was not told of the accounts; trying again: {error}");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = app.shutdown.requested() => {}
        }
    }
}

/// Tells of all accounts once.
///
/// # Errors
/// When the vault or the database cannot be reached.
pub async fn push_all(app: &App) -> Result<(), PushError> {
    let mut last = String::new();
    loop {
        let page = accounts::after(&mut app.db.read().await?, &last, PAGE).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last = end.account.id.as_str().to_owned();
        for stored in &page {
            match push(app, stored).await {
                // It would be refused again. The others must not wait for it: what is told may be that a key is revoked.
                Err(VaultError::Refused(refusal)) => {
                    let account = stored.account.id.as_str();
                    tracing::error!(account, why = refusal.message, "the vault does not take this account");
                }
                other => other?,
            }
        }
    }
}
