//! The demo merchant and the way in for its staff, made by the server's own commands.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use super::layout::{Layout, write_private};
use crate::failure::{Context, Failure, Outcome};
use crate::process;

/// Who signs in to the dashboard.
const STAFF_EMAIL: &str = "admin@demo.example";
/// What the demo merchant is called.
const MERCHANT_NAME: &str = "Demo Telecom";
/// A secret key is shown once, when it is made; this file keeps the demo's for the next start.
const KEPT: &str = "dev.json";

/// The demo merchant's account and keys.
pub struct Demo {
    /// `acct_…`
    pub account: String,
    /// `sk_test_…`
    pub secret_key: String,
    /// `pk_test_…`
    pub publishable_key: String,
}

/// Creates the demo merchant, or finds the one of an earlier start.
///
/// # Errors
/// When the command fails, or the account exists but its secret key was not kept.
pub fn demo(layout: &Layout, onfile: &Path, database: &str) -> Outcome<Demo> {
    let printed = process::output(
        Command::new(onfile)
            .args(["account", "create", "--config"])
            .arg(layout.path("server/onfile.toml"))
            .args(["--name", MERCHANT_NAME, "--demo", "--json"]),
    )?;
    let answer: Value = serde_json::from_str(printed.trim()).context("output of `onfile account create`")?;
    let path = layout.path(KEPT);
    let mut kept: Map<String, Value> = match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).context(path.display())?,
        Err(_) => Map::new(),
    };
    let demo = combine(&answer, kept.get(database))?;
    let entry = json!({
        "account": demo.account,
        "secret_key": demo.secret_key,
        "publishable_key": demo.publishable_key,
    });
    kept.insert(database.to_owned(), entry);
    write_private(&path, &format!("{:#}\n", Value::Object(kept)))?;
    Ok(demo)
}

/// What the command says wins; the secret key, which it says once, is taken from what was kept for the same account.
fn combine(answer: &Value, kept: Option<&Value>) -> Outcome<Demo> {
    let said = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let account = said("account").ok_or_else(|| Failure::new("`onfile account create` named no account"))?;
    let same = kept.filter(|kept| kept.get("account").and_then(Value::as_str) == Some(&account));
    let recalled =
        |name: &str| same.and_then(|kept| kept.get(name)).and_then(Value::as_str).map(str::to_owned);
    let key = |name: &str| {
        said(name).or_else(|| recalled(name)).ok_or_else(|| {
            Failure::new(format!(
                "the demo merchant's {name} was shown once and not kept; start over with --fresh"
            ))
        })
    };
    Ok(Demo { secret_key: key("secret_key")?, publishable_key: key("publishable_key")?, account })
}

/// The command that makes a sign-in link for the dashboard, for running it here and for showing it.
pub fn staff_link_command(layout: &Layout, onfile: &Path) -> Command {
    let mut command = Command::new(onfile);
    command.args(["staff", "link", "--config"]).arg(layout.path("server/onfile.toml"));
    command.args(["--email", STAFF_EMAIL]);
    command
}

/// Makes a sign-in link that works once.
///
/// # Errors
/// When the command fails or prints no link.
pub fn staff_link(layout: &Layout, onfile: &Path) -> Outcome<String> {
    let printed = process::output(staff_link_command(layout, onfile).arg("--json"))?;
    let answer: Value = serde_json::from_str(printed.trim()).context("output of `onfile staff link`")?;
    let url = answer.get("url").and_then(Value::as_str);
    url.map(str::to_owned).ok_or_else(|| Failure::new("`onfile staff link` printed no link"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_key_is_recalled_for_its_own_account_only() {
        let first = json!({"account": "acct_1", "secret_key": "sk_test_1", "publishable_key": "pk_test_1"});
        let again = json!({"account": "acct_1", "secret_key": null, "publishable_key": "pk_test_1"});
        let other = json!({"account": "acct_2", "secret_key": null, "publishable_key": "pk_test_2"});
        for (answer, kept, want) in [
            (&first, None, Some("sk_test_1")),
            (&again, Some(&first), Some("sk_test_1")),
            (&again, None, None),
            (&other, Some(&first), None),
            (&first, Some(&other), Some("sk_test_1")),
        ] {
            let got = combine(answer, kept).ok().map(|demo| demo.secret_key);
            assert_eq!(got.as_deref(), want, "{answer} {kept:?}");
        }
    }
}
