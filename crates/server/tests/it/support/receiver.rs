//! A merchant's own server: a real HTTP listener that keeps what it was sent and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use onfile_service::listen::{Bound, ListenAddress, ListenConfig, serve};
use onfile_service::shutdown::{Shutdown, ShutdownTrigger};
use serde_json::Value;
use tokio::sync::Notify;

/// How it answers one request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With this status and text.
    Status(u16, String),
    /// With a redirect to this address.
    Redirect(String),
    /// Never.
    Nothing,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The type of the event.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// The signature header.
    pub fn signature(&self) -> String {
        self.headers["stripe-signature"].to_str().unwrap().to_owned()
    }
}

#[derive(Default)]
struct Inner {
    received: Mutex<Vec<Received>>,
    /// Answers to come, one for each request; without one it is 200.
    answers: Mutex<VecDeque<Answer>>,
    /// The answer when there is none to come.
    otherwise: Mutex<Option<Answer>>,
    arrived: Notify,
}

/// A receiver.
pub struct Receiver {
    pub url: String,
    inner: Arc<Inner>,
    _bound: Bound,
    _stop: ShutdownTrigger,
}

impl Receiver {
    /// Starts one on a port of its own.
    pub async fn start() -> Self {
        let inner = Arc::new(Inner::default());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inner));
        let listen = ListenConfig::plain(ListenAddress::Tcp("127.0.0.1:0".parse().unwrap()));
        let (stop, shutdown) = Shutdown::manual();
        let bound = serve(router, &listen, shutdown).await.unwrap();
        let url = format!("http://{}/hooks", bound.tcp_address().unwrap());
        Self { url, inner, _bound: bound, _stop: stop }
    }

    /// What is answered next, one for each request.
    pub fn will_answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.inner.answers.lock().unwrap().extend(answers);
    }

    /// What is answered from now on.
    pub fn always_answers(&self, answer: Option<Answer>) {
        *self.inner.otherwise.lock().unwrap() = answer;
    }

    /// Everything so far.
    pub fn received(&self) -> Vec<Received> {
        self.inner.received.lock().unwrap().clone()
    }

    /// The types of everything so far.
    pub fn kinds(&self) -> Vec<String> {
        self.received().iter().map(Received::kind).collect()
    }

    /// Returns when something has come in.
    pub async fn something_arrived(&self) {
        self.inner.arrived.notified().await;
    }
}

async fn receive(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    inner.received.lock().unwrap().push(Received { headers: parts.headers, body });
    inner.arrived.notify_one();
    let next = inner.answers.lock().unwrap().pop_front();
    let answer = next.or_else(|| inner.otherwise.lock().unwrap().clone());
    match answer.unwrap_or(Answer::Status(200, "ok".to_owned())) {
        Answer::Status(status, text) => (StatusCode::from_u16(status).unwrap(), text).into_response(),
        Answer::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Answer::Nothing => std::future::pending().await,
    }
}
