//! A vault and a processor in one small process of the test's own: real HTTP over a real unix socket, the contract's
//! types, and switches for what can go wrong. The test card's number is nowhere in it; named test methods are enough.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use onfile_core::clock::Clock;
use onfile_core::ids::{AccountId, Id, PaymentMethodId};
use onfile_core::vault_contract::{
    BankDetails, Billing, CardDetails, Descriptor, Destroy, Details, ForwardAnswer, ForwardOrder, PutAccount,
    Redeem, Refusal, RefusalCode, Resolve, UpdateExpiry, path,
};
use onfile_service::ambient::SystemClock;
use onfile_service::listen::{Bound, ListenAddress, ListenConfig, serve};
use onfile_service::shutdown::Shutdown;
use serde_json::{Value, json};
use tokio::sync::watch;

/// What the vault knows and did.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own for what can go wrong")]
pub struct Inner {
    /// Kept methods, by account and id.
    methods: HashMap<(AccountId, PaymentMethodId), (String, Descriptor)>,
    /// Sources not yet redeemed.
    sources: HashMap<String, Option<PaymentMethodId>>,
    /// Answers by operation.
    answered: HashMap<String, Value>,
    /// What the processor was asked, in order: path and reference.
    pub forwarded: Vec<(String, String)>,
    /// How many look-ups there were.
    pub looked_up: usize,
    /// Destroyed methods.
    pub destroyed: Vec<PaymentMethodId>,
    /// Accounts that were announced.
    pub accounts: Vec<PutAccount>,
    /// Whether forwarded orders are lost after they were carried out.
    pub lose_answers: bool,
    /// An account that is not taken.
    pub refused_account: Option<AccountId>,
    /// Whether everything is answered 503.
    pub down: bool,
    /// How many more sources are redeemed before everything is answered 503.
    pub down_after: Option<usize>,
    /// Whether orders, and nothing else, are answered 503.
    pub sends_nothing: bool,
    /// Whether forwarded orders are lost on their way to the processor.
    pub never_arrives: bool,
    /// Whether the processor's answers are such as nobody can read, and are recorded.
    pub unreadable: bool,
    /// Whether security codes go along.
    pub carries_cvc: bool,
    /// What the issuer of a declining card says, in place of 51.
    pub network_code: Option<String>,
    /// How long the next order is held up before it is looked at.
    pub stall: Option<Duration>,
    /// Where set, orders wait until it says true.
    pub gate: Option<watch::Receiver<bool>>,
    /// A method whose destruction is refused.
    pub indestructible: Option<PaymentMethodId>,
}

pub type Vault = Arc<Mutex<Inner>>;

/// Listens at `socket`.
pub async fn start(socket: &Path, shutdown: Shutdown) -> (Vault, Bound) {
    let vault = Vault::default();
    let router = Router::new()
        .route(path::ACCOUNTS, post(put_account))
        .route(path::RESOLVE, post(resolve))
        .route(path::REDEEM, post(redeem))
        .route(path::UPDATE_EXPIRY, post(update_expiry))
        .route(path::DESTROY, post(destroy))
        .route(path::FORWARD, post(forward))
        .route(path::HEALTH, get(|| async { StatusCode::NO_CONTENT }))
        .with_state(Arc::clone(&vault));
    let config = ListenConfig::plain(ListenAddress::Unix(socket.to_owned()));
    (vault, serve(router, &config, shutdown).await.unwrap())
}

/// A source that a browser would have made at the vault's public side.
pub fn fresh_source(vault: &Vault, source: &str) {
    vault.lock().unwrap().sources.insert(source.to_owned(), None);
}

fn refuse(code: RefusalCode, status: u16) -> Response {
    let refusal = Refusal { code, message: format!("{code:?}") };
    (StatusCode::from_u16(status).unwrap(), Json(refusal)).into_response()
}

fn is_named(source: &str) -> bool {
    source.starts_with("pm_card_") || source.starts_with("tok_visa") || is_bank(source)
}

/// Named test accounts, and what stands for a typed one: a source with this mark in it.
fn is_bank(source: &str) -> bool {
    source.starts_with("pm_usBankAccount") || source.contains(TYPED_BANK)
}

/// Within the digits of a source: it is a bank account that somebody typed.
pub const TYPED_BANK: &str = "BANK";

fn descriptor(source: &str) -> Descriptor {
    if is_bank(source) {
        let details = Details::UsBankAccount(BankDetails {
            routing_number: "110000000".into(),
            last4: "6789".into(),
            account_holder_type: "individual".into(),
            account_type: "checking".into(),
            bank_name: Some("TEST BANK".into()),
            fingerprint: "FpBank0123456789".into(),
        });
        return Descriptor { details, billing: Billing::default(), created: 1_795_000_000 };
    }
    let (brand, first6, last4) = if source.contains("mastercard") {
        ("mastercard", "555555", "4444")
    } else {
        ("visa", "424242", "4242")
    };
    let last4 = if source.contains("Declined") { "0002" } else { last4 };
    Descriptor {
        details: Details::Card(CardDetails {
            brand: brand.into(),
            first6: first6.into(),
            last4: last4.into(),
            exp_month: 12,
            exp_year: 2034,
            funding: "credit".into(),
            country: Some("US".into()),
            fingerprint: "Fp0123456789abcd".into(),
            cvc_held: true,
        }),
        billing: Billing { name: Some("Jenny Rosen".into()), ..Billing::default() },
        created: 1_795_000_000,
    }
}

