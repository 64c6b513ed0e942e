//! The configuration files that `dev` writes. They are written anew at every start, since ports may change.

use std::path::Path;

use super::layout::{Layout, Ports, write_private};
use crate::failure::Outcome;

/// How long the processes wait for each other, in milliseconds.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is part of a quantity's name")]
pub struct Timeouts {
    /// The vault for the processor's answer.
    processor_ms: u32,
    /// The server for the vault's; longer than the vault's own, so that the vault's word arrives.
    vault_ms: u32,
    /// How long an operation that was sent belongs to its sender.
    lease_ms: u32,
    /// After how long a processor that knows nothing of an operation is believed.
    absent_is_final_after_ms: u32,
    /// The longest wait between two look-ups of an unknown outcome.
    check_delay_max_ms: u32,
    /// How long a merchant's own server may take to answer a webhook.
    webhook_ms: u32,
    /// How long the first wait after a failed webhook is.
    webhook_retry_ms: u32,
    /// How often bank debits are looked up: soon, since the sandbox's clock is moved by days in a moment.
    debit_check_ms: u32,
    /// How long it is waited after a charge that never reached a bank.
    outage_wait_ms: u32,
}

impl Timeouts {
    /// What an installation has by default, but for bank debits.
    pub const NORMAL: Self = Self {
        processor_ms: 30_000,
        vault_ms: 35_000,
        lease_ms: 60_000,
        absent_is_final_after_ms: 120_000,
        check_delay_max_ms: 86_400_000,
        webhook_ms: 10_000,
        webhook_retry_ms: 10_000,
        debit_check_ms: 5_000,
        outage_wait_ms: 300_000,
    };
    /// For fault tests, which wait for each of these to pass.
    pub const FAST: Self = Self {
        processor_ms: 2_000,
        vault_ms: 3_000,
        lease_ms: 4_000,
        absent_is_final_after_ms: 8_000,
        check_delay_max_ms: 2_000,
        webhook_ms: 2_000,
        webhook_retry_ms: 200,
        debit_check_ms: 500,
        outage_wait_ms: 2_000,
    };
}

/// Where the two databases are.
pub struct Databases {
    /// The server's URL.
    pub server: String,
    /// The vault's URL.
    pub vault: String,
}

impl Databases {
    /// One file each, in the folder of its process.
    pub fn sqlite(layout: &Layout) -> Self {
        let url = |file: &str| format!("sqlite:{}", layout.path(file).display());
        Self { server: url("server/onfile.db"), vault: url("vault/vault.db") }
    }
}

/// Writes `vault/vault.toml` and `server/onfile.toml`; `in_server` says whether the server does the work itself.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    layout: &Layout,
    ports: Ports,
    databases: &Databases,
    timeouts: Timeouts,
    in_server: bool,
) -> Outcome<()> {
    let vault = vault_toml(layout, ports, &databases.vault, timeouts);
    write_private(&layout.path("vault/vault.toml"), &vault)?;
    let server = server_toml(layout, ports, &databases.server, timeouts, in_server);
    write_private(&layout.path("server/onfile.toml"), &server)
}

fn vault_toml(layout: &Layout, ports: Ports, database: &str, timeouts: Timeouts) -> String {
    let path = |relative| quoted_path(&layout.path(relative));
    format!(
        "# Written by `cargo xtask dev` at every start.\n\
         [database]\nurl = {database}\n\n\
         [keys]\ndir = {keys}\n\n\
         [public]\naddress = \"127.0.0.1:{port}\"\nurl = {url}\n\n\
         [internal]\nsocket = {socket}\ncredential_file = {service}\n\n\
         [processors.sandbox]\nurl = {sandbox}\ncredential_file = {processor}\ntimeout_ms = {timeout}\n\n\
         [log]\nformat = \"text\"\nlevel = \"info\"\n",
        database = quoted(database),
        keys = path("keys/vault"),
        port = ports.vault(),
        url = quoted(&ports.vault_url()),
        socket = path("run/vault.sock"),
        service = path("keys/link/service.credential"),
        sandbox = quoted(&ports.sandbox_url()),
        processor = path("keys/link/sandbox.credential"),
        timeout = timeouts.processor_ms,
    )
}

