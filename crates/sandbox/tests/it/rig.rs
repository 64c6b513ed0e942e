//! A running sandbox and a client for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub const CREDENTIAL: &str = "credential-for-tests";
pub const APPROVES: &str = "4242424242424242";
pub const ALWAYS_ASKS: &str = "4000002760003184";

/// A running sandbox; killed on drop.
pub struct Rig {
    process: Child,
    pub url: String,
    /// Host and port of the mail catcher.
    pub smtp: String,
    client: Client,
    next: AtomicU32,
}

/// What a request was answered.
#[derive(Debug)]
pub struct Got {
    pub status: StatusCode,
    pub replayed: bool,
    pub body: Value,
}

impl Rig {
    /// Starts a sandbox over `dir`.
    pub fn start(dir: &Path) -> Self {
        let credential = dir.join("credential");
        std::fs::write(&credential, CREDENTIAL).unwrap();
        std::fs::set_permissions(&credential, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_onfile-sandbox"))
            .args(["serve", "--listen", "127.0.0.1:0", "--smtp-listen", "127.0.0.1:0", "--data"])
            .arg(dir.join("data"))
            .arg("--credential-file")
            .arg(&credential)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut address = |scheme: &str| {
            let line = lines.next().unwrap().unwrap();
            let address = line.rsplit(' ').next().unwrap().to_owned();
            assert!(address.starts_with(&format!("{scheme}://127.0.0.1:")), "{line:?}");
            address
        };
        let (url, smtp) = (address("http"), address("smtp").trim_start_matches("smtp://").to_owned());
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self { process, url, smtp, client, next: AtomicU32::new(1) }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for the process's own end.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.process.wait().unwrap()
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// A new operation id.
    pub fn op(&self) -> String {
        format!("op_{}_{}", self.process.id(), self.next.fetch_add(1, Ordering::Relaxed))
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    fn signed(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(CREDENTIAL).header("Sandbox-Merchant", "acct_test")
    }

    /// A POST with this key.
    pub async fn try_post(&self, path: &str, key: &str, body: &Value) -> reqwest::Result<Got> {
        got(self.signed(Method::POST, path).header("Idempotency-Key", key).json(body)).await
    }

    /// A POST whose key is its reference.
    pub async fn post(&self, path: &str, body: &Value) -> Got {
        self.try_post(path, body["reference"].as_str().unwrap(), body).await.unwrap()
    }

    pub async fn look_up(&self, reference: &str) -> Value {
        let got =
            got(self.signed(Method::GET, &format!("/v1/operations?reference={reference}"))).await.unwrap();
        assert_eq!(got.status, StatusCode::OK);
        got.body
    }

    /// A payment request that captures at once.
    pub fn payment(&self, number: &str, amount: u64) -> Value {
        json!({
            "reference": self.op(), "amount": amount, "currency": "eur", "capture": true, "initiator": "customer",
            "return_url": "https://shop.example/back?order=1",
            "card": {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"},
        })
    }

    /// Pays, and answers with the payment.
    pub async fn pay(&self, number: &str, capture: bool) -> Value {
        let mut body = self.payment(number, 1000);
        body["capture"] = json!(capture);
        let got = self.post("/v1/payments", &body).await;
        assert_eq!(got.status, StatusCode::OK, "{got:?}");
        got.body
    }

    /// Does something with an amount, or without, to a payment.
    pub async fn act(&self, payment: &Value, what: &str, amount: Option<u64>) -> Got {
        let mut body = json!({"reference": self.op()});
        if let Some(amount) = amount {
            body["amount"] = json!(amount);
        }
        self.post(&format!("/v1/payments/{}/{what}", payment["id"].as_str().unwrap()), &body).await
    }

    /// A bank debit, as asked for.
    pub fn debit(&self, account: &str, amount: u64) -> Value {
        json!({
            "reference": self.op(), "amount": amount, "currency": "usd", "initiator": "merchant",
            "bank_account": bank_account(account),
        })
    }

    /// Moves the sandbox's clock forward.
    pub async fn pass_days(&self, days: u64) {
        let body = json!({"advance_seconds": days * 86_400});
        let got =
            got(self.request(Method::POST, "/clock").bearer_auth(CREDENTIAL).json(&body)).await.unwrap();
        assert_eq!(got.status, StatusCode::OK, "{got:?}");
    }

    pub async fn set_faults(&self, plan: &Value) {
        let got =
            got(self.request(Method::POST, "/faults").bearer_auth(CREDENTIAL).json(plan)).await.unwrap();
        assert_eq!(got.status, StatusCode::OK, "{got:?}");
    }

    /// The public ledger.
    pub async fn ledger(&self) -> Vec<Value> {
        let text = self.request(Method::GET, "/ledger").send().await.unwrap().text().await.unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The kinds of the ledger lines with this reference.
    pub async fn kinds(&self, reference: &str) -> Vec<String> {
        let ledger = self.ledger().await;
        let ours = ledger.iter().filter(|line| line["reference"] == reference);
        ours.map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// Every byte that comes back for a raw request, until the connection ends.
    pub fn raw(&self, path: &str, key: &str, body: &Value) -> Vec<u8> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CREDENTIAL}\r\nsandbox-merchant: acct_test\r\n\
             idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A bank account of the test bank.
pub fn bank_account(number: &str) -> Value {
    json!({
        "routing_number": "110000000", "account_number": number, "account_holder_type": "individual",
        "account_type": "checking",
    })
}

async fn got(request: RequestBuilder) -> reqwest::Result<Got> {
    let response = request.send().await?;
    let status = response.status();
    let replayed = response.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
    let body = response.bytes().await?;
    Ok(Got { status, replayed, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

/// The code of an error.
pub fn code(got: &Got) -> (u16, &str) {
    (got.status.as_u16(), got.body["error"]["code"].as_str().unwrap_or_default())
}
