//! The only file that speaks to the vault.
//!
//! What matters to money is told apart by [`VaultError`]: whether a request surely was not carried out, or may have
//! been. Nothing is repeated here; whoever asks decides whether asking again is safe.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use onfile_core::vault_contract::{
    Descriptor, Destroy, ForwardAnswer, ForwardOrder, PutAccount, Redeem, Refusal, Resolve, UpdateExpiry,
    path,
};
use onfile_service::listen::CLIENT_IDLE_MAX;
use onfile_service::secret::{Secret, SecretFileError, read_secret_file};
use reqwest::{Certificate, Client, Identity, Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{VaultConfig, VaultLink};

/// How long the vault may take to accept a connection: it is on this machine, or in the next room.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How many idle connections are kept.
const IDLE_CONNECTIONS_MAX: usize = 64;
/// The most that is read of a certificate file.
const PEM_BYTES_MAX: u64 = 64 * 1024;

/// A client of the vault. Cheap to clone.
#[derive(Debug, Clone)]
pub struct VaultClient {
    http: Client,
    base: Arc<str>,
    credential: Arc<Secret>,
}

/// Why the vault did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It refused; nothing was changed.
    #[error("the vault refused: {}", .0.message)]
    Refused(Refusal),
    /// It never got the request, or said that it did nothing. Asking again is safe.
    #[error("the vault did not get the request: {0}")]
    NotDone(String),
    /// It may have got the request and may have carried it out.
    #[error("the vault did not answer: {0}")]
    Unknown(String),
}

/// Why a client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum VaultSetupError {
    /// A secret file cannot be used.
    #[error("a secret of `[vault]` cannot be used")]
    Secret(#[from] SecretFileError),
    /// A certificate file cannot be read.
    #[error("cannot read certificates from {path}")]
    Certificates {
        /// Which file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Certificates and keys do not fit, or TLS cannot be set up.
    #[error("cannot set up the connection")]
    Http(#[from] reqwest::Error),
}

impl VaultClient {
    /// A client for this configuration. Connects only when it is used.
    ///
    /// # Errors
    /// [`VaultSetupError`].
    pub fn new(config: &VaultConfig) -> Result<Self, VaultSetupError> {
        let credential = read_secret_file(&config.credential_file)?;
        let builder = Client::builder()
            .connect_timeout(CONNECT_DEADLINE)
            .timeout(Duration::from_millis(config.timeout_ms))
            .pool_idle_timeout(CLIENT_IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only();
        let (http, base) = match &config.link {
            VaultLink::Socket(path) => (builder.unix_socket(path.as_path()).build()?, "http://vault"),
            VaultLink::Tls { address, authority_file, certificate_file, key_file } => {
                let authorities = Certificate::from_pem_bundle(&read_pem(authority_file)?)?;
                let mut identity = read_pem(certificate_file)?;
                identity.push(b'\n');
                identity.extend_from_slice(read_secret_file(key_file)?.expose_secret().as_bytes());
                let builder = builder.tls_certs_only(authorities).identity(Identity::from_pem(&identity)?);
                (builder.https_only(true).build()?, address.as_str())
            }
        };
        Ok(Self { http, base: base.into(), credential: Arc::new(credential) })
    }

    /// Tells of an account; the newest call counts.
    ///
    /// # Errors
    /// [`VaultError`]; repeating is safe.
    pub async fn put_account(&self, request: &PutAccount) -> Result<(), VaultError> {
        self.post(path::ACCOUNTS, request).await.map(drop)
    }

    /// Asks what a source is.
    ///
    /// # Errors
    /// [`VaultError`]; repeating is safe.
    pub async fn resolve(&self, request: &Resolve) -> Result<Descriptor, VaultError> {
        self.ask(path::RESOLVE, request).await
    }

    /// Turns a source into a kept method.
    ///
    /// # Errors
    /// [`VaultError`]; repeating with the same method is safe.
    pub async fn redeem(&self, request: &Redeem) -> Result<Descriptor, VaultError> {
        self.ask(path::REDEEM, request).await
    }

    /// Sets a new expiry.
    ///
    /// # Errors
    /// [`VaultError`]; repeating is safe.
    pub async fn update_expiry(&self, request: &UpdateExpiry) -> Result<Descriptor, VaultError> {
        self.ask(path::UPDATE_EXPIRY, request).await
    }

    /// Destroys a kept method.
    ///
    /// # Errors
    /// [`VaultError`]; repeating is safe.
    pub async fn destroy(&self, request: &Destroy) -> Result<(), VaultError> {
        self.post(path::DESTROY, request).await.map(drop)
    }

    /// Has an order sent to a processor.
    ///
    /// # Errors
    /// [`VaultError::NotDone`] when the vault surely sent nothing; [`VaultError::Unknown`] when it may have.
    pub async fn forward(&self, order: &ForwardOrder) -> Result<ForwardAnswer, VaultError> {
        self.ask(path::FORWARD, order).await
    }

    /// Whether the vault can work.
    ///
    /// # Errors
    /// [`VaultError`] when it cannot.
    pub async fn health(&self) -> Result<(), VaultError> {
        let request = self.http.request(Method::GET, format!("{}{}", self.base, path::HEALTH));
        self.send(request).await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str, request: &impl Serialize) -> Result<T, VaultError> {
        let body = self.post(path, request).await?;
        // It was carried out, and what came of it is lost.
        serde_json::from_slice(&body)
            .map_err(|e| VaultError::Unknown(format!("an answer that cannot be read: {e}")))
    }

    async fn post(&self, path: &str, request: &impl Serialize) -> Result<Vec<u8>, VaultError> {
        self.send(self.http.request(Method::POST, format!("{}{path}", self.base)).json(request)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, VaultError> {
        let response =
            request.bearer_auth(self.credential.expose_secret()).send().await.map_err(|e| unsent(&e))?;
        let status = response.status();
        let body = read(response).await;
        if status.is_success() {
            return body;
        }
        if status.is_server_error() {
            // By contract the vault did nothing, whether or not its words arrive.
            return Err(VaultError::NotDone(format!("status {status}")));
        }
        match body.map(|body| serde_json::from_slice::<Refusal>(&body)) {
            Ok(Ok(refusal)) => Err(VaultError::Refused(refusal)),
            _ => Err(VaultError::Unknown(format!("status {status} without a reason"))),
        }
    }
}

/// Only a connection that never came about proves that nothing was sent.
fn unsent(error: &reqwest::Error) -> VaultError {
    let text = describe(error);
    if error.is_connect() || error.is_builder() {
        VaultError::NotDone(text)
    } else {
        VaultError::Unknown(text)
    }
}

/// Reads a bounded answer.
async fn read(mut response: Response) -> Result<Vec<u8>, VaultError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(VaultError::Unknown("an answer that is too long".into())),
            Err(error) => return Err(VaultError::Unknown(describe(&error))),
        }
    }
}

/// The library's own words leave out the cause, which is what an operator needs.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn read_pem(path: &Path) -> Result<Vec<u8>, VaultSetupError> {
    use std::io::Read;
    let failed = |source| VaultSetupError::Certificates { path: path.display().to_string(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(PEM_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