fn server_toml(layout: &Layout, ports: Ports, database: &str, timeouts: Timeouts, in_server: bool) -> String {
    let path = |relative| quoted_path(&layout.path(relative));
    format!(
        "# Written by `cargo xtask dev` at every start.\n\
         [database]\nurl = {database}\n\n\
         [keys]\ndir = {keys}\n\n\
         [listen]\naddress = \"127.0.0.1:{port}\"\n\n\
         [public]\nurl = {url}\n\n\
         [vault]\nsocket = {socket}\ncredential_file = {service}\nurl = {vault}\ntimeout_ms = {timeout}\n\n\
         [processing]\nlease_ms = {lease}\nabsent_is_final_after_ms = {absent}\ncheck_delay_max_ms = {check}\n\
         pending_check_ms = {debit}\nreturn_check_ms = {debit}\noutage_wait_ms = {outage}\n\n\
         [work]\nin_server = {in_server}\n\n\
         [mail]\nhost = \"127.0.0.1\"\nport = {mail}\ntls = \"none\"\nfrom = \"receipts@demo.example\"\n\n\
         [webhooks]\ntimeout_ms = {webhook}\nretry_delay_ms = {webhook_retry}\n\n\
         [log]\nformat = \"text\"\nlevel = \"info\"\n",
        database = quoted(database),
        keys = path("keys/server"),
        port = ports.server(),
        url = quoted(&ports.server_url()),
        socket = path("run/vault.sock"),
        service = path("keys/link/service.credential"),
        vault = quoted(&ports.vault_url()),
        timeout = timeouts.vault_ms,
        lease = timeouts.lease_ms,
        absent = timeouts.absent_is_final_after_ms,
        check = timeouts.check_delay_max_ms,
        mail = ports.mail(),
        webhook = timeouts.webhook_ms,
        webhook_retry = timeouts.webhook_retry_ms,
        debit = timeouts.debit_check_ms,
        outage = timeouts.outage_wait_ms,
    )
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// A TOML basic string; the escapes are the library's affair.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_toml_whatever_the_folder_is_called() {
        let layout = Layout::at(Path::new("/tmp/a \"b\" \\ c\u{7f}")).unwrap();
        let ports = Ports::from_base(5000).unwrap();
        let databases = Databases::sqlite(&layout);
        let vault: toml::Table =
            vault_toml(&layout, ports, &databases.vault, Timeouts::NORMAL).parse().unwrap();
        let server: toml::Table =
            server_toml(&layout, ports, &databases.server, Timeouts::FAST, false).parse().unwrap();
        assert_eq!(vault["keys"]["dir"].as_str().unwrap(), layout.path("keys/vault").to_str().unwrap());
        assert_eq!(vault["public"]["url"].as_str(), Some("http://127.0.0.1:5001"));
        assert_eq!(vault["processors"]["sandbox"]["timeout_ms"].as_integer(), Some(30_000));
        assert_eq!(server["vault"]["socket"], vault["internal"]["socket"]);
        assert_eq!(server["vault"]["credential_file"], vault["internal"]["credential_file"]);
        assert_eq!(server["vault"]["timeout_ms"].as_integer(), Some(3_000));
        assert_eq!(server["mail"]["port"].as_integer(), Some(5_003));
        assert_eq!(server["work"]["in_server"].as_bool(), Some(false));
    }

    #[test]
    fn keys_and_the_database_they_open_are_apart() {
        let layout = Layout::at(Path::new("/tmp/data")).unwrap();
        let ports = Ports::from_base(5000).unwrap();
        let databases = Databases::sqlite(&layout);
        let write = |text: String| text.parse::<toml::Table>().unwrap();
        for config in [
            write(vault_toml(&layout, ports, &databases.vault, Timeouts::NORMAL)),
            write(server_toml(&layout, ports, &databases.server, Timeouts::NORMAL, true)),
        ] {
            let database = config["database"]["url"].as_str().unwrap().strip_prefix("sqlite:").unwrap();
            let keys = config["keys"]["dir"].as_str().unwrap();
            assert!(!Path::new(database).starts_with(keys));
            assert_ne!(Path::new(database).parent(), Path::new(keys).parent());
        }
    }
}
