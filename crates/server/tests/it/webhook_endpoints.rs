//! Endpoints as merchants manage them.

use onfile_server::event_order::{Reach, round};
use serde_json::{Value, json};

use crate::support::receiver::Receiver;
use crate::support::{merchant, send, servers, servers_with};
use crate::webhooks::{is_signed, register, send_all};

const ENDPOINTS: &str = "/v1/webhook_endpoints";

#[tokio::test]
async fn an_endpoint_is_made_read_changed_listed_and_deleted() {
    for server in servers().await {
        let pairs = [
            ("url", "http://localhost:4000/hooks"),
            ("enabled_events[]", "charge.succeeded"),
            ("enabled_events[]", "refund.created"),
            ("description", "shop"),
            ("metadata[a]", "b"),
            ("api_version", "2026-10-28.endive"),
        ];
        let made = server.post_once("one", ENDPOINTS, &pairs).await.ok();
        assert_eq!(server.post_once("one", ENDPOINTS, &pairs).await.ok().body, made.body);
        assert!(made.text("secret").starts_with("whsec_") && made.text("secret").len() >= 38);
        let mut want = made.body.clone();
        want.as_object_mut().unwrap().remove("secret");
        let path = format!("{ENDPOINTS}/{}", made.id());
        assert_eq!(server.get(&path, &[]).await.ok().body, want);
        assert_eq!(server.get(ENDPOINTS, &[]).await.ok().at("data"), json!([want]));
        for (field, value) in [
            ("object", json!("webhook_endpoint")),
            ("application", json!(null)),
            ("api_version", json!("2026-10-28.endive")),
            ("description", json!("shop")),
            ("enabled_events", json!(["charge.succeeded", "refund.created"])),
            ("livemode", json!(false)),
            ("metadata", json!({ "a": "b" })),
            ("status", json!("enabled")),
            ("url", json!("http://localhost:4000/hooks")),
        ] {
            assert_eq!(want[field], value, "{field}");
        }
        let edits = [
            ("url", "http://127.0.0.1/x"),
            ("enabled_events[]", "*"),
            ("description", ""),
            ("metadata[a]", ""),
        ];
        let changed = server.post(&path, &edits).await.ok();
        assert_eq!(changed.at("secret"), Value::Null);
        assert_eq!(changed.at("enabled_events"), json!(["*"]));
        assert_eq!((changed.at("description"), changed.at("metadata")), (json!(null), json!({})));
        let gone = send(server.with(&server.merchant.secret, "DELETE", &path, &[])).await.ok();
        assert_eq!(gone.body, json!({ "id": made.id(), "object": "webhook_endpoint", "deleted": true }));
        assert_eq!(server.get(&path, &[]).await.status, 404);
        assert_eq!(server.get(ENDPOINTS, &[]).await.ok().at("data"), json!([]));
    }
}

#[tokio::test]
async fn a_secret_is_sealed_at_rest_and_the_old_one_signs_for_a_day_after_it_was_replaced() {
    for server in servers().await {
        let receiver = Receiver::start().await;
        let made = register(&server, &receiver.url, &["*"]).await;
        let path = format!("{ENDPOINTS}/{}", made.id());
        let rolled = server.post(&path, &[("onfile[roll_secret]", "true")]).await.ok();
        let (old, new) = (made.text("secret"), rolled.text("secret"));
        assert_ne!(old, new);
        server.post("/v1/customers", &[]).await.ok();
        send_all(&server).await;
        let request = receiver.received().swap_remove(0);
        assert_eq!(request.signature().matches("v1=").count(), 2);
        assert!(is_signed(&request, &old) && is_signed(&request, &new));
        // A day and an hour later; the signature is that of the moment.
        let later = server.another_process(jiff::SignedDuration::from_hours(25)).await;
        server.post("/v1/customers", &[]).await.ok();
        round(&server.app, Reach::All).await.unwrap();
        onfile_server::webhooks::once(&later).await.unwrap();
        let request = receiver.received().swap_remove(1);
        assert!(!is_signed(&request, &old) && is_signed(&request, &new));
        let rolled = server.post(&path, &[("onfile[roll_secret]", "true")]).await.ok().text("secret");
        for entry in std::fs::read_dir(server.scratch.directory.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            for secret in [&old, &new, &rolled] {
                assert!(
                    !bytes.windows(secret.len()).any(|it| it == secret.as_bytes()),
                    "a secret is in a file"
                );
            }
        }
    }
}

