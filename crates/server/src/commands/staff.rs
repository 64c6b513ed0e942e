//! `onfile staff link`

use std::path::PathBuf;

use clap::Subcommand;
use onfile_core::ids::{AccountId, Id, StaffId};
use onfile_service::db::Tx;
use serde_json::json;

use super::{CommandError, open, print};
use crate::app::App;
use crate::pages::Ticket;
use crate::store::accounts;
use crate::store::staff;

/// How long the first link of an account works: whoever installs may not be who signs in.
const FIRST_LINK_MS: i64 = 24 * 60 * 60 * 1000;
/// How long every other link works.
const LINK_MS: i64 = 15 * 60 * 1000;
/// The role of whoever the operator lets in.
const ADMIN: &str = "admin";

#[derive(Debug, Subcommand)]
pub(super) enum StaffCommand {
    /// Makes a link by which a member of staff signs in, once.
    Link {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Whose. Who is not there yet is added as administrator.
        #[arg(long)]
        email: String,
        /// `acct_…`; may be left out where there is one account.
        #[arg(long)]
        account: Option<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: StaffCommand) -> Result<(), CommandError> {
    let StaffCommand::Link { config, email, account, json } = command;
    let app = open(&config).await?;
    let url = link(&app, &email, account.as_deref()).await?;
    print(&if json { json!({ "url": url }).to_string() } else { url });
    Ok(())
}

async fn link(app: &App, email: &str, account: Option<&str>) -> Result<String, CommandError> {
    let email = email.trim().to_lowercase();
    if !email.contains('@') {
        return Err(CommandError::Said("an e-mail address has an @".into()));
    }
    let mut tx = app.db.begin().await?;
    let account = choose(&mut tx, account, &email).await?;
    let now_ms = app.now_ms();
    let lifetime = if staff::has_members(&mut tx, &account).await? { LINK_MS } else { FIRST_LINK_MS };
    let member = if let Some(member) = staff::by_email(&mut tx, &account, &email).await? {
        member
    } else {
        let member: StaffId = app.ids.next();
        staff::insert(&mut tx, &account, &member, &email, ADMIN, now_ms).await?;
        member
    };
    let ticket = Ticket::new(&account, &app.ids);
    staff::insert_link(&mut tx, &account, &ticket.digest(), member.as_str(), now_ms + lifetime).await?;
    tx.commit().await?;
    Ok(format!("{}/dashboard/sign-in?code={}", app.config.public.url, ticket.reveal()))
}

/// The account that was named, the only one, or the one in which this person is.
async fn choose(tx: &mut Tx, named: Option<&str>, email: &str) -> Result<AccountId, CommandError> {
    /// How many accounts are looked through for a person.
    const LOOKED_AT: u32 = 1_000;
    if let Some(named) = named {
        let missing = || CommandError::Said(format!("there is no account {named}"));
        let id = AccountId::parse(named).ok_or_else(missing)?;
        return Ok(accounts::load(tx, &id).await?.ok_or_else(missing)?.account.id);
    }
    let all = accounts::after(tx, "", LOOKED_AT).await?;
    if let [only] = all.as_slice() {
        return Ok(only.account.id.clone());
    }
    let mut found = Vec::new();
    for stored in &all {
        if staff::by_email(tx, &stored.account.id, email).await?.is_some() {
            found.push(stored.account.id.clone());
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(CommandError::Said("name the account with --account acct_…".into())),
    }
}
