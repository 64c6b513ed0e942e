//! One connection, from handshake to end.

use std::convert::Infallible;
use std::pin::pin;

use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tower::ServiceExt;

use super::stall::Stall;
use super::{Peer, Shared};

/// The largest header of a request, all lines together; also the size of a connection's read buffer.
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// The most lines in a header.
const HEADER_LINES_MAX: usize = 64;

/// Serves one connection to its end. Errors end with it: a client that breaks off is no event.
pub(super) async fn serve<S>(stream: S, peer: Peer, shared: Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Stall::new(stream, shared.limits.write_deadline);
    let Some(acceptor) = shared.tls.clone() else {
        return serve_http(stream, peer, shared).await;
    };
    let handshake = timeout(shared.limits.handshake_deadline, acceptor.accept(stream));
    let accepted = tokio::select! {
        accepted = handshake => accepted,
        () = shared.shutdown.requested() => return,
    };
    match accepted {
        Ok(Ok(stream)) => serve_http(stream, peer, shared).await,
        Ok(Err(error)) => tracing::debug!(?peer, "the TLS handshake failed: {error}"),
        Err(_) => tracing::debug!(?peer, "the TLS handshake took too long"),
    }
}

async fn serve_http<S>(stream: S, peer: Peer, shared: Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Shared { limits, router, shutdown, .. } = shared;
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_deadline)
        .max_headers(HEADER_LINES_MAX)
        .max_buf_size(HEADER_BYTES_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.requested() => {
            connection.as_mut().graceful_shutdown();
            match timeout(limits.drain_limit, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::warn!(?peer, "a connection was cut off at the drain limit"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(?peer, "a connection ended early: {error}");
    }
}
