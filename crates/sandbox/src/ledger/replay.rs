//! Opening the ledger: rebuild the state, cut off what a crash tore.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::{Durable, FILE_NAME, LINE_MAX};
use crate::entry::{Entry, Header, VERSION};
use crate::secrets::{Mark, sync_parent};
use crate::state::{Inconsistent, State};

/// Why the ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The disk says no.
    #[error("the ledger file: {0}")]
    Io(#[from] io::Error),
    /// Two processes must not write one ledger.
    #[error("another process has this ledger open")]
    InUse,
    /// A line in the middle cannot be read: no crash does this.
    #[error("line {line} of the ledger cannot be read: {why}")]
    Damaged {
        /// Counted from 1.
        line: u64,
        /// Without the line's content.
        why: String,
    },
    /// A line contradicts those before it.
    #[error("line {line} of the ledger does not fit: {why}")]
    Inconsistent {
        /// Counted from 1.
        line: u64,
        /// Why.
        why: Inconsistent,
    },
    /// Written by a newer program.
    #[error("the ledger has version {0}, newer than this program's {VERSION}")]
    Newer(u32),
    /// Marks made with another key would never match.
    #[error("the key file is not the one that this ledger was written with")]
    WrongKey,
}

/// Opens or makes the ledger in `dir`. Returns the file at its end, its state, and how far it is durable.
pub fn open(dir: &Path, key_check: Mark) -> Result<(File, State, Durable), OpenError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let path = dir.join(FILE_NAME);
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::InUse,
        TryLockError::Error(error) => OpenError::Io(error),
    })?;
    let length = file.metadata()?.len();
    let mut replay = Replay { state: State::empty(), key_check, whole: 0, line: 0 };
    replay.read(BufReader::with_capacity(1 << 20, &file), length)?;
    if replay.whole < length {
        let torn = length - replay.whole;
        tracing::warn!(
            torn,
            "the ledger's last line was torn by a crash and is cut off: nobody was answered"
        );
        file.set_len(replay.whole)?;
    }
    file.seek(SeekFrom::Start(replay.whole))?;
    if replay.whole == 0 {
        let mut header =
            serde_json::to_vec(&Header { ledger_version: VERSION, key_check }).map_err(io::Error::from)?;
        header.push(b'\n');
        file.write_all(&header)?;
        replay.whole = u64::try_from(header.len()).unwrap_or(u64::MAX);
    }
    // What was read back may have been in the page cache only, and from now on it is answered from.
    file.sync_all()?;
    sync_parent(&path)?;
    let durable = Durable { lines: replay.state.lines(), bytes: replay.whole };
    Ok((file, replay.state, durable))
}

struct Replay {
    state: State,
    key_check: Mark,
    /// Bytes up to the end of the last line that was taken.
    whole: u64,
    line: u64,
}

impl Replay {
    /// Takes every line; stops before a torn last one.
    fn read(&mut self, mut from: impl BufRead, length: u64) -> Result<(), OpenError> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let limit = u64::try_from(LINE_MAX).unwrap_or(u64::MAX);
            let read = (&mut from).take(limit).read_until(b'\n', &mut buffer)?;
            let end = self.whole + u64::try_from(read).unwrap_or(u64::MAX);
            let last = end >= length;
            let Some((b'\n', text)) = buffer.split_last() else {
                return if last { Ok(()) } else { Err(self.damaged("it has no end")) };
            };
            self.line += 1;
            match self.take(text) {
                Ok(()) => self.whole = end,
                Err(OpenError::Damaged { .. }) if last => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, text: &[u8]) -> Result<(), OpenError> {
        if self.line == 1 {
            let header: Header = serde_json::from_slice(text).map_err(|error| self.unreadable(&error))?;
            return match header {
                Header { ledger_version, .. } if ledger_version > VERSION => {
                    Err(OpenError::Newer(ledger_version))
                }
                Header { key_check, .. } if key_check != self.key_check => Err(OpenError::WrongKey),
                Header { .. } => Ok(()),
            };
        }
        let entry: Entry = serde_json::from_slice(text).map_err(|error| self.unreadable(&error))?;
        self.state.apply(&entry).map_err(|why| OpenError::Inconsistent { line: self.line, why })?;
        Ok(())
    }

    fn unreadable(&self, error: &serde_json::Error) -> OpenError {
        self.damaged(&format!("column {}, {:?} error", error.column(), error.classify()))
    }

    fn damaged(&self, why: &str) -> OpenError {
        OpenError::Damaged { line: self.line.max(1), why: why.to_owned() }
    }
}

#[cfg(test)]
mod tests;
