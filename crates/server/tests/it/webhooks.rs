//! Events on their way to a merchant's own server.

use std::sync::Arc;

use aws_lc_rs::hmac;
use jiff::SignedDuration;
use onfile_server::event_order::{Reach, round};
use onfile_server::webhooks::once;
use serde_json::{Value, json};

use crate::support::receiver::{Answer, Received, Receiver};
use crate::support::{Reply, Server, send, servers};

/// Registers an endpoint for these types.
pub async fn register(server: &Server, url: &str, kinds: &[&str]) -> Reply {
    let mut pairs = vec![("url", url)];
    pairs.extend(kinds.iter().map(|kind| ("enabled_events[]", *kind)));
    server.post("/v1/webhook_endpoints", &pairs).await.ok()
}

/// Numbers what was committed and sends until nothing is due.
pub async fn send_all(server: &Server) {
    round(&server.app, Reach::All).await.unwrap();
    while once(&server.app).await.unwrap() > 0 {}
}

/// The log, newest first.
pub async fn log(server: &Server, pairs: &[(&str, &str)]) -> Vec<Value> {
    let log = server.get("/v1/onfile/webhook_deliveries", pairs).await.ok();
    log.body["data"].as_array().unwrap().clone()
}

/// An endpoint that nobody listens at, with a delivery to it.
pub async fn endpoint_with_delivery(server: &Server) -> (String, String) {
    // A port of this machine that was free a moment ago, or that refuses: either way something is logged.
    let endpoint = register(server, "http://127.0.0.1:9/", &["customer.created"]).await.id();
    server.post("/v1/customers", &[]).await.ok();
    round(&server.app, Reach::All).await.unwrap();
    once(&server.app).await.unwrap();
    let delivery = log(server, &[("endpoint", &endpoint)]).await[0]["id"].as_str().unwrap().to_owned();
    (endpoint, delivery)
}

/// Whether one of the signatures is that of the secret.
pub fn is_signed(request: &Received, secret: &str) -> bool {
    let header = request.signature();
    let (time, signatures) = header.split_once(',').unwrap();
    let signed = format!("{}.{}", time.strip_prefix("t=").unwrap(), request.body);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
    let want = tag.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    signatures.split(',').any(|signature| signature.strip_prefix("v1=") == Some(&want))
}

async fn pay(server: &Server) -> Reply {
    let (customer, method) = server.customer_with_card("pm_card_visa").await;
    let pairs = [
        ("amount", "2900"),
        ("currency", "usd"),
        ("customer", customer.as_str()),
        ("payment_method", method.as_str()),
        ("confirm", "true"),
    ];
    server.post_once("order-1", "/v1/payment_intents", &pairs).await.ok()
}

#[tokio::test]
async fn a_payments_events_arrive_in_order_signed_and_as_the_api_shows_them() {
    for server in servers().await {
        let receiver = Receiver::start().await;
        server.post("/v1/customers", &[("name", "before")]).await.ok();
        round(&server.app, Reach::All).await.unwrap();
        let endpoint = register(&server, &receiver.url, &["*"]).await;
        let paid = pay(&server).await;
        send_all(&server).await;
        let kinds = receiver.kinds();
        let replayed = server.get("/v1/onfile/events", &[("after", "1"), ("limit", "100")]).await.ok();
        let events = replayed.body["data"].as_array().unwrap();
        let want: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, want);
        assert!(kinds.contains(&"payment_intent.succeeded".to_owned()), "{kinds:?}");
        assert!(kinds.contains(&"charge.succeeded".to_owned()), "{kinds:?}");
        for (request, event) in receiver.received().iter().zip(events) {
            assert!(is_signed(request, &endpoint.text("secret")), "{}", request.signature());
            assert_eq!(request.headers["content-type"], "application/json; charset=utf-8");
            let mut sent = request.json();
            assert_eq!(sent["pending_webhooks"], json!(1));
            sent["pending_webhooks"] = json!(0);
            assert_eq!(sent, *event);
        }
        let succeeded = receiver.received().into_iter().find(|it| it.kind() == "payment_intent.succeeded");
        let succeeded = succeeded.unwrap().json();
        assert_eq!(succeeded["data"]["object"], paid.body);
        assert_eq!(succeeded["request"]["idempotency_key"], "order-1");
        send_all(&server).await;
        assert_eq!(receiver.received().len(), events.len(), "an event was sent twice");
    }
}

