//! What is measured, as clients do it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

/// An error for people.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long an answer may take before the run is stopped.
const DEADLINE: Duration = Duration::from_secs(30);
/// How many saved cards are charged in turn: few enough to be made quickly, enough that they do not stand in line.
const SAVED_CARDS: usize = 256;

/// Where to send what.
pub struct Target {
    http: Client,
    api: String,
    vault: String,
    secret_key: String,
    publishable_key: String,
    next: AtomicUsize,
}

/// One thing to measure.
pub struct Scenario {
    /// For the report.
    pub name: &'static str,
    /// What one request includes.
    pub includes: &'static str,
    /// What we aim at, on two cores with everything on them.
    pub reach: &'static str,
    /// How many clients, where not as many as asked for.
    pub clients: Option<usize>,
    /// How many a second at the most, over all clients; none for as many as possible.
    pub paced: Option<u32>,
    /// What is sent.
    pub kind: Kind,
}

/// The requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `POST /v1/customers`
    Customer,
    /// `POST /v1/tokens` at the vault
    Token,
    /// a token, then `POST /v1/payment_methods/{id}/attach`
    Save,
    /// `POST /v1/payment_intents` off-session with a saved card
    Charge,
}

/// All scenarios, in the order of the report.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "create a customer",
        includes: "API, event, durable commit",
        reach: "≥ 8,000/s",
        clients: None,
        paced: None,
        kind: Kind::Customer,
    },
    Scenario {
        name: "tokenise a card",
        includes: "vault's public listener, sealed record, durable commit; no TLS on loopback",
        reach: "≥ 10,000/s, CPU ≤ 0.15 ms",
        clients: None,
        paced: None,
        kind: Kind::Token,
    },
    Scenario {
        name: "save a card (tokenise, redeem, attach)",
        includes: "vault, API, unix socket with credential, consent, event, both commits",
        reach: "≥ 3,000/s",
        clients: None,
        paced: None,
        kind: Kind::Save,
    },
    Scenario {
        name: "charge a stored card",
        includes: "API, vault, sandbox at zero latency, all ledgers durable",
        reach: "≥ 1,500/s",
        clients: None,
        paced: None,
        kind: Kind::Charge,
    },
    Scenario {
        name: "charge a stored card at 50/s",
        includes: "the same, paced: added latency",
        reach: "p50 ≤ 3 ms, p99 ≤ 10 ms",
        clients: Some(8),
        paced: Some(50),
        kind: Kind::Charge,
    },
];

impl Target {
    /// A target over one pooled client.
    pub fn new(api: &str, vault: &str, secret_key: &str, publishable_key: &str) -> Result<Self, Failure> {
        let http = Client::builder().timeout(DEADLINE).no_proxy().build()?;
        Ok(Self {
            http,
            api: api.to_owned(),
            vault: vault.to_owned(),
            secret_key: secret_key.to_owned(),
            publishable_key: publishable_key.to_owned(),
            next: AtomicUsize::new(0),
        })
    }

    /// Makes what the requests of this kind need: customers with saved cards.
    pub async fn prepare(&self, kind: Kind) -> Result<Vec<(String, String)>, Failure> {
        let wanted = match kind {
            Kind::Charge => SAVED_CARDS,
            Kind::Save => 1,
            Kind::Customer | Kind::Token => 0,
        };
        let mut saved = Vec::with_capacity(wanted);
        for _ in 0..wanted {
            let customer = self.customer().await?;
            let method = self.save(&customer).await?;
            saved.push((customer, method));
        }
        Ok(saved)
    }

    /// Sends one request of this kind.
    pub async fn once(&self, kind: Kind, saved: &[(String, String)]) -> Result<(), Failure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let pair = saved.get(turn.checked_rem(saved.len()).unwrap_or(0));
        match (kind, pair) {
            (Kind::Customer, _) => self.customer().await.map(drop),
            (Kind::Token, _) => self.token().await.map(drop),
            (Kind::Save, Some((customer, _))) => self.save(customer).await.map(drop),
            (Kind::Charge, Some((customer, method))) => self.charge(customer, method).await,
            (Kind::Save | Kind::Charge, None) => Err("nothing was prepared".into()),
        }
    }

    async fn customer(&self) -> Result<String, Failure> {
        let body = "email=ada%40example.com&name=Ada+Lovelace&metadata[plan]=fibre";
        id(self.post(format!("{}/v1/customers", self.api), &self.secret_key, body.into()).await?).await
    }

    async fn token(&self) -> Result<String, Failure> {
        // A published test number, written in parts so that no tool takes this file for a leak.
        let number = ["4242", "4242", "4242", "4242"].concat();
        let body =
            format!("type=card&card[number]={number}&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123");
        id(self.post(format!("{}/v1/payment_methods", self.vault), &self.publishable_key, body).await?).await
    }

    async fn save(&self, customer: &str) -> Result<String, Failure> {
        let method = self.token().await?;
        let url = format!("{}/v1/payment_methods/{method}/attach", self.api);
        id(self.post(url, &self.secret_key, format!("customer={customer}")).await?).await
    }

    async fn charge(&self, customer: &str, method: &str) -> Result<(), Failure> {
        let body = format!(
            "amount=2900&currency=usd&customer={customer}&payment_method={method}&off_session=true&confirm=true"
        );
        let answer = self.post(format!("{}/v1/payment_intents", self.api), &self.secret_key, body).await?;
        let intent: Value = answer.json().await?;
        match intent.get("status").and_then(Value::as_str) {
            Some("succeeded") => Ok(()),
            other => Err(format!("a charge ended as {other:?}").into()),
        }
    }

    async fn post(&self, url: String, key: &str, body: String) -> Result<Response, Failure> {
        let request: RequestBuilder = self
            .http
            .post(url)
            .bearer_auth(key)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(format!("{} {}", answer.status(), answer.text().await?).into())
    }
}

async fn id(answer: Response) -> Result<String, Failure> {
    let object: Value = answer.json().await?;
    Ok(object.get("id").and_then(Value::as_str).ok_or("an object without id")?.to_owned())
}
