//! The only file that posts to addresses that merchants name (threat: a URL that leads into our own network).
//!
//! A name is looked up by us, every address that it stands for is checked, and the connection goes to one of exactly
//! these: a name that answers differently the second time gains nothing. An address that stands in the URL itself is
//! checked before each try. No redirect is followed, no proxy of the environment is used, and only the beginning of an
//! answer is read.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use onfile_service::masked::masked_line;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, StatusCode, Url};

use super::target::{self, TargetError, Trust};
use crate::config::WebhooksConfig;

/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// How much of it is kept, in characters.
const EXCERPT_MAX: usize = 1_000;
/// How long a connection may lie idle before it is not used again.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// How many idle connections to one receiver are kept.
const IDLE_CONNECTIONS_MAX: usize = 4;
/// The most addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 32;
/// What we call ourselves.
const USER_AGENT: &str = "Onfile/1.0 (webhooks)";

/// Finds the addresses of a name. An argument, so that a test can be a name server that lies.
pub trait Names: Send + Sync + 'static {
    /// Every address of a name.
    fn addresses(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn addresses(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why the sender cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for webhooks cannot be set up")]
pub struct SenderError(#[from] reqwest::Error);

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The receiver's status; none when there was no answer.
    pub status: Option<u16>,
    /// What went wrong; none when the receiver took it.
    pub error: Option<String>,
    /// The beginning of its answer, masked.
    pub response: Option<String>,
}

/// Posts to merchants' endpoints.
pub struct Sender {
    strict: Client,
    development: Client,
    names: Arc<dyn Names>,
    ports: Vec<u16>,
    timeout: Duration,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sender(..)")
    }
}

impl Sender {
    /// A sender with this configuration and this way to look names up.
    ///
    /// # Errors
    /// [`SenderError`].
    pub fn new(config: &WebhooksConfig, names: Arc<dyn Names>) -> Result<Self, SenderError> {
        let timeout = Duration::from_millis(config.timeout_ms);
        Ok(Self {
            strict: client(Trust::Strict, &names, timeout)?,
            development: client(Trust::Development, &names, timeout)?,
            names,
            ports: config.ports.clone(),
            timeout,
        })
    }

    /// Checks a URL before it is registered, with what its name stands for now. In development a name that nobody knows
    /// yet is taken.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn check(&self, text: &str, trust: Trust) -> Result<(), TargetError> {
        let url = target::read(text, trust, &self.ports)?;
        let Some(name) = url.domain() else { return Ok(()) };
        let found = tokio::time::timeout(self.timeout, self.names.addresses(name.to_owned())).await;
        let addresses = found.ok().and_then(Result::ok).unwrap_or_default();
        if addresses.is_empty() && trust == Trust::Strict {
            return Err(TargetError::Unresolved(name.to_owned()));
        }
        addresses.into_iter().try_for_each(|address| target::check(name, address, trust))
    }

    /// Posts a body once, with its signature.
    pub async fn post(&self, url: &str, trust: Trust, signature: &str, body: String) -> Sent {
        let url = match target::read(url, trust, &self.ports) {
            Ok(url) => url,
            Err(error) => return failed(format!("The URL is refused: {error}.")),
        };
        match self.send(url, trust, signature, body).await {
            Ok(response) => self.answered(response).await,
            Err(error) => failed(self.describe(&error)),
        }
    }

    async fn send(
        &self,
        url: Url,
        trust: Trust,
        signature: &str,
        body: String,
    ) -> Result<Response, reqwest::Error> {
        let client = match trust {
            Trust::Strict => &self.strict,
            Trust::Development => &self.development,
        };
        client
            .post(url)
            .header("content-type", "application/json; charset=utf-8")
            .header("stripe-signature", signature)
            .body(body)
            .send()
            .await
    }

    async fn answered(&self, mut response: Response) -> Sent {
        let status = response.status();
        let mut bytes = Vec::new();
        let mut broke = None;
        while bytes.len() < ANSWER_BYTES_MAX {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = ANSWER_BYTES_MAX.saturating_sub(bytes.len());
                    bytes.extend(chunk.iter().take(room));
                }
                Ok(None) => break,
                Err(error) => {
                    broke = Some(self.describe(&error));
                    break;
                }
            }
        }
        let error = if status.is_success() { broke } else { Some(refused(status)) };
        Sent { status: Some(status.as_u16()), error, response: Some(excerpt(&bytes)) }
    }

    /// In our own words: the library's hold the URL, which may hold a token.
    fn describe(&self, error: &reqwest::Error) -> String {
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            if let Some(refused) = inner.downcast_ref::<TargetError>() {
                return format!("The address is refused: {refused}.");
            }
            cause = inner.source();
        }
        if error.is_timeout() {
            format!("No complete answer within {} ms.", self.timeout.as_millis())
        } else if error.is_connect() {
            "The connection could not be made.".to_owned()
        } else {
            "The connection broke off.".to_owned()
        }
    }
}

fn refused(status: StatusCode) -> String {
    if status.is_redirection() {
        format!("The receiver answered with status {}; redirects are not followed.", status.as_u16())
    } else {
        format!("The receiver answered with status {}.", status.as_u16())
    }
}

fn failed(error: String) -> Sent {
    Sent { status: None, error: Some(error), response: None }
}

fn excerpt(bytes: &[u8]) -> String {
    let line = masked_line(&String::from_utf8_lossy(bytes));
    line.trim_end().chars().take(EXCERPT_MAX).collect()
}

fn client(trust: Trust, names: &Arc<dyn Names>, timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(timeout)
        .timeout(timeout)
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .https_only(trust == Trust::Strict)
        .dns_resolver(Arc::new(Checked { names: Arc::clone(names), trust }))
        .build()
}

/// Gives a connection only addresses that it may go to.
struct Checked {
    names: Arc<dyn Names>,
    trust: Trust,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, trust) = (Arc::clone(&self.names), self.trust);
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let mut addresses = names.addresses(name.clone()).await?;
            addresses.truncate(ADDRESSES_MAX);
            for address in &addresses {
                target::check(&name, *address, trust)?;
            }
            // Port 0 stands for the URL's own.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}
