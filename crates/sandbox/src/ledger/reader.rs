//! `GET /ledger`: the durable part of the file, as facts, in pieces.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::{Durable, FILE_NAME};
use crate::entry::Entry;

/// A piece is sent when it is at least this long, in bytes.
const PIECE: usize = 64 * 1024;
/// How many pieces may wait for a slow reader.
const PIECES_MAX: usize = 4;

type Piece = io::Result<Bytes>;

/// The facts of the first `durable` bytes of the ledger in `dir`, as JSON lines.
pub fn stream_lines(dir: PathBuf, durable: Durable) -> Body {
    let (pieces, received) = mpsc::channel(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read(dir, durable, &pieces) {
            // The reader sees the body end early; when it is gone already, nobody needs to know.
            let _ = pieces.blocking_send(Err(error));
        }
    });
    Body::new(Pieces(received))
}

fn read(dir: PathBuf, durable: Durable, pieces: &mpsc::Sender<Piece>) -> io::Result<()> {
    let mut lines = BufReader::with_capacity(PIECE, File::open(dir.join(FILE_NAME))?.take(durable.bytes));
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line)?;
    let mut piece = Vec::with_capacity(PIECE * 2);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let entry: Entry = serde_json::from_slice(&line)?;
        for fact in entry.ledger_lines() {
            serde_json::to_writer(&mut piece, &fact)?;
            piece.push(b'\n');
        }
        if piece.len() >= PIECE && pieces.blocking_send(Ok(Bytes::from(std::mem::take(&mut piece)))).is_err()
        {
            return Ok(());
        }
    }
    // A reader that is gone by now has no use for the rest.
    let _ = pieces.blocking_send(Ok(Bytes::from(piece)));
    Ok(())
}

struct Pieces(mpsc::Receiver<Piece>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = ready!(self.get_mut().0.poll_recv(context));
        Poll::Ready(piece.map(|bytes| bytes.map(Frame::data)))
    }
}
