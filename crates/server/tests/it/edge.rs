//! What every answer has, whatever is asked.

use crate::support::{send, servers};

#[tokio::test]
async fn every_answer_is_json_with_a_request_id_and_echoes() {
    for server in servers().await {
        let key = &server.merchant.secret;
        for (method, path, want) in [
            ("GET", "/v1/customers", 200),
            ("GET", "/v1/nothing", 404),
            ("GET", "/v2/core/accounts", 404),
            ("POST", "/v1/tokens", 404),
            ("DELETE", "/v1/customers", 404),
            ("GET", "/v1/customers/cus_nobody", 404),
            ("GET", "/v1/customers?limit=x", 400),
        ] {
            let request = server
                .with(key, method, path, &[])
                .header("stripe-version", "2026-10-28.endive")
                .header("idempotency-key", "my-key");
            let reply = send(request).await;
            assert_eq!(reply.status, want, "{method} {path}: {}", reply.body);
            assert_eq!(reply.header("content-type"), Some("application/json"), "{path}");
            assert!(reply.header("request-id").is_some_and(|id| id.starts_with("req_")), "{path}");
            assert_eq!(reply.header("stripe-version"), Some("2026-10-28.endive"), "{path}");
            assert_eq!(reply.header("idempotency-key"), Some("my-key"), "{path}");
            assert_eq!(reply.header("stripe-notice"), None);
            if want != 200 {
                assert!(reply.at("error").is_object(), "{path}");
                assert!(!reply.text("error/message").is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_taken_is_refused_with_a_reason() {
    for server in servers().await {
        let post = || server.bare("POST", "/v1/customers").bearer_auth(&server.merchant.secret);
        let form = "application/x-www-form-urlencoded";
        for (kind, body, want) in [
            (form, b"name=".iter().copied().chain(std::iter::repeat_n(b'a', 64 * 1024)).collect(), 413),
            (form, b"name=\xff".to_vec(), 400),
            (form, b"name=%ff".to_vec(), 400),
            ("application/json", b"{\"name\":\"x\"}".to_vec(), 400),
            ("multipart/form-data; boundary=x", b"--x--".to_vec(), 400),
        ] {
            let reply = send(post().header("content-type", kind).body(body)).await;
            assert_eq!(reply.status, want, "{kind}: {}", reply.body);
            assert!(reply.at("error/message").is_string());
        }
        let untyped = send(post().body("name=x")).await.ok();
        assert_eq!(untyped.at("name"), "x");
    }
}

#[tokio::test]
async fn health_needs_no_key() {
    for server in servers().await {
        assert_eq!(send(server.bare("GET", "/health")).await.status, 204);
    }
}

#[tokio::test]
async fn the_account_of_the_key_is_shown() {
    for server in servers().await {
        let account = server.get("/v1/account", &[]).await.ok();
        assert_eq!(account.id(), server.merchant.account.id.to_string());
    }
}
