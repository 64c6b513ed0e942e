//! A vault at work, with its files, its callers and its processor.

use std::sync::Arc;

use onfile_core::clock::ManualClock;
use onfile_core::ids::{IdSource, OperationId, PaymentMethodId};
use onfile_service::ambient::SystemRandom;
use onfile_service::config::Secret;
use onfile_service::db::Db;
use onfile_service::listen::{ListenAddress, ListenConfig, serve};
use onfile_service::shutdown::{Shutdown, ShutdownTrigger};
use onfile_testing::{Scratch, databases};
use onfile_vault::config::Config;
use onfile_vault::vault::Vault;
use onfile_vault::{internal, public};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::processor::Processor;

pub const VISA: &str = "4242424242424242";
pub const AMEX: &str = "378282246310005";
pub const CVC: &str = "737";
pub const CREDENTIAL: &str = "service-credential-for-tests";
pub const PROCESSOR_CREDENTIAL: &str = "processor-credential";
pub const ACCOUNT: &str = "acct_0000000AB0123456789abcdefghijkl";
pub const OTHER: &str = "acct_0000000AC0123456789abcdefghijkl";
pub const LIVE: &str = "acct_0000000AD0123456789abcdefghijkl";
pub const SHOP: &str = "https://shop.example";
const NOW: &str = "2026-11-22T10:00:00Z";
/// A processor that hangs is given up after this.
const TIMEOUT_MS: u64 = 400;

/// The publishable key of an account.
pub fn key_of(account: &str, live: bool) -> String {
    let mode = if live { "live" } else { "test" };
    format!("pk_{mode}_onf{}{}", account.strip_prefix("acct_").unwrap(), "k".repeat(24))
}

pub struct World {
    pub vault: Arc<Vault>,
    pub db: Db,
    pub clock: Arc<ManualClock>,
    pub processor: Processor,
    pub scratch: Scratch,
    pub public: String,
    pub internal: String,
    pub http: reqwest::Client,
    ids: IdSource,
    _keys: TempDir,
    _stop: ShutdownTrigger,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The error's code, or nothing.
    pub fn code(&self) -> String {
        let json = self.json();
        json["error"]["code"].as_str().or(json["code"].as_str()).unwrap_or_default().to_owned()
    }
}

/// One world for each database engine at hand.
pub async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for scratch in databases().await {
        worlds.push(World::new(scratch).await);
    }
    worlds
}

impl World {
    async fn new(scratch: Scratch) -> Self {
        let (processor, url) = Processor::start().await;
        Self::with_processor(scratch, processor, &url).await
    }

