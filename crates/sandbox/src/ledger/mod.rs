//! The append-only ledger file: JSON lines, synchronised before any answer.

mod reader;
mod replay;
mod writer;

pub use reader::stream_lines;
pub use replay::{OpenError, open};
pub use writer::{Ledger, Stopped, Written};

/// The longest line that is written or read, in bytes. Every field of an entry is bounded far below it.
const LINE_MAX: usize = 64 * 1024;
/// The ledger's name in the data directory.
const FILE_NAME: &str = "ledger.jsonl";

/// How far the file is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// Entries, the header not counted.
    pub lines: u64,
    /// Bytes of the file, the header included.
    pub bytes: u64,
}