async fn put_account(State(vault): State<Vault>, Json(request): Json<PutAccount>) -> Response {
    let mut inner = vault.lock().unwrap();
    if inner.refused_account.as_ref() == Some(&request.account) {
        return refuse(RefusalCode::BadRequest, 400);
    }
    inner.accounts.push(request);
    StatusCode::NO_CONTENT.into_response()
}

async fn resolve(State(vault): State<Vault>, Json(request): Json<Resolve>) -> Response {
    let inner = vault.lock().unwrap();
    if inner.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match inner.sources.get(&request.source) {
        Some(None) => Json(descriptor(&request.source)).into_response(),
        _ if is_named(&request.source) => Json(descriptor(&request.source)).into_response(),
        _ => refuse(RefusalCode::NoSuchMethod, 404),
    }
}

async fn redeem(State(vault): State<Vault>, Json(request): Json<Redeem>) -> Response {
    let mut inner = vault.lock().unwrap();
    match &mut inner.down_after {
        Some(0) => inner.down = true,
        Some(left) => *left -= 1,
        None => {}
    }
    if inner.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match inner.sources.get(&request.source) {
        Some(Some(method)) if *method != request.method => return refuse(RefusalCode::SourceUsed, 409),
        Some(_) => {
            inner.sources.insert(request.source.clone(), Some(request.method.clone()));
        }
        None if is_named(&request.source) => {}
        None => return refuse(RefusalCode::NoSuchMethod, 404),
    }
    let described = descriptor(&request.source);
    inner.methods.insert((request.account, request.method), (request.source, described.clone()));
    Json(described).into_response()
}

async fn update_expiry(State(vault): State<Vault>, Json(request): Json<UpdateExpiry>) -> Response {
    let mut inner = vault.lock().unwrap();
    let Some((_, found)) = inner.methods.get_mut(&(request.account, request.method)) else {
        return refuse(RefusalCode::NoSuchMethod, 404);
    };
    if let Details::Card(card) = &mut found.details {
        card.exp_month = request.exp_month;
        card.exp_year = request.exp_year;
    }
    Json(found.clone()).into_response()
}

