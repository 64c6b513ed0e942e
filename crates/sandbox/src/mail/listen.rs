//! Connections of the mail catcher: accepted within a limit, read with patience, closed in order.

use onfile_core::clock::Clock;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use onfile_service::shutdown::Shutdown;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::message::{Envelope, Message};
use super::session::{Line, Next, Reply, Session};
use super::{COMMAND_BYTES_MAX, MESSAGE_BYTES_MAX, TEXT_LINE_BYTES_MAX, lines};
use crate::engine::Engine;
use crate::ids::MessageId;

/// How many connections are served at a time; further ones wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 64;
/// How long the next line may take (RFC 5321, 4.5.3.2.7).
const IDLE_MAX: Duration = Duration::from_mins(5);
/// How long a connection may last, however busy it is.
const CONNECTION_MAX: Duration = Duration::from_mins(30);
/// How long to rest when the operating system refuses to accept.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Catches mail until the order to stop.
pub async fn catch(listener: TcpListener, engine: Arc<Engine>, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            biased;
            () = shutdown.requested() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let conversation = converse(stream, Arc::clone(&engine), shutdown.clone());
                tokio::spawn(async move {
                    match tokio::time::timeout(CONNECTION_MAX, conversation).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => tracing::debug!("a mail connection broke: {error}"),
                        Err(_) => tracing::warn!("a mail connection was closed: it lasted too long"),
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("cannot accept a mail connection: {error}");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, engine: Arc<Engine>, shutdown: Shutdown) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut out) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut session = Session::default();
    say(&mut out, Reply::GREETING).await?;
    loop {
        let longest = if session.in_data() { TEXT_LINE_BYTES_MAX } else { COMMAND_BYTES_MAX };
        let line = tokio::select! {
            biased;
            () = shutdown.requested() => return say(&mut out, Reply::CLOSING).await,
            line = tokio::time::timeout(IDLE_MAX, lines::next(&mut reader, longest)) => line,
        };
        let Ok(line) = line else { return say(&mut out, Reply::IDLE).await };
        let Some(line) = line? else { return Ok(()) };
        if !act(&mut session, line, &engine, &mut out).await? {
            return Ok(());
        }
    }
}

/// Does what a line leads to; answers whether the conversation goes on.
async fn act(
    session: &mut Session,
    line: Line,
    engine: &Arc<Engine>,
    out: &mut OwnedWriteHalf,
) -> io::Result<bool> {
    match session.take(line, engine.faults.mail()) {
        Next::Listen => {}
        Next::Say(reply) => say(out, reply).await?,
        Next::Announce => out.write_all(announcement().as_bytes()).await?,
        Next::Leave(reply) => {
            say(out, reply).await?;
            return Ok(false);
        }
        Next::Vanish => return Ok(false),
        Next::Keep(envelope, bytes) => match keep(engine, envelope, bytes).await {
            Ok(id) => out.write_all(format!("250 OK: kept as {id}\r\n").as_bytes()).await?,
            Err(error) => {
                tracing::error!("a message could not be kept: {error}");
                say(out, Reply::NOT_KEPT).await?;
            }
        },
        Next::KeepAndVanish(envelope, bytes) => {
            keep(engine, envelope, bytes).await?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns once the message is on the disk.
async fn keep(engine: &Engine, envelope: Envelope, raw: Vec<u8>) -> io::Result<MessageId> {
    let id: MessageId = engine.ids.next();
    let message = Message { id: id.clone(), received: engine.clock.now(), envelope, raw };
    let mailbox = Arc::clone(&engine.mail);
    tokio::task::spawn_blocking(move || mailbox.keep(message)).await.map_err(io::Error::other)??;
    Ok(id)
}

async fn say(out: &mut OwnedWriteHalf, reply: Reply) -> io::Result<()> {
    out.write_all(reply.to_string().as_bytes()).await
}

/// What this server can besides RFC 5321: RFC 1870, 6152, 2920, 6531.
fn announcement() -> String {
    format!(
        "250-localhost\r\n250-SIZE {MESSAGE_BYTES_MAX}\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n"
    )
}
