//! A server to talk to and a client that sends exactly what it is told.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use onfile_service::bodies::{BodyLimits, BodyRefusal, limited};
use onfile_service::listen::{Bound, Limits, ListenAddress, ListenConfig, Peer, serve_within};
use onfile_service::shutdown::{Shutdown, ShutdownTrigger};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far longer than anything here takes: who waits so long has met a deadline that does not exist.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// A deadline short enough to wait for.
pub const SHORT: Duration = Duration::from_millis(300);
pub const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

pub const BODY_BYTES_MAX: usize = 1000;

fn refuse(refusal: BodyRefusal) -> Response {
    let status = match refusal {
        BodyRefusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyRefusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyRefusal::Broken => StatusCode::BAD_REQUEST,
    };
    (status, "in the caller's shape").into_response()
}

/// `GET /` says who asks, `POST /` how long the body was.
pub fn router() -> Router {
    let router = Router::new()
        .route("/", get(|ConnectInfo(peer): ConnectInfo<Peer>| async move { format!("hello {peer:?}") }))
        .route("/", post(|body: Bytes| async move { body.len().to_string() }));
    limited(router, BodyLimits { bytes_max: BODY_BYTES_MAX, deadline: SHORT, refuse })
}

pub fn loopback() -> ListenConfig {
    ListenConfig::plain(ListenAddress::Tcp("127.0.0.1:0".parse().unwrap()))
}

pub struct Server {
    pub bound: Bound,
    pub trigger: ShutdownTrigger,
}

pub async fn start(limits: Limits, router: Router, config: &ListenConfig) -> Server {
    let (trigger, shutdown) = Shutdown::manual();
    let bound = serve_within(limits, router, config, shutdown).await.unwrap();
    Server { bound, trigger }
}

impl Server {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.bound.tcp_address().unwrap()).await.unwrap()
    }
}

/// Reads until the other side closes, or panics when it does not.
pub async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the connection was never closed");
    String::from_utf8(bytes).unwrap()
}

/// Reads one answer with a `content-length`.
pub async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8(bytes.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                return text;
            }
        }
        let mut piece = [0u8; 1024];
        let read = timeout(PATIENCE, stream.read(&mut piece)).await.expect("no answer").unwrap();
        assert!(read > 0, "closed in the middle of {text:?}");
        bytes.extend_from_slice(&piece[..read]);
    }
}

/// Sends and reads one answer.
pub async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    read_answer(stream).await
}