async fn destroy(State(vault): State<Vault>, Json(request): Json<Destroy>) -> Response {
    let mut inner = vault.lock().unwrap();
    if inner.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if inner.indestructible.as_ref() == Some(&request.method) {
        return refuse(RefusalCode::NotAllowed, 403);
    }
    inner.methods.remove(&(request.account, request.method.clone()));
    if !inner.destroyed.contains(&request.method) {
        inner.destroyed.push(request.method);
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn forward(State(vault): State<Vault>, Json(order): Json<ForwardOrder>) -> Response {
    let (stall, gate) = {
        let mut inner = vault.lock().unwrap();
        (inner.stall.take(), inner.gate.clone())
    };
    if let Some(mut gate) = gate {
        let _gone_is_open = gate.wait_for(|open| *open).await;
    }
    if let Some(stall) = stall {
        tokio::time::sleep(stall).await;
    }
    let mut inner = vault.lock().unwrap();
    if inner.down || inner.sends_nothing {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let reference = order.key.as_str().to_owned();
    if let Some(asked) = order.path.strip_prefix("/v1/operations?reference=") {
        inner.looked_up += 1;
        let known = inner.answered.get(asked).cloned();
        return answered(&json!({ "found": known.is_some(), "answer": known }), false);
    }
    if let Some(known) = inner.answered.get(&reference) {
        return answered(&known.clone(), inner.carries_cvc);
    }
    if order.send_before.is_some_and(|end| SystemClock.now().as_millisecond() >= end) {
        return refuse(RefusalCode::TooLate, 409);
    }
    if inner.unreadable {
        return Json(ForwardAnswer::Answered { status: 403, body: Value::Null, carried_cvc: false })
            .into_response();
    }
    let source = order.instrument.as_ref().and_then(|method| {
        let method = PaymentMethodId::parse(method)?;
        inner.methods.get(&(order.account.clone(), method)).map(|(source, _)| source.clone())
    });
    if order.instrument.is_some() && source.is_none() {
        return refuse(RefusalCode::NoSuchMethod, 404);
    }
    if inner.never_arrives {
        return Json(ForwardAnswer::NoAnswer { carried_cvc: false, reason: "dropped".into() })
            .into_response();
    }
    inner.forwarded.push((order.path.clone(), reference.clone()));
    let mut body = process(&order, source.as_deref().unwrap_or_default());
    if let (Some(code), Some(decline)) = (&inner.network_code, body["decline"].as_object_mut()) {
        decline.insert("network_code".to_owned(), json!(code));
    }
    if order.path.starts_with("/v1/micro_deposits/") && body.get("error").is_some() {
        inner.answered.insert(reference, body.clone());
        return Json(ForwardAnswer::Answered { status: 400, body, carried_cvc: false }).into_response();
    }
    inner.answered.insert(reference, body.clone());
    if inner.lose_answers {
        let lost = ForwardAnswer::NoAnswer { carried_cvc: false, reason: "lost".into() };
        return Json(lost).into_response();
    }
    answered(&body, inner.carries_cvc)
}

fn answered(body: &Value, carried_cvc: bool) -> Response {
    Json(ForwardAnswer::Answered { status: 200, body: body.clone(), carried_cvc }).into_response()
}

impl Inner {
    /// How many methods are kept.
    pub fn kept(&self) -> usize {
        self.methods.len()
    }

    /// The bank moves on: every debit stands so from now on.
    pub fn debits_become(&mut self, status: &str, return_code: Option<&str>) {
        for debit in self.answered.values_mut().filter(|answer| answer["object"] == json!("debit")) {
            let settled = debit["settled"] == json!(true) || status == "settled";
            debit["status"] = json!(status);
            debit["settled"] = json!(settled);
            debit["return_code"] = json!(return_code);
        }
    }
}

/// What the processor says: by the name of the test method.
fn process(order: &ForwardOrder, source: &str) -> Value {
    let amount = order.body.get("amount").cloned().unwrap_or(json!(0));
    let reference = order.key.as_str();
    let tail = &reference[3..];
    let parts: Vec<&str> = order.path.trim_start_matches("/v1/").split('/').collect();
    let payment = parts.get(1).copied().unwrap_or_default();
    match (parts[0], parts.get(2).copied()) {
        ("payments", Some("complete")) => {
            json!({"id": payment, "object": "payment", "reference": reference, "status": "captured", "network_transaction_id": "nti123"})
        }
        ("payments", Some("captures")) => {
            json!({"id": format!("cap_{tail}"), "object": "capture", "payment": payment, "reference": reference, "status": "captured", "amount": amount, "currency": "usd"})
        }
        ("payments", Some("void")) => {
            json!({"id": format!("void_{tail}"), "object": "void", "payment": payment, "reference": reference, "status": "voided"})
        }
        ("payments" | "debits", Some("refunds")) => {
            json!({"id": format!("ref_{tail}"), "object": "refund", "payment": payment, "reference": reference, "status": "refunded", "amount": amount, "currency": "usd"})
        }
        ("debits", _) => {
            json!({"id": format!("pay_{tail}"), "object": "debit", "reference": reference, "status": "submitted", "amount": amount, "currency": "usd", "refunded": 0, "return_code": null, "settled": false, "decline": null})
        }
        ("micro_deposits", Some("verify")) => {
            let code = match order.body["amounts"].as_array().and_then(|amounts| amounts.first()?.as_i64()) {
                Some(32) => {
                    return json!({"id": payment, "object": "micro_deposits", "reference": reference, "status": "verified", "arrives": 1_795_200_000, "decline": null});
                }
                Some(10) => "too_many_guesses",
                Some(40) => "deposits_expired",
                _ => "guess_wrong",
            };
            json!({"error": {"code": code, "message": code}})
        }
        ("micro_deposits", _) => {
            json!({"id": format!("md_{tail}"), "object": "micro_deposits", "reference": reference, "status": "sent", "arrives": 1_795_200_000, "decline": null})
        }
        (kind, _) => {
            let verification = kind == "verifications";
            let capture = order.body.get("capture") == Some(&json!(true));
            let challenge = source.contains("authenticationRequired") && !order.body["return_url"].is_null();
            let declined =
                source.contains("Declined") || (source.contains("authenticationRequired") && !challenge);
            let code =
                if source.contains("Declined") { "insufficient_funds" } else { "authentication_required" };
            let good = if verification {
                "verified"
            } else if capture {
                "captured"
            } else {
                "authorised"
            };
            let status = if challenge {
                "challenge"
            } else if declined {
                "declined"
            } else {
                good
            };
            json!({
                "id": format!("pay_{tail}"), "object": "payment", "reference": reference, "status": status,
                "amount": amount, "currency": order.body["currency"], "captured": 0, "refunded": 0,
                "decline": declined.then(|| json!({"code": code, "network_code": "51", "advice_code": null})),
                "challenge_url": challenge.then(|| format!("http://127.0.0.1:9/challenge/pay_{tail}")),
                "network_transaction_id": "nti123", "cvc_check": "pass",
            })
        }
    }
}
