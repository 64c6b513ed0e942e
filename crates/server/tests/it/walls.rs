//! The wall at the edge: account data is refused, and nothing of it stays.

use std::io::Write;
use std::sync::{Arc, Mutex};

use onfile_service::masked::MaskedLine;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{send, servers};

/// Every byte that this process logs.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = MaskedLine<Self>;
    fn make_writer(&'a self) -> Self::Writer {
        MaskedLine::new(self.clone())
    }
}

/// The network's own example number.
fn number() -> String {
    ["4242"; 4].concat()
}

#[tokio::test]
async fn account_data_is_refused_and_is_in_no_table_file_or_log_afterwards() {
    let logs = Captured::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(logs.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (number, cvc) = (number(), "987");
    let spaced = ["4242"; 4].join(" ");
    for server in servers().await {
        let key = &server.merchant.secret;
        let id = server.post("/v1/customers", &[]).await.ok().id();
        let update = format!("/v1/customers/{id}");
        for (method, path, pairs) in [
            ("POST", "/v1/payment_methods", vec![("type", "card"), ("card[number]", number.as_str())]),
            ("POST", "/v1/payment_methods", vec![("type", "card"), ("card[cvc]", cvc)]),
            ("POST", "/v1/tokens", vec![("card[number]", number.as_str()), ("card[cvc]", cvc)]),
            ("POST", "/v1/sources", vec![("source[number]", number.as_str())]),
            ("POST", "/v1/payment_intents", vec![("payment_method_data[card][number]", number.as_str())]),
            ("POST", "/v1/payment_methods", vec![("us_bank_account[account_number]", "000123456789")]),
            ("POST", update.as_str(), vec![("bank_account[account_number]", "000123456789")]),
            ("POST", update.as_str(), vec![("description", spaced.as_str())]),
            ("POST", update.as_str(), vec![("metadata[note]", number.as_str())]),
            ("GET", "/v1/customers", vec![("email", number.as_str())]),
            ("GET", "/v1/customers", vec![("card[number]", "")]),
            ("DELETE", update.as_str(), vec![("note", number.as_str())]),
        ] {
            let reply = send(server.with(key, method, path, &pairs)).await;
            assert_eq!(reply.status, 402, "{method} {path} {pairs:?}: {}", reply.body);
            assert_eq!(reply.at("error/type"), "invalid_request_error");
            assert!(reply.text("error/message").contains("vault"), "{}", reply.body);
        }
        // In a path as in a query, encoded, where a mask that looks for digits would see none.
        let encoded = ["4242"; 4].join("%20");
        assert_eq!(server.get(&format!("/v1/customers/{encoded}"), &[]).await.status, 402);
        // A name is repeated in errors that come before the wall.
        let broken = server.bare("POST", &update).body(format!("{number}=%FF")).bearer_auth(key);
        let broken = send(broken).await;
        assert_eq!(broken.status, 400);
        assert_absent(broken.body.to_string().as_bytes(), &number, "an error");
        let named = format!("metadata[{number}]");
        assert_eq!(server.post(&update, &[(&named, "1")]).await.status, 402);
        assert_eq!(server.get(&format!("/v1/customers/{number}"), &[]).await.status, 402);
        assert_eq!(server.get(&format!("/v1/nothing/{number}"), &[]).await.status, 402);
        let under_key = server.post_once(&number, "/v1/customers", &[("name", "x")]).await;
        assert_eq!(under_key.status, 402);
        assert_eq!(under_key.header("idempotency-key"), None);
        let agent =
            server.with(key, "POST", &update, &[("name", "x")]).header("user-agent", format!("me {number}"));
        send(agent).await.ok();
        assert_eq!(server.get(&update, &[]).await.ok().at("metadata"), json!({}));
        let listed = server.get("/v1/customers", &[]).await.ok();
        assert_eq!(listed.at("data").as_array().unwrap().len(), 1);
        for entry in std::fs::read_dir(server.scratch.directory.path()).unwrap() {
            let path = entry.unwrap().path();
            assert_absent(&std::fs::read(&path).unwrap(), &number, &path.display().to_string());
        }
    }
    let logged = logs.0.lock().unwrap().clone();
    assert!(String::from_utf8_lossy(&logged).contains("refused"), "the refusals were not logged at all");
    assert_absent(&logged, &number, "the log");
    assert_absent(&logged, &["4242"; 4].join("%20"), "the log");
    assert_absent(&logged, &spaced, "the log");
    assert_absent(&logged, &format!("cvc%5D={cvc}"), "the log");
}

#[track_caller]
fn assert_absent(bytes: &[u8], needle: &str, place: &str) {
    assert!(!bytes.windows(needle.len()).any(|window| window == needle.as_bytes()), "{needle} is in {place}");
}

#[tokio::test]
async fn our_own_labels_and_ids_pass_the_wall() {
    for server in servers().await {
        let (customer, method) = server.customer_with_card("pm_card_visa").await;
        for text in ["C1001-424242-4242", &customer, &method, "order 1234567890123456"] {
            server.post("/v1/customers", &[("description", text)]).await.ok();
        }
    }
}
