//! Serving HTTP: on TCP with TLS, on loopback without, and on a unix socket.
//!
//! HTTP/1.1 alone: the attacks on HTTP/2's framing are not there to be defended against, and no client of ours gains
//! by it. The accept loop is our own because a connection must be counted before it is accepted: beyond
//! [`CONNECTIONS_MAX`] clients wait in the kernel's backlog and cost no memory here.

mod connection;
mod stall;
mod tls;
mod unix;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

pub use crate::config::{ListenAddress, ListenConfig, TlsConfig};
use crate::shutdown::Shutdown;

/// How many connections are served at a time; further ones wait in the backlog.
pub const CONNECTIONS_MAX: usize = 4096;
/// How long a client may take from connecting, or from its last answer, to the end of the next request's header. It
/// is the limit on idle connections too, so a client that keeps a pool must let go sooner: [`CLIENT_IDLE_MAX`].
pub const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// How long our own clients keep an idle connection to one of our listeners. Shorter than [`HEADER_DEADLINE`] by a
/// wide margin: a request that meets the closing of its connection has an unknown outcome.
pub const CLIENT_IDLE_MAX: Duration = Duration::from_secs(5);
/// How long a TLS handshake may take.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// How long a client may leave an answer unread before it is cut off.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long requests under way may go on after the order to stop.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// How long the accept loop rests when the operating system refuses to accept (no file descriptors left).
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// The limits of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// See [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// See [`HEADER_DEADLINE`].
    pub header_deadline: Duration,
    /// See [`HANDSHAKE_DEADLINE`].
    pub handshake_deadline: Duration,
    /// See [`WRITE_DEADLINE`].
    pub write_deadline: Duration,
    /// See [`DRAIN_LIMIT`].
    pub drain_limit: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_MAX,
            header_deadline: HEADER_DEADLINE,
            handshake_deadline: HANDSHAKE_DEADLINE,
            write_deadline: WRITE_DEADLINE,
            drain_limit: DRAIN_LIMIT,
        }
    }
}

/// Why a listener did not start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Card data and credentials would cross a network in clear.
    #[error(
        "`listen.address` is {address}, which others can reach, and `[listen.tls]` is missing: set \
         `listen.tls.certificate_file` and `listen.tls.key_file`, or listen on 127.0.0.1"
    )]
    PlainOutsideLoopback {
        /// The configured address.
        address: SocketAddr,
    },
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on `listen.address` {address}")]
    Bind {
        /// The configured address.
        address: ListenAddress,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something that is no socket stands at the socket's path. It is left alone.
    #[error("`listen.address`: {path} exists and is not a socket")]
    NotASocket {
        /// The configured path.
        path: PathBuf,
    },
    /// Another process answers at the socket's path.
    #[error("`listen.address`: another process listens on {path}")]
    SocketInUse {
        /// The configured path.
        path: PathBuf,
    },
    /// A certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

pub use tls::TlsError;

/// Who is at the other end of a connection; handlers ask for `axum::extract::ConnectInfo<Peer>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A TCP peer. Behind a proxy it is the proxy.
    Tcp(SocketAddr),
    /// A process on this machine that may open our socket.
    Unix,
}

/// A listener at work.
#[derive(Debug)]
pub struct Bound {
    address: ListenAddress,
    serving: JoinHandle<()>,
}

impl Bound {
    /// Where it listens, with the port that was found when port 0 was asked for.
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// The address and port, unless it listens on a unix socket.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match self.address {
            ListenAddress::Tcp(address) => Some(address),
            ListenAddress::Unix(_) => None,
        }
    }

    /// Waits until the order to stop was given and every connection has ended or was cut off.
    pub async fn finished(self) {
        if let Err(error) = self.serving.await {
            tracing::error!("the accept loop ended: {error}");
        }
    }
}

/// Serves `router` with the standard [`Limits`] until `shutdown` is requested. Returns as soon as it listens.
///
/// # Errors
/// See [`ListenError`].
pub async fn serve(router: Router, config: &ListenConfig, shutdown: Shutdown) -> Result<Bound, ListenError> {
    serve_within(Limits::default(), router, config, shutdown).await
}

/// [`serve`] with other limits.
///
/// # Errors
/// See [`ListenError`].
pub async fn serve_within(
    limits: Limits,
    router: Router,
    config: &ListenConfig,
    shutdown: Shutdown,
) -> Result<Bound, ListenError> {
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let bind = |source| ListenError::Bind { address: config.address.clone(), source };
    let shared = Shared { limits, tls, router: router.with_state(()), shutdown };
    match &config.address {
        ListenAddress::Tcp(address) => {
            if shared.tls.is_none() && !address.ip().is_loopback() {
                return Err(ListenError::PlainOutsideLoopback { address: *address });
            }
            let listener = TcpListener::bind(address).await.map_err(bind)?;
            let address = ListenAddress::Tcp(listener.local_addr().map_err(bind)?);
            Ok(Bound { address, serving: tokio::spawn(accept_loop(listener, shared)) })
        }
        ListenAddress::Unix(path) => {
            let listener = unix::bind(path, &config.address).await?;
            Ok(Bound {
                address: config.address.clone(),
                serving: tokio::spawn(accept_loop(listener, shared)),
            })
        }
    }
}

/// What every connection of a listener has in common.
#[derive(Clone)]
struct Shared {
    limits: Limits,
    tls: Option<tokio_rustls::TlsAcceptor>,
    router: Router,
    shutdown: Shutdown,
}

/// What connections come from.
trait Incoming: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Peer)>> + Send;
}

impl Incoming for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Peer)> {
        let (stream, address) = self.accept().await?;
        // Answers are small and written at once: waiting to fill a packet only delays them.
        stream.set_nodelay(true)?;
        Ok((stream, Peer::Tcp(address)))
    }
}

impl Incoming for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = self.accept().await?;
        Ok((stream, Peer::Unix))
    }
}

/// Accepts until the order to stop, then waits for what is under way.
async fn accept_loop<L: Incoming>(listener: L, shared: Shared) {
    let places = Arc::new(Semaphore::new(shared.limits.connections_max));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.shutdown.requested() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let shared = shared.clone();
        tokio::spawn(async move {
            connection::serve(stream, peer, shared).await;
            drop(place);
        });
    }
    // No new connection from here on; the operating system refuses them.
    drop(listener);
    // Every connection cuts itself off after the drain limit; the second is for the cutting.
    let everybody = u32::try_from(shared.limits.connections_max).unwrap_or(u32::MAX);
    let patience = shared.limits.drain_limit + Duration::from_secs(1);
    if tokio::time::timeout(patience, places.acquire_many(everybody)).await.is_err() {
        tracing::warn!("some connections did not end within the drain limit");
    }
}

/// Waits for a place, then for a connection: in this order, so that whoever has no place waits in the backlog.
async fn accept<L: Incoming>(
    listener: &L,
    places: &Arc<Semaphore>,
) -> Option<(L::Stream, Peer, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.next().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            // A client that left before it was accepted, or no descriptors left: rest rather than spin.
            tracing::warn!("cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_REST).await;
            None
        }
    }
}
