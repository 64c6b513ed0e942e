//! The processors of the configuration: the only hosts that this process ever connects to.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use onfile_account_data::Cvc;
use onfile_core::ids::Id;
use onfile_core::vault_contract::ForwardOrder;
use onfile_service::config::{Secret, SecretFileError, read_secret_file};
use onfile_service::listen::CLIENT_IDLE_MAX;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;
use zeroize::Zeroizing;

use super::placement::{Kind, Placement};
use super::request;
use super::scrub::Scrub;
use crate::config::ProcessorConfig;
use crate::record::Instrument;
use onfile_service::origin::is_loopback;

/// How long connecting may take. Nothing has left by then, so a failure is certain.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Idle connections that are kept for each processor.
const IDLE_CONNECTIONS_MAX: usize = 256;

/// The configured processors by name.
#[derive(Debug, Default)]
pub struct Processors(BTreeMap<String, Processor>);

/// A processor.
pub struct Processor {
    /// Its protocol.
    pub kind: Kind,
    base: String,
    client: Client,
}

/// What became of one sending.
#[derive(Debug)]
pub enum Sent {
    /// It answered; the body is scrubbed.
    Answered {
        /// HTTP status.
        status: u16,
        /// JSON, or null.
        body: Value,
    },
    /// Not a byte of the request left.
    NotSent(&'static str),
    /// It left, or may have, and no answer is known.
    NoAnswer(&'static str),
}

/// Why a processor cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorError {
    /// The vault has no placement table for it.
    #[error("`[processors.{0}]`: the vault does not know this processor; it knows: sandbox")]
    Unknown(String),
    /// Card numbers would cross a network in clear, or it is no base URL.
    #[error("`processors.{0}.url` must be https://HOST[/PATH] (http:// on this machine only), without query")]
    Url(String),
    /// Its credential.
    #[error("`processors.{name}.credential_file` cannot be used")]
    Credential {
        /// Which processor.
        name: String,
        /// Why.
        source: SecretFileError,
    },
    /// A credential that cannot be a header.
    #[error("the credential of processor {0} has characters that no header can carry")]
    NotAHeader(String),
    /// The HTTP client.
    #[error("cannot build the client of processor {name}")]
    Client {
        /// Which processor.
        name: String,
        /// Why.
        source: reqwest::Error,
    },
}

impl std::fmt::Debug for Processor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Processor").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Processors {
    /// Reads the credentials and builds the clients.
    ///
    /// # Errors
    /// [`ProcessorError`].
    pub fn open(configs: &BTreeMap<String, ProcessorConfig>) -> Result<Self, ProcessorError> {
        let opened = configs.iter().map(|(name, config)| Ok((name.clone(), Processor::open(name, config)?)));
        opened.collect::<Result<_, _>>().map(Self)
    }

    /// The processor of this name.
    pub fn get(&self, name: &str) -> Option<&Processor> {
        self.0.get(name)
    }
}

impl Processor {
    fn open(name: &str, config: &ProcessorConfig) -> Result<Self, ProcessorError> {
        let kind = Kind::named(name).ok_or_else(|| ProcessorError::Unknown(name.to_owned()))?;
        let url = Url::parse(&config.url).map_err(|_| ProcessorError::Url(name.to_owned()))?;
        let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !secure || !plain || url.password().is_some() || url.host_str().is_none() {
            return Err(ProcessorError::Url(name.to_owned()));
        }
        let credential = read_secret_file(&config.credential_file)
            .map_err(|source| ProcessorError::Credential { name: name.to_owned(), source })?;
        let client = client(name, &credential, Duration::from_millis(config.timeout_ms))?;
        Ok(Self { kind, base: url.as_str().trim_end_matches('/').to_owned(), client })
    }

    /// Sends a look-up.
    pub async fn get(&self, order: &ForwardOrder) -> Sent {
        let Some(url) = self.url(&order.path) else { return Sent::NotSent("the path gives no URL") };
        let request = self.client.get(url).header("sandbox-merchant", order.account.as_str());
        self.send(request, &Scrub::without_card()).await
    }

    /// Sends an order.
    pub async fn post(
        &self,
        order: &ForwardOrder,
        placement: &Placement,
        card: Option<(&Instrument, Option<&Cvc>)>,
    ) -> Sent {
        let Some(url) = self.url(&order.path) else { return Sent::NotSent("the path gives no URL") };
        let body = request::body(&order.body, *placement, card);
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("sandbox-merchant", order.account.as_str())
            .header("idempotency-key", order.key.as_str())
            // Owned by the request, wiped when the request is done with it.
            .body(Bytes::from_owner(body));
        self.send(request, &Scrub::of(card)).await
    }

