//! The configuration file, and a vault made from it.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onfile_core::ids::IdSource;
use onfile_core::random::Random;
use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::config::{
    DatabaseConfig, DatabaseUrl, ListenAddress, ListenConfig, LogConfig, SecretFileError, TlsConfig,
    read_secret_file,
};
use onfile_service::db::{Db, DbError};
use onfile_service::fingerprint::Fingerprints;
use onfile_service::keyring::{FileKeys, KeyFilesError, refuse_shared_directory};
use reqwest::Url;
use serde::Deserialize;

use crate::forward::processors::{ProcessorError, Processors};
use crate::vault::Vault;

/// How long a processor may take, unless the configuration says otherwise: issuers are slow, and a time-out leaves an
/// unknown outcome behind.
const TIMEOUT_MS_DEFAULT: u64 = 50_000;
/// The file in the folder of keys that names this vault. Records are sealed to the name: it is backed up with the keys.
const NAME_FILE: &str = "vault.name";
/// Random bytes in a vault's name.
const NAME_BYTES: usize = 12;

/// `vault.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[database]`.
    pub database: DatabaseConfig,
    /// `[keys]`.
    pub keys: KeysConfig,
    /// `[public]`.
    pub public: PublicConfig,
    /// `[internal]`.
    pub internal: InternalConfig,
    /// `[processors.NAME]`.
    #[serde(default)]
    pub processors: BTreeMap<String, ProcessorConfig>,
    /// `[log]`.
    #[serde(default)]
    pub log: LogConfig,
}

/// `[keys]`: where the keys lie. Never together with the database.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// The folder.
    pub dir: PathBuf,
}

/// `[public]`: the listener for browsers and apps.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicConfig {
    /// `IP:PORT`.
    pub address: ListenAddress,
    /// How browsers reach it, for example `https://cards.shop.example`.
    pub url: String,
    /// Certificate chain; may be left out on loopback, or behind a proxy on the same machine.
    #[serde(default)]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key.
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
}

/// `[internal]`: the listener for `onfile`: a unix socket, or an address with mutual TLS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalConfig {
    /// Path of the unix socket.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// `IP:PORT`, in place of a socket.
    #[serde(default)]
    pub address: Option<ListenAddress>,
    /// Certificate chain.
    #[serde(default)]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key.
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
    /// Who must have signed the client's certificate.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// File with the service credential.
    pub credential_file: PathBuf,
}

/// `[processors.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessorConfig {
    /// Base URL.
    pub url: String,
    /// File with our credential there.
    pub credential_file: PathBuf,
    /// How long one request may take, in milliseconds.
    #[serde(default = "timeout_ms_default")]
    pub timeout_ms: u64,
}

fn timeout_ms_default() -> u64 {
    TIMEOUT_MS_DEFAULT
}

