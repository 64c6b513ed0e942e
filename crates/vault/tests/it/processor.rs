//! A processor that does what it is told and remembers every request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What the next request meets.
#[derive(Debug, Clone)]
pub enum Reply {
    /// This status and body.
    Json(u16, Value),
    /// A body that is no JSON.
    Text(u16, &'static str),
    /// The connection breaks once the request is read.
    Drop,
    /// The answer comes too late.
    Hang,
    /// The body of the request, sent back.
    Echo,
    /// The answer waits for this long.
    Slow(Duration),
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Value,
}

#[derive(Clone, Default)]
pub struct Processor(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    replies: VecDeque<Reply>,
    seen: Vec<Seen>,
}

impl Processor {
    /// Starts one; gives it with its address.
    pub async fn start() -> (Self, String) {
        let processor = Self::default();
        let router = Router::new().fallback(answer).with_state(processor.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (processor, url)
    }

    /// What the next request meets; without any, an approval.
    pub fn next(&self, reply: Reply) {
        self.0.lock().unwrap().replies.push_back(reply);
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().seen.clone()
    }

    /// How many requests arrived.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().seen.len()
    }
}

async fn answer(
    State(processor): State<Processor>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let reply = {
        let mut inner = processor.0.lock().unwrap();
        inner.seen.push(Seen { method, uri, headers, body: body.clone() });
        inner.replies.pop_front()
    };
    let approval = json!({"id": "pay_1", "object": "payment", "status": "captured", "amount": 1250});
    let (status, value) = match reply {
        None => (200, approval),
        Some(Reply::Json(status, value)) => (status, value),
        Some(Reply::Echo) => (200, json!({"echo": body, "text": body.to_string()})),
        Some(Reply::Text(status, text)) => {
            return (StatusCode::from_u16(status).unwrap(), text).into_response();
        }
        Some(Reply::Slow(time)) => {
            tokio::time::sleep(time).await;
            (200, approval)
        }
        Some(Reply::Hang) => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            (200, approval)
        }
        // The server drops the connection when its handler panics.
        Some(Reply::Drop) => panic!("dropped, as the test asked"),
    };
    (StatusCode::from_u16(status).unwrap(), axum::Json(value)).into_response()
}