    pub async fn with_processor(scratch: Scratch, processor: Processor, url: &str) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let secret = |name: &str, text: &str| {
            use std::os::unix::fs::PermissionsExt;
            let path = keys.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            path
        };
        let toml = format!(
            "[database]\nurl = \"{}\"\n[keys]\ndir = \"{}\"\n[public]\naddress = \"127.0.0.1:0\"\n\
             url = \"http://127.0.0.1:4243\"\n[internal]\nsocket = \"/nowhere\"\ncredential_file = \"{}\"\n\
             [processors.sandbox]\nurl = \"{url}\"\ncredential_file = \"{}\"\ntimeout_ms = {TIMEOUT_MS}\n",
            scratch.url,
            keys.path().join("keys").display(),
            secret("service", CREDENTIAL).display(),
            secret("processor", PROCESSOR_CREDENTIAL).display(),
        );
        let config: Config =
            onfile_service::config::parse(std::path::Path::new("vault.toml"), &toml).unwrap();
        config.init(&SystemRandom).unwrap();
        let mut vault = config.open().await.unwrap();
        let clock = Arc::new(ManualClock::starting_at(NOW.parse().unwrap()));
        let ids = IdSource::new(clock.clone(), Arc::new(SystemRandom));
        (vault.clock, vault.ids) = (clock.clone(), ids.clone());
        let vault = Arc::new(vault);
        let (stop, shutdown) = Shutdown::manual();
        let plain = || ListenConfig::plain(ListenAddress::Tcp("127.0.0.1:0".parse().unwrap()));
        let credential = Secret::new(CREDENTIAL.to_owned());
        let inside =
            serve(internal::router(vault.clone(), credential), &plain(), shutdown.clone()).await.unwrap();
        let outside =
            serve(public::router(vault.clone(), "http://127.0.0.1:4243"), &plain(), shutdown).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let world = Self {
            db: vault.db.clone(),
            vault,
            clock,
            processor,
            scratch,
            public: format!("http://{}", outside.tcp_address().unwrap()),
            internal: format!("http://{}", inside.tcp_address().unwrap()),
            http: http.timeout(std::time::Duration::from_secs(10)).build().unwrap(),
            ids,
            _keys: keys,
            _stop: stop,
        };
        for (account, live) in [(ACCOUNT, false), (OTHER, false), (LIVE, true)] {
            assert_eq!(world.put_account(account, live).await.status, 204);
        }
        world
    }

    pub async fn put_account(&self, account: &str, live: bool) -> Answer {
        self.ask(
            "accounts",
            json!({
                "account": account, "name": "Ünal’s <Shop>", "livemode": live,
                "publishable_keys": [key_of(account, live)],
                "origins": if account == OTHER { vec![] } else { vec![SHOP, "http://localhost:3000"] },
            }),
        )
        .await
    }

    /// A request of the server.
    pub async fn ask(&self, path: &str, body: Value) -> Answer {
        let request = self.http.post(format!("{}/internal/v1/{path}", self.internal)).json(&body);
        read(request.header(AUTHORIZATION, format!("Bearer {CREDENTIAL}")).send().await.unwrap()).await
    }

    /// A request from a page or an app, with a publishable key.
    pub async fn post(&self, path: &str, account: &str, form: &str) -> Answer {
        let key = key_of(account, account == LIVE);
        let request =
            self.http.post(format!("{}{path}", self.public)).header(AUTHORIZATION, format!("Bearer {key}"));
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        read(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.http.get(format!("{}{path}", self.public)).send().await.unwrap()).await
    }

    /// A token of this card with the code [`CVC`] (or an American Express one).
    pub async fn token(&self, number: &str) -> String {
        let cvc = if number == AMEX { "7373" } else { CVC };
        let form = format!(
            "card[number]={number}&card[exp_month]=12&card[exp_year]=2031&card[cvc]={cvc}&card[name]=Ann+Example"
        );
        let answer = self.post("/v1/tokens", ACCOUNT, &form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// A new id for a method.
    pub fn method_id(&self) -> String {
        self.ids.next::<PaymentMethodId>().to_string()
    }

    /// A new id for an operation.
    pub fn operation_id(&self) -> String {
        self.ids.next::<OperationId>().to_string()
    }

    /// A kept card, with its code still held.
    pub async fn kept(&self, number: &str) -> String {
        let (token, method) = (self.token(number).await, self.method_id());
        let redeemed = self.redeem(&token, &method).await;
        assert_eq!(redeemed.status, 200, "{redeemed:?}");
        method
    }

    pub async fn redeem(&self, source: &str, method: &str) -> Answer {
        self.ask("redeem", json!({"account": ACCOUNT, "source": source, "method": method})).await
    }

    pub async fn resolve(&self, source: &str) -> Answer {
        self.ask("resolve", json!({"account": ACCOUNT, "source": source})).await
    }

    /// An order for a payment with this instrument.
    pub fn payment(&self, instrument: &str, with_cvc: bool) -> Value {
        json!({
            "account": ACCOUNT, "key": self.operation_id(), "processor": "sandbox", "method": "POST",
            "path": "/v1/payments",
            "body": {"reference": "op_1", "amount": 1250, "currency": "usd", "capture": true},
            "instrument": instrument, "with_cvc": with_cvc,
        })
    }

    pub async fn forward(&self, order: &Value) -> Answer {
        self.ask("forward", order.clone()).await
    }

    /// The recorded order: (sendings, answered, carried a code).
    pub async fn recorded(&self, order: &Value) -> Option<(i64, bool, bool)> {
        let mut tx = self.db.read().await.unwrap();
        let key = order["key"].as_str().unwrap();
        let row = tx
            .query_opt(
                "SELECT sendings, answered_at, carried_cvc FROM orders WHERE operation_id = $1",
                onfile_service::binds![key],
            )
            .await
            .unwrap();
        row.map(|row| {
            let answered = row.opt_int("answered_at").unwrap().is_some();
            (row.int("sendings").unwrap(), answered, row.bool("carried_cvc").unwrap())
        })
    }

    /// Lets time pass.
    pub fn pass_minutes(&self, minutes: i64) {
        self.clock.advance(jiff::SignedDuration::from_mins(minutes));
    }
}

pub async fn read(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}
