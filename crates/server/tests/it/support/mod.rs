//! The real router over real HTTP, one for each database at hand.

pub mod bank;
pub mod billing;
pub mod mail;
pub mod pages;
pub mod receiver;
pub mod search;
pub mod vault;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use onfile_core::clock::{Clock, ManualClock};
use onfile_server::app::App;
use onfile_server::config::Config;
use onfile_server::model::account::Account;
use onfile_server::routes::router;
use onfile_server::store::accounts::{self, AccountDoc, StoredAccount};
use onfile_server::store::api_keys::{self, KeyKind};
use onfile_server::wire::auth::new_key;
use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::credentials::digest;
use onfile_service::keyring::FileKeys;
use onfile_service::listen::{Bound, ListenAddress, ListenConfig, serve};
use onfile_service::shutdown::{Shutdown, ShutdownTrigger};
use onfile_testing::Scratch;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use self::vault::Vault;

/// An account with its keys.
pub struct Merchant {
    pub account: Account,
    pub secret: String,
    pub publishable: String,
}

/// One server with its vault and its database.
pub struct Server {
    pub app: Arc<App>,
    pub base: String,
    pub merchant: Merchant,
    pub vault: Vault,
    pub scratch: Scratch,
    pub http: reqwest::Client,
    /// The configuration file's text, for a second process on the same database.
    config: String,
    _folder: TempDir,
    _bound: (Bound, Bound),
    _stop: ShutdownTrigger,
}

/// An answer, read.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Reply {
    /// A field by its path, `a/0/b`; null when it is not there.
    pub fn at(&self, path: &str) -> Value {
        self.body.pointer(&format!("/{path}")).cloned().unwrap_or_default()
    }

    /// A text field.
    pub fn text(&self, path: &str) -> String {
        self.at(path).as_str().unwrap_or_else(|| panic!("{path} in {}", self.body)).to_owned()
    }

    /// The id.
    pub fn id(&self) -> String {
        self.text("id")
    }

    /// The id of the first element of a list.
    pub fn id_of_first(&self) -> String {
        self.text("data/0/id")
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The answer, which must be good.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }
}

/// One server for each database.
pub async fn servers() -> Vec<Server> {
    servers_with("").await
}

/// The same with more in the configuration.
pub async fn servers_with(settings: &str) -> Vec<Server> {
    let mut all = Vec::new();
    for scratch in onfile_testing::databases().await {
        all.push(start(scratch, settings).await);
    }
    all
}

