//! A client of the API and of the stand-in processor: JSON over plain HTTP on this machine.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

use crate::failure::{Context, Failure, Outcome};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest answer that is read: a ledger of some hundred thousand lines.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How many objects a page has.
const PAGE: &str = "100";
/// The most pages of one list: far more than a demo makes.
const PAGES_MAX: usize = 1_000;

/// One address and the credential for it.
pub struct Client {
    agent: Agent,
    base: String,
    bearer: String,
}

impl Client {
    /// A client; nothing is sent yet. Proxies of the environment are not asked: it all is on this machine.
    pub fn new(base: &str, bearer: &str) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        // By this address only, since `localhost` may be another one first.
        let base = base.replace("//localhost:", "//127.0.0.1:");
        Self { agent: config.into(), base, bearer: format!("Bearer {bearer}") }
    }

    /// Asks for an object.
    ///
    /// # Errors
    /// When it cannot be reached or refuses; the message is what it says.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Outcome<Value> {
        parsed(path, &self.text(path, query)?)
    }

    /// Asks for a text.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn text(&self, path: &str, query: &[(&str, &str)]) -> Outcome<String> {
        let request = self.agent.get(format!("{}{path}", self.base)).header("authorization", &self.bearer);
        let request = request.query_pairs(query.iter().copied());
        read(path, request.call().context(path)?)
    }

    /// Sends a form.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Outcome<Value> {
        let request = self.agent.post(format!("{}{path}", self.base)).header("authorization", &self.bearer);
        let answer = request.send_form(form.iter().copied()).context(path)?;
        parsed(path, &read(path, answer)?)
    }

    /// Sends a file.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn upload(&self, path: &str, content_type: &str, content: &str) -> Outcome<Value> {
        let request = self.agent.post(format!("{}{path}", self.base)).header("authorization", &self.bearer);
        let answer = request.content_type(content_type).send(content).context(path)?;
        parsed(path, &read(path, answer)?)
    }

    /// All objects of a list, newest first.
    ///
    /// # Errors
    /// As [`Self::get`]; and when there are more than anybody waits for.
    pub fn list(&self, path: &str, query: &[(&str, &str)]) -> Outcome<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..PAGES_MAX {
            let after = all.last().and_then(|last| last.get("id")?.as_str().map(str::to_owned));
            let mut query = query.to_vec();
            query.push(("limit", PAGE));
            query.extend(after.as_deref().map(|id| ("starting_after", id)));
            let page = self.get(path, &query)?;
            all.extend(page.get("data").and_then(Value::as_array).cloned().unwrap_or_default());
            if page.get("has_more") != Some(&Value::Bool(true)) {
                return Ok(all);
            }
        }
        Err(Failure::new(format!("{path}: more than {PAGES_MAX} pages")))
    }
}

fn read(path: &str, mut answer: Response<ureq::Body>) -> Outcome<String> {
    let status = answer.status();
    let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().context(path)?;
    if status.is_success() {
        return Ok(text);
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let said = body.pointer("/error/message").and_then(Value::as_str).unwrap_or(&text);
    Err(Failure::new(format!("{path}: {status}: {said}")))
}

fn parsed(path: &str, text: &str) -> Outcome<Value> {
    serde_json::from_str(text).context(path)
}
