//! `onfile keys list`, `onfile keys revoke`

use std::path::PathBuf;

use clap::Subcommand;
use onfile_core::ids::{AccountId, Id};

use super::account::HINT;
use super::{CommandError, open, print};
use crate::store::{accounts, api_keys};
use crate::vault_accounts;

/// How many keys are listed.
const LISTED: u32 = 100;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Lists an account's keys by their last four characters.
    List {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// `acct_…`
        #[arg(long)]
        account: String,
    },
    /// Revokes a key. It stops working within a second.
    Revoke {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// `acct_…`
        #[arg(long)]
        account: String,
        /// Its last four characters.
        #[arg(long)]
        ending: String,
    },
}

pub(super) async fn run(command: KeysCommand) -> Result<(), CommandError> {
    match command {
        KeysCommand::List { config, account } => {
            let app = open(&config).await?;
            for key in api_keys::list(&mut app.db.read().await?, &account_id(&account)?, LISTED).await? {
                let state = if key.revoked.is_some() { "revoked" } else { "works" };
                print(&format!("…{}  {:<11}  {state}", key.hint, key.kind));
            }
            Ok(())
        }
        KeysCommand::Revoke { config, account, ending } => {
            if ending.chars().count() != HINT {
                return Err(CommandError::Said(format!("name the key by its last {HINT} characters")));
            }
            let app = open(&config).await?;
            let id = account_id(&account)?;
            let mut tx = app.db.begin().await?;
            let revoked = api_keys::revoke(&mut tx, &id, &ending, app.now_ms()).await?;
            let stored = accounts::lock(&mut tx, &id).await?;
            let mut stored =
                stored.ok_or_else(|| CommandError::Said(format!("there is no account {account}")))?;
            stored.doc.publishable_keys.retain(|key| !key.ends_with(&ending));
            accounts::save_doc(&mut tx, &id, &stored.doc).await?;
            tx.commit().await?;
            if let Err(error) = vault_accounts::push(&app, &stored).await {
                tracing::warn!("the vault was not told yet; the server will: {error}");
            }
            if revoked == 0 {
                return Err(CommandError::Said(format!("no working key of {account} ends with {ending}")));
            }
            print(&format!("keys revoked: {revoked}"));
            Ok(())
        }
    }
}

fn account_id(text: &str) -> Result<AccountId, CommandError> {
    AccountId::parse(text).ok_or_else(|| CommandError::Said(format!("there is no account {text}")))
}