async fn start(scratch: Scratch, settings: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let (stop, shutdown) = Shutdown::manual();
    let socket = folder.path().join("vault.sock");
    let (vault, vault_bound) = vault::start(&socket, shutdown.clone()).await;
    let config = config(&folder, &scratch, &socket, settings);
    let app = App::open(parsed(&config), Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap();
    let merchant = merchant(&app, "Shop", false).await;
    let listen = ListenConfig::plain(ListenAddress::Tcp("127.0.0.1:0".parse().unwrap()));
    let bound = serve(router(Arc::clone(&app)), &listen, shutdown).await.unwrap();
    let base = format!("http://{}", bound.tcp_address().unwrap());
    let http = reqwest::Client::builder().no_proxy().pool_idle_timeout(std::time::Duration::from_secs(5));
    let http = http.redirect(reqwest::redirect::Policy::none()).build().unwrap();
    Server {
        app,
        base,
        merchant,
        vault,
        scratch,
        http,
        config,
        _folder: folder,
        _bound: (vault_bound, bound),
        _stop: stop,
    }
}

fn config(folder: &TempDir, scratch: &Scratch, socket: &std::path::Path, settings: &str) -> String {
    let keys = folder.path().join("keys");
    FileKeys::create_first(&keys, &SystemRandom).unwrap();
    let credential: PathBuf = folder.path().join("credential");
    std::fs::write(&credential, "service").unwrap();
    std::fs::set_permissions(&credential, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!(
        "[database]\nurl = \"{}\"\n[keys]\ndir = \"{}\"\n[listen]\naddress = \"127.0.0.1:0\"\n\
         [public]\nurl = \"http://localhost:4242\"\n[vault]\nsocket = \"{}\"\ncredential_file = \"{}\"\n\
         url = \"http://127.0.0.1:4243\"\ntimeout_ms = 5000\n{settings}",
        scratch.url,
        keys.display(),
        socket.display(),
        credential.display()
    )
}

fn parsed(text: &str) -> Config {
    onfile_service::config::parse(std::path::Path::new("test.toml"), text).unwrap()
}

/// A further account.
pub async fn merchant(app: &App, name: &str, livemode: bool) -> Merchant {
    let account = Account { id: app.ids.next(), name: name.to_owned(), livemode, demo: false };
    let secret = new_key(&app.ids, &account, KeyKind::Secret);
    let publishable = new_key(&app.ids, &account, KeyKind::Publishable);
    let doc = AccountDoc {
        publishable_keys: vec![publishable.clone()],
        origins: vec!["https://shop.example".to_owned()],
        ..AccountDoc::default()
    };
    let mut tx = app.db.begin().await.unwrap();
    let stored = StoredAccount { account: account.clone(), doc };
    accounts::insert(&mut tx, &stored, app.now_ms()).await.unwrap();
    for (key, kind) in [(&secret, KeyKind::Secret), (&publishable, KeyKind::Publishable)] {
        let hint = &key[key.len() - 4..];
        api_keys::insert(&mut tx, &account.id, &digest(key), kind, hint, app.now_ms()).await.unwrap();
    }
    tx.commit().await.unwrap();
    Merchant { account, secret, publishable }
}

/// Form pairs, encoded.
pub fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

impl Server {
    /// A second process on the same database, whose clock is ahead by so much.
    pub async fn another_process(&self, ahead: jiff::SignedDuration) -> Arc<App> {
        let now = SystemClock.now().checked_add(ahead).unwrap();
        let clock = Arc::new(ManualClock::starting_at(now));
        App::open(parsed(&self.config), clock, Arc::new(SystemRandom)).await.unwrap()
    }

    /// A request without a key.
    pub fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.base))
    }

    /// A request with a key.
    pub fn with(&self, key: &str, method: &str, path: &str, pairs: &[(&str, &str)]) -> RequestBuilder {
        let request = if method == "POST" {
            self.bare(method, path)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form(pairs))
        } else if pairs.is_empty() {
            self.bare(method, path)
        } else {
            self.bare(method, &format!("{path}?{}", form(pairs)))
        };
        request.bearer_auth(key)
    }

    /// The number that a statement counts as `n` in the server's own database.
    pub async fn rows(&self, count: &'static str) -> i64 {
        self.app.db.read().await.unwrap().query_one(count, &[]).await.unwrap().int("n").unwrap()
    }

    /// Asks with the merchant's secret key.
    pub async fn get(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        send(self.with(&self.merchant.secret, "GET", path, pairs)).await
    }

    /// Writes with the merchant's secret key.
    pub async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        send(self.with(&self.merchant.secret, "POST", path, pairs)).await
    }

    /// Writes with the merchant's secret key under an idempotency key.
    pub async fn post_once(&self, key: &str, path: &str, pairs: &[(&str, &str)]) -> Reply {
        send(self.with(&self.merchant.secret, "POST", path, pairs).header("idempotency-key", key)).await
    }

    /// A new customer with a card.
    pub async fn customer_with_card(&self, source: &str) -> (String, String) {
        let customer = self.post("/v1/customers", &[("email", "jenny@example.com")]).await.ok().id();
        let path = format!("/v1/payment_methods/{source}/attach");
        let method = self.post(&path, &[("customer", &customer)]).await.ok().id();
        (customer, method)
    }
}

/// Sends and reads.
pub async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Reply { status, headers, body }
}