#[tokio::test]
async fn bad_parameters_are_named_and_change_nothing() {
    for server in servers().await {
        let good = "url=http://localhost/&enabled_events[]=*";
        for (body, param, code) in [
            ("enabled_events[]=*", "url", "parameter_missing"),
            ("url=http://localhost/", "enabled_events", "parameter_missing"),
            ("url=http://localhost/&enabled_events=", "enabled_events", "parameter_invalid_empty"),
            ("url=http://localhost/&enabled_events=*", "enabled_events", ""),
            ("url=http://localhost/&enabled_events[]=charge.nonsense", "enabled_events[0]", ""),
            ("url=http://localhost/&enabled_events[]=*&enabled_events[]=charge.*", "enabled_events[1]", ""),
            ("url=nowhere&enabled_events[]=*", "url", "url_invalid"),
            ("url=ftp://localhost/&enabled_events[]=*", "url", "url_invalid"),
            ("url=http://a:b@localhost/&enabled_events[]=*", "url", "url_invalid"),
            ("url=http://169.254.169.254/&enabled_events[]=*", "url", "url_invalid"),
            (&format!("{good}&api_version=2020-08-27"), "api_version", ""),
            (&format!("{good}&connect=true"), "connect", ""),
            (&format!("{good}&disabled=true"), "disabled", "parameter_unknown"),
            (&format!("{good}&onfile[roll_secret]=true"), "onfile[roll_secret]", "parameter_unknown"),
            (&format!("{good}&expand[]=x"), "expand", ""),
            (&format!("{good}&nonsense=1"), "nonsense", "parameter_unknown"),
            (&format!("{good}&metadata=x"), "metadata", ""),
        ] {
            let request = server.with(&server.merchant.secret, "POST", ENDPOINTS, &[]).body(body.to_owned());
            let refused = send(request).await;
            assert_eq!(refused.status, 400, "{body}: {}", refused.body);
            assert_eq!(refused.at("error/param"), json!(param), "{body}: {}", refused.body);
            assert!(code.is_empty() || refused.at("error/code") == json!(code), "{body}: {}", refused.body);
        }
        assert_eq!(server.get(ENDPOINTS, &[]).await.ok().at("data"), json!([]));
        let log = "/v1/onfile/webhook_deliveries";
        for (pairs, param) in [
            ([("state", "lost")], "state"),
            ([("endpoint", "evt_1")], "endpoint"),
            ([("event", "we_1")], "event"),
            ([("nonsense", "1")], "nonsense"),
        ] {
            let refused = server.get(log, &pairs).await;
            assert_eq!((refused.status, refused.at("error/param")), (400, json!(param)));
        }
    }
}

#[tokio::test]
async fn an_account_has_sixteen_endpoints_at_most() {
    for server in servers().await {
        for _ in 0..16 {
            register(&server, "http://localhost/", &["*"]).await;
        }
        let one_more = [("url", "http://localhost/"), ("enabled_events[]", "*")];
        let refused = server.post(ENDPOINTS, &one_more).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text("error/message").contains("16"), "{}", refused.body);
    }
}

#[tokio::test]
async fn a_private_address_is_refused_outside_test_mode_and_where_the_configuration_says_so() {
    let strict = "[webhooks]\nallow_private_in_test_mode = false\n";
    for (settings, livemode) in [("", true), (strict, false)] {
        for server in servers_with(settings).await {
            let shop = merchant(&server.app, "Live", livemode).await;
            for (url, said) in [
                ("http://shop.example/", "https"),
                ("https://localhost/hooks", "localhost is, or stands for,"),
                ("https://127.0.0.1/", "a loopback address"),
                ("https://10.0.0.8/", "a private address"),
                ("https://[fd00::8]/", "a private address"),
                ("https://[::ffff:192.168.0.1]/", "a private address"),
                ("https://2130706433/", "a loopback address"),
                ("https://shop.example:8443/", "port 8443"),
                ("https://onfile-no-such-name.invalid/", "cannot be resolved"),
            ] {
                let pairs = [("url", url), ("enabled_events[]", "*")];
                let refused = send(server.with(&shop.secret, "POST", ENDPOINTS, &pairs)).await;
                assert_eq!(refused.status, 400, "{url}: {}", refused.body);
                assert_eq!(refused.at("error/param"), "url", "{url}");
                assert!(refused.text("error/message").contains(said), "{url}: {}", refused.body);
            }
            // The address itself is public: nothing is looked up, nothing is sent.
            let pairs = [("url", "https://93.184.216.34/hooks"), ("enabled_events[]", "*")];
            let made = send(server.with(&shop.secret, "POST", ENDPOINTS, &pairs)).await.ok();
            let path = format!("{ENDPOINTS}/{}", made.id());
            let refused =
                send(server.with(&shop.secret, "POST", &path, &[("url", "https://10.0.0.8/")])).await;
            assert_eq!((refused.status, refused.at("error/param")), (400, json!("url")));
            let read = send(server.with(&shop.secret, "GET", &path, &[])).await.ok();
            assert_eq!(read.at("url"), "https://93.184.216.34/hooks");
        }
    }
}
