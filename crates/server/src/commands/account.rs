//! `onfile account create`, `onfile account origin`, `onfile account notices`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use onfile_core::ids::{AccountId, Id};
use onfile_service::credentials::digest;
use onfile_service::db::Tx;
use serde_json::json;

use super::{CommandError, open, print};
use crate::app::App;
use crate::model::account::Account;
use crate::store::accounts::{self, AccountDoc, StoredAccount};
use crate::store::api_keys::{self, KeyKind};
use crate::vault_accounts;
use crate::wire::auth::new_key;
use onfile_service::origin::is_origin;

/// The longest name of a merchant.
const NAME_MAX: usize = 100;
/// How much of a key people are shown.
pub(super) const HINT: usize = 4;

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Creates an account with its keys. The secret key is shown once.
    Create {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The merchant's name, as customers read it.
        #[arg(long)]
        name: String,
        /// For real money; otherwise for tests.
        #[arg(long, conflicts_with = "demo")]
        live: bool,
        /// Lets the demo shop sell for it.
        #[arg(long)]
        demo: bool,
        /// If a test account of this name exists, makes a further secret key for it.
        #[arg(long)]
        new_key: bool,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Allows the pages of an origin (`https://shop.example`) to use the account's publishable keys.
    Origin {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// `acct_…`
        #[arg(long)]
        account: String,
        /// Scheme, host and port, without a path.
        #[arg(long)]
        add: String,
    },
    /// What customers are told by mail. Where a payment names an address for its receipt, that is always used.
    Notices {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// `acct_…`
        #[arg(long)]
        account: String,
        /// A receipt to the customer's own address for every invoice, and every other charge without them.
        #[arg(long)]
        receipts: Switch,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// What was made, or found.
struct Made {
    stored: StoredAccount,
    /// Shown once; none when the account was there.
    secret_key: Option<String>,
}

pub(super) async fn run(command: AccountCommand) -> Result<(), CommandError> {
    match command {
        AccountCommand::Create { config, name, live, demo, new_key, json } => {
            let app = open(&config).await?;
            let made = create(&app, &name, live, demo, new_key).await?;
            tell_vault(&app, &made.stored).await;
            show(&made, json);
            Ok(())
        }
        AccountCommand::Origin { config, account, add } => {
            let app = open(&config).await?;
            let stored = add_origin(&app, &account, &add).await?;
            tell_vault(&app, &stored).await;
            print(&format!("{add} may now use the publishable keys of {}", stored.account.name));
            Ok(())
        }
        AccountCommand::Notices { config, account, receipts } => {
            let app = open(&config).await?;
            set_receipts(&app, &account, receipts).await
        }
    }
}

async fn set_receipts(app: &App, account: &str, receipts: Switch) -> Result<(), CommandError> {
    let missing = || CommandError::Said(format!("there is no account {account}"));
    let id = AccountId::parse(account).ok_or_else(missing)?;
    let mut tx = app.db.begin().await?;
    let mut stored = accounts::lock(&mut tx, &id).await?.ok_or_else(missing)?;
    stored.doc.mail_receipts = matches!(receipts, Switch::On);
    accounts::save_doc(&mut tx, &id, &stored.doc).await?;
    tx.commit().await?;
    let word = if stored.doc.mail_receipts { "get" } else { "do not get" };
    print(&format!(
        "customers of {} {word} a receipt by mail for invoices and charges without them",
        stored.account.name
    ));
    Ok(())
}

async fn create(app: &App, name: &str, live: bool, demo: bool, again: bool) -> Result<Made, CommandError> {
    if name.trim().is_empty() || name.chars().count() > NAME_MAX {
        return Err(CommandError::Said(format!("a name has 1 to {NAME_MAX} characters")));
    }
    let mut tx = app.db.begin().await?;
    if !live && let Some(stored) = accounts::test_accounts_named(&mut tx, name).await?.into_iter().next() {
        let secret_key =
            if again { Some(add_key(&mut tx, app, &stored.account, KeyKind::Secret).await?) } else { None };
        tx.commit().await?;
        return Ok(Made { stored, secret_key });
    }
    let account = Account { id: app.ids.next(), name: name.to_owned(), livemode: live, demo };
    let publishable = new_key(&app.ids, &account, KeyKind::Publishable);
    let doc = AccountDoc {
        publishable_keys: vec![publishable.clone()],
        origins: vec![app.config.public.url.clone()],
        ..AccountDoc::default()
    };
    let stored = StoredAccount { account, doc };
    accounts::insert(&mut tx, &stored, app.now_ms()).await?;
    keep_key(&mut tx, app, &stored.account, KeyKind::Publishable, &publishable).await?;
    let secret = add_key(&mut tx, app, &stored.account, KeyKind::Secret).await?;
    tx.commit().await?;
    Ok(Made { stored, secret_key: Some(secret) })
}

async fn add_key(tx: &mut Tx, app: &App, account: &Account, kind: KeyKind) -> Result<String, CommandError> {
    let key = new_key(&app.ids, account, kind);
    keep_key(tx, app, account, kind, &key).await?;
    Ok(key)
}

async fn keep_key(
    tx: &mut Tx,
    app: &App,
    account: &Account,
    kind: KeyKind,
    key: &str,
) -> Result<(), CommandError> {
    let hint = key.get(key.len().saturating_sub(HINT)..).unwrap_or_default();
    Ok(api_keys::insert(tx, &account.id, &digest(key), kind, hint, app.now_ms()).await?)
}

async fn add_origin(app: &App, account: &str, origin: &str) -> Result<StoredAccount, CommandError> {
    if !is_origin(origin) {
        return Err(CommandError::Said(
            "an origin is https://HOST in lower case, with a port where it is not the usual one; http:// on this \
             machine only"
                .into(),
        ));
    }
    let missing = || CommandError::Said(format!("there is no account {account}"));
    let id = AccountId::parse(account).ok_or_else(missing)?;
    let mut tx = app.db.begin().await?;
    let mut stored = accounts::lock(&mut tx, &id).await?.ok_or_else(missing)?;
    if !stored.doc.origins.iter().any(|known| known == origin) {
        stored.doc.origins.push(origin.to_owned());
        accounts::save_doc(&mut tx, &id, &stored.doc).await?;
    }
    tx.commit().await?;
    Ok(stored)
}

/// The server tells the vault again at its start and from time to time, so that a vault that is down now is no reason
/// to fail.
async fn tell_vault(app: &App, stored: &StoredAccount) {
    if let Err(error) = vault_accounts::push(app, stored).await {
        tracing::warn!("the vault was not told yet; the server will: {error}");
    }
}

fn show(made: &Made, as_json: bool) {
    let account = &made.stored.account;
    let publishable = made.stored.doc.publishable_keys.first().map(String::as_str).unwrap_or_default();
    if as_json {
        let body = json!({
            "account": account.id.as_str(),
            "name": account.name,
            "livemode": account.livemode,
            "publishable_key": publishable,
            "secret_key": made.secret_key,
        });
        print(&body.to_string());
        return;
    }
    print(&format!(
        "account          {}\nname             {}\npublishable key  {publishable}",
        account.id, account.name
    ));
    match &made.secret_key {
        Some(key) => print(&format!("secret key       {key}\n\nThe secret key is shown this once. Keep it.")),
        None => print(
            "\nThe account was there. Its secret key was shown once, when it was made; --new-key makes another.",
        ),
    }
}
