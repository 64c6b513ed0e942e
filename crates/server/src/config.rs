//! `onfile.toml`.

pub mod mail;

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use onfile_core::retries::RetryPolicy;
use onfile_service::config::{
    ConfigError, DatabaseConfig, DatabaseUrl, ListenAddress, ListenConfig, LogConfig,
};
use serde::Deserialize;

use self::mail::MailConfig;
use onfile_service::origin::is_origin;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[database]`
    pub database: DatabaseConfig,
    /// `[keys]`
    pub keys: KeysConfig,
    /// `[listen]`
    pub listen: ListenConfig,
    /// `[public]`
    pub public: PublicConfig,
    /// `[vault]`
    pub vault: VaultConfig,
    /// `[processing]`
    #[serde(default)]
    pub processing: ProcessingConfig,
    /// `[work]`
    #[serde(default)]
    pub work: WorkConfig,
    /// `[mail]`; without it no mail is sent.
    pub mail: Option<MailConfig>,
    /// `[webhooks]`
    #[serde(default)]
    pub webhooks: WebhooksConfig,
    /// `[log]`
    #[serde(default)]
    pub log: LogConfig,
}

/// `[keys]`: what encrypts stored answers and events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// The folder of key-encryption keys, never the database's.
    pub dir: PathBuf,
}

/// `[public]`: where customers and merchants reach us.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicConfig {
    /// For example `https://pay.shop.example`, without a path; a slash at the end is dropped.
    #[serde(deserialize_with = "base_url")]
    pub url: String,
}

/// `[vault]`: how to reach the vault.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawVaultConfig")]
pub struct VaultConfig {
    /// Its internal listener.
    pub link: VaultLink,
    /// The file with the credential that we show to it.
    pub credential_file: PathBuf,
    /// Where browsers reach it.
    pub url: String,
    /// How long we wait for an answer, in milliseconds: longer than the vault waits for a processor.
    pub timeout_ms: u64,
}

/// The two ways to the vault.
#[derive(Debug, PartialEq, Eq)]
pub enum VaultLink {
    /// A unix socket on this machine.
    Socket(PathBuf),
    /// Mutual TLS.
    Tls {
        /// `https://HOST:PORT`
        address: String,
        /// PEM: who signs the vault's certificate.
        authority_file: PathBuf,
        /// PEM: our certificate.
        certificate_file: PathBuf,
        /// PEM: our key.
        key_file: PathBuf,
    },
}

/// `[processing]`: how long things may take before somebody else looks after them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessingConfig {
    /// How long an operation that was sent belongs to its sender, and an import or due work to who claimed it, in
    /// milliseconds.
    pub lease_ms: i64,
    /// After how many milliseconds a processor that knows nothing of an operation is believed.
    pub absent_is_final_after_ms: i64,
    /// The longest wait between two look-ups of an unknown outcome, in milliseconds.
    pub check_delay_max_ms: i64,
    /// How often a bank debit that is pending is looked up, in milliseconds.
    pub pending_check_ms: i64,
    /// How often a settled bank debit, which may still come back, is looked up, in milliseconds.
    pub return_check_ms: i64,
    /// How long it is waited after a charge that never reached a bank, before it is tried again, in milliseconds; after
    /// each further one twice as long. What is less than a second or more than twelve hours counts as that.
    pub outage_wait_ms: i64,
}

impl ProcessingConfig {
    /// When debts are tried again.
    pub fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::default().with_outage_wait(SignedDuration::from_millis(self.outage_wait_ms))
    }
}

impl Default for ProcessingConfig {
    fn default() -> Self {
        Self {
            lease_ms: 60_000,
            absent_is_final_after_ms: 120_000,
            check_delay_max_ms: 86_400_000,
            pending_check_ms: 3_600_000,
            return_check_ms: 86_400_000,
            outage_wait_ms: 300_000,
        }
    }
}

/// `[work]`: who does what goes on in the background (runs, retries, look-ups, mail, webhooks).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkConfig {
    /// Whether `onfile serve` does it. Where it does not, at least one `onfile work` has to run: on `PostgreSQL` alone.
    pub in_server: bool,
    /// Where `onfile work` answers `GET /health`, on loopback or a unix socket; nowhere when left out.
    pub health: Option<ListenAddress>,
}

impl Default for WorkConfig {
    fn default() -> Self {
        Self { in_server: true, health: None }
    }
}

/// `[webhooks]`: events on their way to merchants' own servers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// Whether endpoints of test accounts may be plain `http`, on this machine and in private networks. Those of live
    /// accounts never may.
    pub allow_private_in_test_mode: bool,
    /// Ports that endpoints of live accounts may have.
    pub ports: Vec<u16>,
    /// How long a receiver may take for its whole answer, in milliseconds; a minute at most.
    #[serde(deserialize_with = "webhook_timeout")]
    pub timeout_ms: u64,
    /// How long the first wait after a failed try is, in milliseconds; each further one is three times as long.
    #[serde(deserialize_with = "not_negative")]
    pub retry_delay_ms: i64,
    /// After how many milliseconds without a success an endpoint is disabled.
    #[serde(deserialize_with = "not_negative")]
    pub disable_after_ms: i64,
}

/// The longest time that a receiver may be given, in milliseconds.
const WEBHOOK_TIMEOUT_MAX_MS: u64 = 60_000;

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            allow_private_in_test_mode: true,
            ports: vec![443],
            timeout_ms: 10_000,
            retry_delay_ms: 10_000,
            disable_after_ms: 432_000_000,
        }
    }
}

