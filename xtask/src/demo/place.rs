//! Where the demo plays: a `cargo xtask dev` that runs, or one that is started for it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::api::Client;
use crate::dev::layout::Layout;
use crate::failure::{Context, Failure, Outcome};
use crate::process::{self, Interrupt};
use crate::toolchain;

/// How long an installation of our own may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// How many neighbouring ports an installation takes.
const PORTS: u16 = 10;
/// How often free ports are looked for.
const PORT_TRIES_MAX: usize = 50;

/// An installation that runs.
pub struct Place {
    /// The API's address.
    pub api: String,
    /// The stand-in processor's address.
    pub sandbox: String,
    /// The merchant's secret key.
    pub secret_key: String,
    /// The merchant's account, which is also the merchant in the processor's ledger.
    pub account: String,
    /// What the stand-in processor is called with.
    pub sandbox_credential: String,
    own: Option<Own>,
}

/// An installation of our own; ends with this value.
struct Own {
    child: Child,
    _folder: TempDir,
}

impl Drop for Own {
    fn drop(&mut self) {
        process::stop(&mut self.child, Signal::INT, STOP_PATIENCE);
    }
}

/// The installation that runs in this folder, or in the default one. None when none runs and none was named.
///
/// # Errors
/// When a folder is named and nothing runs there.
pub fn running(dir: Option<&Path>) -> Outcome<Option<Place>> {
    let folder = dir.map_or_else(|| toolchain::root().join("dev-data"), Path::to_path_buf);
    let found = Layout::at(&folder).and_then(|layout| kept(&layout));
    let reached = found.and_then(|place| {
        Client::new(&place.api, &place.secret_key).get("/v1/account", &[])?;
        Ok(place)
    });
    match reached {
        Ok(place) => Ok(Some(place)),
        Err(why) if dir.is_some() => {
            Err(Failure::new(format!("no `cargo xtask dev` runs in {}: {why}", folder.display())))
        }
        Err(_) => Ok(None),
    }
}

/// What `dev` keeps in its folder.
fn kept(layout: &Layout) -> Outcome<Place> {
    let read = |path: &str| {
        let path = layout.path(path);
        fs::read_to_string(&path).context(path.display())
    };
    let table = |path: &str| read(path)?.parse::<toml::Table>().context(path);
    let (server, vault) = (table("server/onfile.toml")?, table("vault/vault.toml")?);
    let text = |table: &toml::Table, keys: &[&str]| {
        let mut at = Some(&toml::Value::Table(table.clone())).cloned();
        for key in keys {
            at = at.and_then(|value| value.get(key).cloned());
        }
        at.and_then(|value| value.as_str().map(str::to_owned))
            .ok_or_else(|| Failure::new(format!("the configuration has no {}", keys.join("."))))
    };
    let database = text(&server, &["database", "url"])?;
    let database = if database.starts_with("sqlite:") { "sqlite" } else { "postgres" };
    let keys: Value = serde_json::from_str(&read("dev.json")?).context("dev.json")?;
    let key = |name: &str| field(keys.get(database).unwrap_or(&Value::Null), name);
    Ok(Place {
        api: text(&server, &["public", "url"])?,
        sandbox: text(&vault, &["processors", "sandbox", "url"])?,
        secret_key: key("secret_key")?,
        account: key("account")?,
        sandbox_credential: read("keys/link/sandbox.credential")?.trim().to_owned(),
        own: None,
    })
}

impl Place {
    /// Starts an installation in a temporary folder.
    ///
    /// # Errors
    /// When it cannot be built or started.
    pub fn start(release: bool, no_build: bool, interrupt: &Interrupt) -> Outcome<Self> {
        interrupt.check()?;
        let folder = tempfile::tempdir().context("making a temporary folder")?;
        let data = folder.path().join("data");
        let program = std::env::current_exe().context("finding our own program")?;
        let mut command = process::tethered(&program)?;
        command.args(["dev", "--json", "--fresh", "--timeouts", "fast", "--dir"]).arg(&data);
        command.args(["--port-base", &free_ports()?.to_string()]);
        command.args(release.then_some("--release")).args(no_build.then_some("--no-build"));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting `cargo xtask dev`")?;
        let output = child.stdout.take();
        let own = Own { child, _folder: folder };
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line).context("reading from `cargo xtask dev`")?;
        }
        interrupt.check()?;
        let ready: Value = serde_json::from_str(&line)
            .map_err(|_| Failure::new("`cargo xtask dev` ended before it was ready"))?;
        let place = kept(&Layout::at(Path::new(&field(&ready, "dir")?))?)?;
        Ok(Self { own: Some(own), ..place })
    }

    /// Whose it is, for a person.
    pub fn origin(&self) -> &'static str {
        if self.own.is_some() { "started for this, and ended with it" } else { "it was running" }
    }
}

fn field(value: &Value, name: &str) -> Outcome<String> {
    let text = value.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Failure::new(format!("`cargo xtask dev` said no {name}")))
}

/// The first of [`PORTS`] neighbouring ports that nobody has at this moment.
fn free_ports() -> Outcome<u16> {
    let any = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|bound| bound.local_addr());
    for _ in 0..PORT_TRIES_MAX {
        let base = any().context("looking for free ports")?.port();
        let Some(end) = base.checked_add(PORTS) else { continue };
        if (base..end).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return Ok(base);
        }
    }
    Err(Failure::new("there are no free ports"))
}
