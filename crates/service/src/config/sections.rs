//! The sections of the configuration file that all processes share.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::secret::Secret;

/// `[database]`: where the process keeps its state.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: DatabaseUrl,
}

/// Which database.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub enum DatabaseUrl {
    /// An `SQLite` file.
    Sqlite(PathBuf),
    /// A `PostgreSQL` connection string. A secret, since a password may be in it.
    Postgres(Secret),
}

impl TryFrom<String> for DatabaseUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Secret::new(text)));
        }
        match text.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            _ => Err("a database url is `sqlite:PATH` or `postgres://…`"),
        }
    }
}

/// `[listen]`: where requests come in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenConfig {
    /// `ADDRESS:PORT` (port 0 takes a free one) or `unix:PATH`.
    pub address: ListenAddress,
    /// `[listen.tls]`; may be left out on loopback and on unix sockets only.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
}

impl ListenConfig {
    /// A listener without TLS, which [`crate::listen::serve`] accepts on loopback and on unix sockets.
    pub fn plain(address: ListenAddress) -> Self {
        Self { address, tls: None }
    }
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ListenAddress {
    /// IP address and port.
    Tcp(SocketAddr),
    /// The path of a unix socket.
    Unix(PathBuf),
}

impl TryFrom<String> for ListenAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.strip_prefix("unix:") {
            Some("") => Err("a unix socket needs a path: `unix:PATH`"),
            Some(path) => Ok(Self::Unix(PathBuf::from(path))),
            None => text.parse().map(Self::Tcp).map_err(|_| "an address is `IP:PORT` or `unix:PATH`"),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// `[listen.tls]`: the server's certificate, and whose certificates clients must show.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file: the server's certificate, then the intermediate ones.
    pub certificate_file: PathBuf,
    /// PEM file, private to its owner: the key of the first certificate.
    pub key_file: PathBuf,
    /// PEM file of the authorities that must have signed a client's certificate. Set: no client without one (mutual
    /// TLS). Left out: clients show none.
    #[serde(default)]
    pub client_authority_file: Option<PathBuf>,
}

/// `[log]`: what is logged, and how. Logs go to standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level (`info`), or levels by target (`info,onfile_vault=debug`).
    #[serde(deserialize_with = "level")]
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text per event.
    Text,
    /// One JSON object per event and line.
    Json,
}

/// Checks the level while the line it stands on is still known.
fn level<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match crate::logs::filter(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(serde::de::Error::custom(error)),
    }
}