/// Why a vault cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listeners' settings contradict each other.
    #[error("{0}")]
    Setting(&'static str),
    /// The keys.
    #[error("the keys cannot be used; `onfile-vault init` makes missing ones")]
    Keys(#[from] KeyFilesError),
    /// The vault's name.
    #[error("cannot use {path}; `onfile-vault init` makes it")]
    Name {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The service credential.
    #[error("`internal.credential_file` cannot be used")]
    Credential(#[from] SecretFileError),
    /// The database.
    #[error("the database cannot be used")]
    Db(#[from] DbError),
    /// A processor.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
}

impl Config {
    /// Makes the keys that are missing. Answers what was done, one line each.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn init(&self, random: &dyn Random) -> Result<Vec<String>, StartError> {
        let dir = &self.keys.dir;
        let mut said = Vec::new();
        let mut note = |what: &str, made: Result<(), KeyFilesError>| match made {
            Ok(()) => {
                said.push(format!("made {what} in {}", dir.display()));
                Ok(())
            }
            Err(KeyFilesError::Exists { path }) => {
                said.push(format!("kept {what}: {} exists", path.display()));
                Ok(())
            }
            Err(error) => Err(error),
        };
        note("the first key-encryption key", FileKeys::create_first(dir, random).map(|_| ()))?;
        note("the fingerprint key", Fingerprints::create_first(dir, random))?;
        let path = dir.join(NAME_FILE);
        if path.exists() {
            said.push(format!("kept the vault's name: {} exists", path.display()));
        } else {
            write_name(&path, random).map_err(|source| StartError::Name { path: path.clone(), source })?;
            said.push(format!("made the vault's name in {}", path.display()));
        }
        Ok(said)
    }

    /// Opens everything that the configuration names.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(&self) -> Result<Vault, StartError> {
        let dir = &self.keys.dir;
        let url = match &self.database.url {
            DatabaseUrl::Sqlite(path) => {
                refuse_shared_directory(dir, path)?;
                format!("sqlite:{}", path.display())
            }
            DatabaseUrl::Postgres(url) => url.expose_secret().to_owned(),
        };
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let clock = Arc::new(SystemClock);
        Ok(Vault {
            ids: IdSource::new(clock.clone(), Arc::clone(&random)),
            clock,
            keys: Arc::new(FileKeys::open(dir, Arc::clone(&random))?),
            random,
            fingerprints: Fingerprints::open(dir)?,
            name: read_name(&dir.join(NAME_FILE))?,
            processors: Processors::open(&self.processors)?,
            db: Db::open(&url, crate::MIGRATIONS).await?,
            accounts: crate::accounts::Accounts::default(),
            cvcs: crate::cvcs::Cvcs::default(),
            in_flight: crate::forward::in_flight::InFlight::default(),
        })
    }

    /// The public listener.
    ///
    /// # Errors
    /// [`StartError::Setting`].
    pub fn public_listener(&self) -> Result<ListenConfig, StartError> {
        let tls = tls(self.public.tls_cert.as_deref(), self.public.tls_key.as_deref(), None)?;
        Ok(ListenConfig { address: self.public.address.clone(), tls })
    }

    /// The origin of the public listener, as browsers write it.
    ///
    /// # Errors
    /// [`StartError::Setting`].
    pub fn public_origin(&self) -> Result<String, StartError> {
        let refused = || {
            StartError::Setting("`public.url` must be https://HOST or http://127.0.0.1:PORT, without a path")
        };
        let url = Url::parse(&self.public.url).map_err(|_| refused())?;
        let origin = url.origin().ascii_serialization();
        let allowed = url.scheme() == "https" || onfile_service::origin::is_loopback(&url);
        let bare = self.public.url.trim_end_matches('/') == origin;
        if allowed && bare { Ok(origin) } else { Err(refused()) }
    }

    /// The internal listener.
    ///
    /// # Errors
    /// [`StartError::Setting`].
    pub fn internal_listener(&self) -> Result<ListenConfig, StartError> {
        let internal = &self.internal;
        match (&internal.socket, &internal.address) {
            (Some(path), None) => Ok(ListenConfig::plain(ListenAddress::Unix(path.clone()))),
            (None, Some(address)) => {
                let client_ca = internal.client_ca.as_deref();
                let tls = tls(internal.tls_cert.as_deref(), internal.tls_key.as_deref(), client_ca)?;
                if tls.as_ref().is_none_or(|tls| tls.client_authority_file.is_none()) {
                    let why = "`internal.address` needs `tls_cert`, `tls_key` and `client_ca`: only mutual TLS will do";
                    return Err(StartError::Setting(why));
                }
                Ok(ListenConfig { address: address.clone(), tls })
            }
            _ => Err(StartError::Setting("`[internal]` needs either `socket` or `address`")),
        }
    }

    /// The credential that `onfile` shows.
    ///
    /// # Errors
    /// [`StartError::Credential`].
    pub fn service_credential(&self) -> Result<onfile_service::config::Secret, StartError> {
        Ok(read_secret_file(&self.internal.credential_file)?)
    }
}

fn tls(
    cert: Option<&Path>,
    key: Option<&Path>,
    client_ca: Option<&Path>,
) -> Result<Option<TlsConfig>, StartError> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsConfig {
            certificate_file: cert.to_owned(),
            key_file: key.to_owned(),
            client_authority_file: client_ca.map(Path::to_owned),
        })),
        (None, None) => Ok(None),
        _ => Err(StartError::Setting("`tls_cert` and `tls_key` go together")),
    }
}

/// The name is on the disk when this returns: without it no record opens.
fn write_name(path: &Path, random: &dyn Random) -> std::io::Result<()> {
    let mut bytes = [0u8; NAME_BYTES];
    random.fill(&mut bytes);
    let name = bytes.iter().fold(String::from("vault_"), |name, byte| name + &format!("{byte:02x}"));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(name.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn read_name(path: &Path) -> Result<String, StartError> {
    let read =
        std::fs::read_to_string(path).map_err(|source| StartError::Name { path: path.to_owned(), source })?;
    let name = read.trim();
    let shaped = name.starts_with("vault_")
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if shaped {
        Ok(name.to_owned())
    } else {
        let source = std::io::Error::other("it does not hold a name such as vault_1f…");
        Err(StartError::Name { path: path.to_owned(), source })
    }
}