fn webhook_timeout<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let ms = u64::deserialize(deserializer)?;
    if (1..=WEBHOOK_TIMEOUT_MAX_MS).contains(&ms) {
        return Ok(ms);
    }
    Err(serde::de::Error::custom(format!("must be 1 to {WEBHOOK_TIMEOUT_MAX_MS} milliseconds")))
}

fn not_negative<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let ms = i64::deserialize(deserializer)?;
    if ms >= 0 { Ok(ms) } else { Err(serde::de::Error::custom("must not be negative")) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVaultConfig {
    socket: Option<PathBuf>,
    address: Option<String>,
    tls: Option<RawVaultTls>,
    credential_file: PathBuf,
    #[serde(deserialize_with = "base_url")]
    url: String,
    #[serde(default = "timeout_default")]
    timeout_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the settings' names are the fields' names")]
struct RawVaultTls {
    authority_file: PathBuf,
    certificate_file: PathBuf,
    key_file: PathBuf,
}

impl TryFrom<RawVaultConfig> for VaultConfig {
    type Error = &'static str;

    fn try_from(raw: RawVaultConfig) -> Result<Self, Self::Error> {
        let link = match (raw.socket, raw.address, raw.tls) {
            (Some(path), None, None) => VaultLink::Socket(path),
            (None, Some(address), Some(tls)) if address.starts_with("https://") => VaultLink::Tls {
                address: address.trim_end_matches('/').to_owned(),
                authority_file: tls.authority_file,
                certificate_file: tls.certificate_file,
                key_file: tls.key_file,
            },
            _ => return Err("[vault] needs either `socket`, or `address` (https://…) with [vault.tls]"),
        };
        Ok(Self { link, credential_file: raw.credential_file, url: raw.url, timeout_ms: raw.timeout_ms })
    }
}

fn timeout_default() -> u64 {
    35_000
}

/// A URL without anything after the port, so that paths can be appended.
fn base_url<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let base = text.trim_end_matches('/');
    if is_origin(base) {
        return Ok(base.to_owned());
    }
    Err(serde::de::Error::custom(
        "a base url is `https://HOST` in lower case, or `http://localhost:PORT` on this machine, without a path",
    ))
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// Names file, line and key.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        onfile_service::config::load(path)
    }

    /// Whether the database belongs to one process: an `SQLite` file has one writer, whose commits are shared within the
    /// process. An operator's command may come in between; a second process that writes all day would stand in its way.
    pub fn has_one_node(&self) -> bool {
        matches!(self.database.url, DatabaseUrl::Sqlite(_))
    }

    /// The database's URL as [`onfile_service::db::Db::open`] takes it. It may hold a password.
    pub fn database_url(&self) -> String {
        match &self.database.url {
            DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            DatabaseUrl::Postgres(url) => url.expose_secret().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[database]\nurl = \"sqlite:/d/onfile.db\"\n[keys]\ndir = \"/k\"\n[listen]\naddress = \
        \"127.0.0.1:4242\"\n[public]\nurl = \"http://localhost:4242/\"\n[vault]\nsocket = \"/r/v.sock\"\n\
        credential_file = \"/k/c\"\nurl = \"http://127.0.0.1:4243\"\n";

    fn parse(text: &str) -> Result<Config, ConfigError> {
        onfile_service::config::parse(Path::new("onfile.toml"), text)
    }

    #[test]
    fn what_may_be_left_out_has_a_default_and_urls_lose_their_slash() {
        let config = parse(GOOD).unwrap();
        assert_eq!(config.public.url, "http://localhost:4242");
        assert_eq!(config.vault.link, VaultLink::Socket("/r/v.sock".into()));
        assert_eq!(config.vault.timeout_ms, 35_000);
        assert_eq!(config.processing.lease_ms, 60_000);
        assert!(config.mail.is_none());
        assert!(config.work.in_server && config.work.health.is_none());
    }

    #[test]
    fn the_vault_is_reached_in_exactly_one_way_and_never_in_clear_over_a_network() {
        let socket = "socket = \"/r/v.sock\"";
        let tls = "[vault.tls]\nauthority_file = \"a\"\ncertificate_file = \"b\"\nkey_file = \"c\"\n";
        let https = "address = \"https://vault:1\"";
        assert!(parse(&format!("{}{tls}", GOOD.replace(socket, https))).is_ok());
        for bad in [
            GOOD.replace(socket, ""),
            GOOD.replace(socket, https),
            format!("{GOOD}{tls}"),
            format!("{}{tls}", GOOD.replace(socket, "address = \"http://vault:1\"")),
            format!("{}{tls}", GOOD.replace(socket, &format!("{socket}\n{https}"))),
            GOOD.replace("http://localhost:4242/", "localhost:4242"),
            GOOD.replace("http://localhost:4242/", "https://a/b"),
            GOOD.replace("http://localhost:4242/", "http://pay.shop.example"),
            GOOD.replace("http://127.0.0.1:4243", "http://cards.shop.example"),
            format!("{GOOD}[processing]\nlease = 1\n"),
            format!("{GOOD}[work]\nhealth = \"somewhere\"\n"),
            format!("{GOOD}[webhooks]\ntimeout_ms = 0\n"),
            format!("{GOOD}[webhooks]\ntimeout_ms = 60001\n"),
            format!("{GOOD}[webhooks]\nretry_delay_ms = -1\n"),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }
}