#[tokio::test]
async fn an_endpoint_hears_of_what_it_wants_from_when_it_is_enabled() {
    for server in servers().await {
        let (all, updates) = (Receiver::start().await, Receiver::start().await);
        let endpoint = register(&server, &all.url, &["*"]).await.id();
        register(&server, &updates.url, &["customer.updated", "refund.created"]).await;
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        let path = format!("/v1/customers/{customer}");
        server.post(&path, &[("name", "one")]).await.ok();
        send_all(&server).await;
        assert_eq!(all.kinds(), ["customer.created", "customer.updated"]);
        assert_eq!(updates.kinds(), ["customer.updated"]);
        let endpoint = format!("/v1/webhook_endpoints/{endpoint}");
        assert_eq!(server.post(&endpoint, &[("disabled", "true")]).await.ok().at("status"), "disabled");
        server.post(&path, &[("name", "two")]).await.ok();
        send_all(&server).await;
        assert_eq!(server.post(&endpoint, &[("disabled", "false")]).await.ok().at("status"), "enabled");
        server.post(&path, &[("name", "three")]).await.ok();
        send_all(&server).await;
        let names: Vec<Value> =
            all.received().iter().map(|it| it.json()["data"]["object"]["name"].clone()).collect();
        assert_eq!(names, [json!(null), json!("one"), json!("three")]);
        assert_eq!(updates.received().len(), 3);
        send(server.with(&server.merchant.secret, "DELETE", &endpoint, &[])).await.ok();
        server.post(&path, &[("name", "four")]).await.ok();
        send_all(&server).await;
        assert_eq!((all.received().len(), updates.received().len()), (3, 4));
    }
}

#[tokio::test]
async fn two_processes_share_the_work_and_send_nothing_twice() {
    for server in servers().await {
        let receivers = [Receiver::start().await, Receiver::start().await, Receiver::start().await];
        for receiver in &receivers {
            register(&server, &receiver.url, &["*"]).await;
        }
        let other = server.another_process(SignedDuration::ZERO).await;
        for _ in 0..20 {
            server.post("/v1/customers", &[]).await.ok();
        }
        round(&server.app, Reach::All).await.unwrap();
        let mut turns = 1;
        while turns > 0 {
            let (a, b) = tokio::join!(once(&server.app), once(&other));
            turns = a.unwrap() + b.unwrap();
        }
        for receiver in &receivers {
            let mut ids: Vec<String> =
                receiver.received().iter().map(|it| it.json()["id"].as_str().unwrap().to_owned()).collect();
            assert_eq!(ids.len(), 20);
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 20, "an event was sent twice");
        }
    }
}

#[tokio::test]
async fn what_a_process_was_sending_when_it_died_is_sent_again_when_its_lease_is_over() {
    for server in servers().await {
        let receiver = Receiver::start().await;
        register(&server, &receiver.url, &["*"]).await;
        server.post("/v1/customers", &[]).await.ok();
        round(&server.app, Reach::All).await.unwrap();
        receiver.will_answer([Answer::Nothing]);
        let app = Arc::clone(&server.app);
        let dying = tokio::spawn(async move { once(&app).await });
        receiver.something_arrived().await;
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        assert_eq!(once(&server.app).await.unwrap(), 0, "its lease is not over");
        let later = server.another_process(SignedDuration::from_mins(10)).await;
        assert_eq!(once(&later).await.unwrap(), 1);
        let requests = receiver.received();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].json()["id"], requests[1].json()["id"]);
        assert_eq!(once(&later).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn an_endpoint_that_has_fallen_behind_gets_every_event_once_and_each_objects_in_order() {
    for server in servers().await {
        let receiver = Receiver::start().await;
        register(&server, &receiver.url, &["customer.updated"]).await;
        let mut customers = Vec::new();
        for _ in 0..5 {
            customers.push(server.post("/v1/customers", &[]).await.ok().id());
        }
        for n in 0..20 {
            for customer in &customers {
                server.post(&format!("/v1/customers/{customer}"), &[("name", &n.to_string())]).await.ok();
            }
        }
        send_all(&server).await;
        let requests: Vec<Value> = receiver.received().iter().map(Received::json).collect();
        assert_eq!(requests.len(), 100);
        for customer in &customers {
            let versions: Vec<i64> = requests
                .iter()
                .filter(|event| event["data"]["object"]["id"] == json!(customer))
                .map(|event| event["onfile"]["object_version"].as_i64().unwrap())
                .collect();
            assert_eq!(versions, (2..=21).collect::<Vec<i64>>());
        }
        assert_eq!(log(&server, &[("state", "succeeded"), ("limit", "100")]).await.len(), 100);
    }
}
