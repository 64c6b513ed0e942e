//! Serving connections ourselves, because a fault must be able to close one without an answer.
//!
//! A response that carries [`Dropped`] never leaves: the service answers with an error instead, on which hyper closes
//! the connection. The peer sees its end and no status line, exactly as when a processor dies at that moment.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use onfile_service::shutdown::Shutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// How many connections are served at a time; further ones wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 4096;
/// How long a request's head may take, and with it how long a connection may idle. Longer than the 90 s for which
/// common clients keep idle connections: a request that meets the closing of its connection has an unknown outcome,
/// and unknown outcomes shall come from the fault plan alone.
const HEADER_DEADLINE: Duration = Duration::from_mins(2);
/// The largest head of a request.
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// The most lines in a head.
const HEADER_LINES_MAX: usize = 64;
/// How long requests under way may go on after the order to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// How long to rest when the operating system refuses to accept.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Marks a response that must never leave.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("closed without an answer, as ordered")]
pub struct Dropped;

impl IntoResponse for Dropped {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

/// Serves until the order to stop, then lets requests under way end.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.requested() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let connection = serve_one(stream, router.clone(), shutdown.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
    drop(listener);
    let everybody = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    let patience = DRAIN_LIMIT + Duration::from_secs(1);
    if tokio::time::timeout(patience, places.acquire_many(everybody)).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// Waits for a place, then for a connection.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // Answers are small and written at once: waiting to fill a packet only delays them.
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

async fn serve_one(stream: TcpStream, router: Router, shutdown: Shutdown) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answered = router.clone().oneshot(request.map(Body::new));
        async move {
            let response = answered.await.unwrap_or_else(|never| match never {});
            if response.extensions().get::<Dropped>().is_some() { Err(Dropped) } else { Ok(response) }
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_headers(HEADER_LINES_MAX)
        .max_buf_size(HEADER_BYTES_MAX);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.requested() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(DRAIN_LIMIT, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}