    /// The URL of a path, on this processor's host and nowhere else.
    fn url(&self, path: &str) -> Option<Url> {
        let text = format!("{}{path}", self.base);
        Url::parse(&text).ok().filter(|url| url.as_str() == text)
    }

    async fn send(&self, request: RequestBuilder, scrub: &Scrub<'_>) -> Sent {
        let response = match request.send().await {
            Ok(response) => response,
            // Connecting failed, TLS included: the request was never written.
            Err(error) if error.is_connect() => return Sent::NotSent("could not connect to the processor"),
            Err(error) if error.is_timeout() => {
                return Sent::NoAnswer("the processor did not answer in time");
            }
            Err(_) => return Sent::NoAnswer("the connection to the processor broke"),
        };
        let status = response.status();
        let Some(bytes) = read(response).await else {
            return Sent::NoAnswer("the processor's answer broke off or is too long");
        };
        let body = serde_json::from_slice::<Value>(&bytes).ok();
        if let Some(why) = uncertain(status, body.as_ref()) {
            return Sent::NoAnswer(why);
        }
        Sent::Answered { status: status.as_u16(), body: body.map_or(Value::Null, |body| scrub.value(body)) }
    }
}

/// A client that follows nothing, asks no proxy and resends nothing. The HTTP library does repeat a request that it
/// handed to a pooled connection which closed before a byte was written; that one is provably unsent.
fn client(name: &str, credential: &Secret, timeout: Duration) -> Result<Client, ProcessorError> {
    let authorization = Zeroizing::new(format!("Bearer {}", credential.expose_secret()));
    let mut authorization =
        HeaderValue::from_str(&authorization).map_err(|_| ProcessorError::NotAHeader(name.to_owned()))?;
    authorization.set_sensitive(true);
    Client::builder()
        .default_headers(HeaderMap::from_iter([(AUTHORIZATION, authorization)]))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .pool_idle_timeout(CLIENT_IDLE_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .tcp_nodelay(true)
        .http1_only()
        .build()
        .map_err(|source| ProcessorError::Client { name: name.to_owned(), source })
}

/// The body of an answer; none when it broke off or is too long. Wiped on drop, since it may echo the card.
async fn read(mut response: Response) -> Option<Zeroizing<Vec<u8>>> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(4096);
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced.min(ANSWER_BYTES_MAX)));
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                bytes.extend_from_slice(&chunk);
            }
            Ok(None) => return Some(bytes),
            Ok(Some(_)) | Err(_) => return None,
        }
    }
}

/// Why an answer leaves the outcome open, if it does.
fn uncertain(status: StatusCode, body: Option<&Value>) -> Option<&'static str> {
    let code = body.and_then(|body| body.pointer("/error/code")).and_then(Value::as_str);
    match (status.as_u16(), code) {
        (500 | 502 | 503 | 504, _) => Some("the processor failed, perhaps after it had acted"),
        // It has this key from before: what it did then is the answer, and this is not it.
        (_, Some("key_in_use" | "key_reused")) => {
            Some("the processor knows this key from an earlier sending")
        }
        (408 | 409, None) | (100..=199 | 300..=399, _) => {
            Some("the processor's answer says nothing of the outcome")
        }
        (200..=299, _) if body.is_none() => Some("the processor's answer is not readable"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_answer_that_settles_the_matter_counts_as_one() {
        let fine = json!({"status": "authorised"});
        let in_use = json!({"error": {"code": "key_in_use"}});
        let reused = json!({"error": {"code": "key_reused"}});
        let too_large = json!({"error": {"code": "amount_too_large"}});
        for (status, body, certain) in [
            (200, Some(&fine), true),
            (200, None, false),
            (302, Some(&fine), false),
            (400, Some(&too_large), true),
            (400, Some(&reused), false),
            (400, None, true),
            (401, None, true),
            (409, Some(&too_large), true),
            (409, Some(&in_use), false),
            (409, None, false),
            (429, None, true),
            (500, Some(&fine), false),
            (502, None, false),
            (503, Some(&fine), false),
            (504, None, false),
            (501, None, true),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(uncertain(status, body).is_none(), certain, "{status} {body:?}");
        }
    }
}
