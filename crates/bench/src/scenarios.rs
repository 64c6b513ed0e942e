//! What is measured, as clients do it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::target::{Failure, Target};

/// How many saved cards are charged in turn: few enough to be made quickly, enough that they do not stand in line.
const SAVED_CARDS: usize = 256;

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

/// A scenario's requests, with what they need.
pub struct Requests {
    target: Arc<Target>,
    kind: Kind,
    /// Customers with saved cards.
    saved: Vec<(String, String)>,
    next: AtomicUsize,
}

impl Requests {
    /// Makes what the requests of this kind need.
    pub async fn prepare(target: &Arc<Target>, kind: Kind) -> Result<Self, Failure> {
        let wanted = match kind {
            Kind::Charge => SAVED_CARDS,
            Kind::Save => 1,
            Kind::Customer | Kind::Token => 0,
        };
        let mut saved = Vec::with_capacity(wanted);
        for _ in 0..wanted {
            let customer = target.customer().await?;
            let method = target.save(&customer).await?;
            saved.push((customer, method));
        }
        Ok(Self { target: Arc::clone(target), kind, saved, next: AtomicUsize::new(0) })
    }

    /// Sends one.
    pub async fn once(&self) -> Result<(), Failure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let pair = self.saved.get(turn.checked_rem(self.saved.len()).unwrap_or(0));
        match (self.kind, pair) {
            (Kind::Customer, _) => self.target.customer().await.map(drop),
            (Kind::Token, _) => self.target.token().await.map(drop),
            (Kind::Save, Some((customer, _))) => self.target.save(customer).await.map(drop),
            (Kind::Charge, Some((customer, method))) => charge(&self.target, customer, method).await,
            (Kind::Save | Kind::Charge, None) => Err("nothing was prepared".into()),
        }
    }
}

async fn charge(target: &Target, customer: &str, method: &str) -> Result<(), Failure> {
    let body = format!(
        "amount=2900&currency=usd&customer={customer}&payment_method={method}&off_session=true&confirm=true"
    );
    let intent = target.post("/v1/payment_intents", body).await?;
    match intent.get("status").and_then(Value::as_str) {
        Some("succeeded") => Ok(()),
        other => Err(format!("a charge ended as {other:?}").into()),
    }
}
