//! Receivers that fail, hang, lie, or are where nothing may be sent.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use onfile_server::config::WebhooksConfig;
use onfile_server::event_order::{Reach, round};
use onfile_server::webhooks::{Names, Sender, Trust, once};
use serde_json::json;

use crate::support::receiver::{Answer, Receiver};
use crate::support::{merchant, send, servers, servers_with};
use crate::webhooks::{is_signed, log, register, send_all};

/// Retries are due at once.
const AT_ONCE: &str = "[webhooks]\nretry_delay_ms = 0\n";

#[tokio::test]
async fn what_failed_is_sent_again_signed_anew_and_the_log_tells() {
    for server in servers_with(AT_ONCE).await {
        let receiver = Receiver::start().await;
        let endpoint = register(&server, &receiver.url, &["customer.created"]).await;
        let number = ["4242"; 4].concat();
        receiver.will_answer([Answer::Status(500, format!("no {number}\nmore"))]);
        let customer = server.post("/v1/customers", &[]).await.ok().id();
        round(&server.app, Reach::All).await.unwrap();
        once(&server.app).await.unwrap();
        let pending = log(&server, &[("state", "pending")]).await;
        assert_eq!(pending.len(), 1);
        assert!(pending[0]["next_try"].is_i64(), "{}", pending[0]);
        let event = pending[0]["event"].as_str().unwrap().to_owned();
        let path = format!("/v1/events/{event}");
        assert_eq!(server.get(&path, &[]).await.ok().at("pending_webhooks"), 1);
        send_all(&server).await;
        let requests = receiver.received();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].body, requests[1].body);
        assert!(requests.iter().all(|it| is_signed(it, &endpoint.text("secret"))));
        let delivery = log(&server, &[("event", &event), ("endpoint", &endpoint.id())]).await.swap_remove(0);
        assert_eq!(
            (delivery["state"].clone(), delivery["next_try"].clone()),
            (json!("succeeded"), json!(null))
        );
        let tries = delivery["tries"].as_array().unwrap();
        assert_eq!((tries[0]["status"].clone(), tries[1]["status"].clone()), (json!(500), json!(200)));
        assert_eq!(tries[0]["error"], "The receiver answered with status 500.");
        assert_eq!(tries[0]["response"], "no ************4242\\nmore");
        assert_eq!(tries[1]["error"], json!(null));
        assert_eq!(server.get(&path, &[]).await.ok().at("pending_webhooks"), 0);
        let path = format!("/v1/onfile/webhook_deliveries/{}", delivery["id"].as_str().unwrap());
        assert_eq!(server.get(&path, &[]).await.ok().body, delivery);
        // Who is erased takes along what receivers answered.
        send(server.with(&server.merchant.secret, "DELETE", &format!("/v1/customers/{customer}"), &[]))
            .await
            .ok();
        let erased = server.get(&path, &[]).await.ok();
        assert_eq!((erased.at("tries/0/status"), erased.at("tries/0/response")), (json!(500), json!(null)));
    }
}

#[tokio::test]
async fn a_delivery_is_sent_again_when_it_is_asked_for() {
    for server in servers().await {
        let receiver = Receiver::start().await;
        let endpoint = register(&server, &receiver.url, &["customer.created"]).await.id();
        server.post("/v1/customers", &[]).await.ok();
        send_all(&server).await;
        let delivery = log(&server, &[]).await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/onfile/webhook_deliveries/{delivery}/retry");
        let asked = server.post_once("again", &path, &[]).await.ok();
        assert_eq!(asked.at("state"), "pending");
        assert_eq!(server.post_once("again", &path, &[]).await.ok().body, asked.body);
        send_all(&server).await;
        assert_eq!(receiver.received().len(), 2);
        assert_eq!(log(&server, &[]).await[0]["tries"].as_array().unwrap().len(), 2);
        let unknown = server.post(&path, &[("now", "true")]).await;
        assert_eq!((unknown.status, unknown.at("error/param")), (400, json!("now")));
        server.post(&format!("/v1/webhook_endpoints/{endpoint}"), &[("disabled", "true")]).await.ok();
        let refused = server.post(&path, &[]).await;
        assert_eq!((refused.status, refused.at("error/code")), (400, json!("webhook_endpoint_disabled")));
        send_all(&server).await;
        assert_eq!(receiver.received().len(), 2);
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_or_redirects_holds_up_nobody_and_gets_nothing_further() {
    for server in servers_with("[webhooks]\ntimeout_ms = 2000\nretry_delay_ms = 3600000\n").await {
        let [hanging, redirecting, canary, good] = [
            Receiver::start().await,
            Receiver::start().await,
            Receiver::start().await,
            Receiver::start().await,
        ];
        hanging.always_answers(Some(Answer::Nothing));
        redirecting.always_answers(Some(Answer::Redirect(canary.url.clone())));
        let hangs = register(&server, &hanging.url, &["*"]).await.id();
        let redirects = register(&server, &redirecting.url, &["*"]).await.id();
        register(&server, &good.url, &["*"]).await;
        let other = merchant(&server.app, "Other", false).await;
        let theirs = Receiver::start().await;
        let pairs = [("url", theirs.url.as_str()), ("enabled_events[]", "*")];
        send(server.with(&other.secret, "POST", "/v1/webhook_endpoints", &pairs)).await.ok();
        for _ in 0..8 {
            server.post("/v1/customers", &[]).await.ok();
        }
        send(server.with(&other.secret, "POST", "/v1/customers", &[])).await.ok();
        send_all(&server).await;
        assert_eq!((good.received().len(), theirs.received().len()), (8, 1));
        assert_eq!(canary.received().len(), 0, "a redirect was followed");
        for (endpoint, receiver, said) in [
            (&hangs, &hanging, "No complete answer within 2000 ms."),
            (&redirects, &redirecting, "The receiver answered with status 302; redirects are not followed."),
        ] {
            let deliveries = log(&server, &[("endpoint", endpoint)]).await;
            assert!(deliveries.iter().all(|it| it["tries"][0]["error"] == json!(said)), "{deliveries:?}");
            // Three in a row, and it rests: the events stay ahead of its cursor, without a row for each.
            assert_eq!((deliveries.len(), receiver.received().len()), (3, 3));
            let fares = server.get(&format!("/v1/webhook_endpoints/{endpoint}"), &[]).await.ok();
            assert_eq!(fares.at("onfile/position"), 3);
            assert!(fares.at("onfile/failing_since").is_i64());
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_comes_back_gets_what_it_missed_in_order() {
    for server in servers_with(AT_ONCE).await {
        let receiver = Receiver::start().await;
        let down = || Answer::Status(503, String::new());
        receiver.will_answer([down(), down(), down(), down()]);
        register(&server, &receiver.url, &["customer.created"]).await;
        let mut names = Vec::new();
        for n in 0..8 {
            names.push(json!(format!("{n}")));
            server.post("/v1/customers", &[("name", &format!("{n}"))]).await.ok();
        }
        send_all(&server).await;
        let arrived: Vec<_> =
            receiver.received()[4..].iter().map(|it| it.json()["data"]["object"]["name"].clone()).collect();
        let mut once_each = arrived.clone();
        once_each.sort_by_key(ToString::to_string);
        assert_eq!(once_each, names);
        let never_failed: Vec<_> = arrived
            .iter()
            .filter(|name| !["\"0\"", "\"1\"", "\"2\"", "\"3\""].contains(&name.to_string().as_str()))
            .cloned()
            .collect();
        assert_eq!(never_failed, names[4..]);
    }
}

#[tokio::test]
async fn an_endpoint_where_nothing_arrives_for_too_long_is_disabled() {
    for server in servers_with("[webhooks]\nretry_delay_ms = 0\ndisable_after_ms = 0\n").await {
        let receiver = Receiver::start().await;
        receiver.always_answers(Some(Answer::Status(500, String::new())));
        let endpoint = register(&server, &receiver.url, &["*"]).await.id();
        server.post("/v1/customers", &[]).await.ok();
        send_all(&server).await;
        let path = format!("/v1/webhook_endpoints/{endpoint}");
        let disabled = server.get(&path, &[]).await.ok();
        assert_eq!(disabled.at("status"), "disabled");
        assert!(disabled.at("onfile/given_up").is_i64());
        assert_eq!(log(&server, &[("state", "failed")]).await.len(), 1);
        let tried = receiver.received().len();
        server.post("/v1/customers", &[]).await.ok();
        send_all(&server).await;
        assert_eq!(receiver.received().len(), tried);
        let enabled = server.post(&path, &[("disabled", "false")]).await.ok();
        assert_eq!((enabled.at("status"), enabled.at("onfile/given_up")), (json!("enabled"), json!(null)));
    }
}

/// A name server that says something else every time.
struct Rebinding(Mutex<VecDeque<&'static str>>);

impl Names for Rebinding {
    fn addresses(&self, _: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let next = self.0.lock().unwrap().pop_front();
        Box::pin(async move {
            next.map(|text| text.split(' ').map(|it| it.parse().unwrap()).collect())
                .ok_or_else(|| io::Error::other("no such name"))
        })
    }
}

#[tokio::test]
async fn a_name_that_stands_for_a_private_address_when_the_connection_is_made_gets_none() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = WebhooksConfig { ports: vec![port], ..WebhooksConfig::default() };
    let url = format!("https://shop.example:{port}/hooks");
    for (answers, registered, said) in [
        (vec!["93.184.216.34", "127.0.0.1"], true, "127.0.0.1, a loopback address"),
        (vec!["93.184.216.34", "93.184.216.34 10.0.0.1"], true, "10.0.0.1, a private address"),
        (vec!["93.184.216.34", "::ffff:127.0.0.1"], true, "a loopback address"),
        (vec!["93.184.216.34", "169.254.169.254"], true, "a link-local address"),
        (vec!["127.0.0.1", "127.0.0.1"], false, "127.0.0.1, a loopback address"),
        (vec!["93.184.216.34 fd00::1", "fd00::1"], false, "a private address"),
    ] {
        let names = Arc::new(Rebinding(Mutex::new(answers.iter().copied().collect())));
        let sender = Sender::new(&config, names).unwrap();
        assert_eq!(sender.check(&url, Trust::Strict).await.is_ok(), registered, "{answers:?}");
        let sent = sender.post(&url, Trust::Strict, "t=1", "{}".to_owned()).await;
        let error = sent.error.unwrap();
        assert!(error.contains("refused") && error.contains(said), "{answers:?}: {error}");
        assert_eq!(sent.status, None);
    }
    let connected =
        std::future::poll_fn(|context| std::task::Poll::Ready(listener.poll_accept(context).is_ready()));
    assert!(!connected.await, "a connection was made");
}

#[tokio::test]
async fn an_address_in_a_stored_url_is_checked_before_every_try() {
    let canary = Receiver::start().await;
    let sender = Sender::new(&WebhooksConfig::default(), Arc::new(Rebinding(Mutex::default()))).unwrap();
    let sent = sender.post(&canary.url, Trust::Strict, "t=1", "{}".to_owned()).await;
    assert!(sent.error.unwrap().contains("must begin with https"));
    let sent = sender.post(&canary.url, Trust::Development, "t=1", "{}".to_owned()).await;
    assert_eq!((sent.status, sent.error), (Some(200), None));
    assert_eq!(canary.received().len(), 1);
}

#[tokio::test]
async fn a_long_answer_is_cut_short() {
    let receiver = Receiver::start().await;
    receiver.will_answer([Answer::Status(200, "x".repeat(1 << 20))]);
    let sender = Sender::new(&WebhooksConfig::default(), Arc::new(Rebinding(Mutex::default()))).unwrap();
    let sent = sender.post(&receiver.url, Trust::Development, "t=1", "{}".to_owned()).await;
    assert_eq!((sent.status, sent.error, sent.response), (Some(200), None, Some("x".repeat(1_000))));
}
