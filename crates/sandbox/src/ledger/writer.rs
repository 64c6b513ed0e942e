//! The one thread that writes. Entries that wait while it synchronises share the next write and `fdatasync`.

use std::fs::File;
use std::io::{self, Write};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot, watch};

use super::Durable;
use crate::entry::Entry;

/// How many entries may wait; beyond it, requests wait before they are decided.
const QUEUE_MAX: usize = 4096;
/// How many entries share one `fdatasync`.
const BATCH_MAX: usize = 1024;

/// The ledger does not write any more; what waited may or may not be on the disk.
#[derive(Debug, thiserror::Error)]
#[error("the ledger is closed")]
pub struct Stopped;

struct Pending {
    entry: Entry,
    done: oneshot::Sender<()>,
}

/// A place in the queue, taken before the decision so that deciding and queueing are one step under the state's lock:
/// the lines stand in the order of the decisions.
pub struct Place<'a>(mpsc::Permit<'a, Pending>);

/// A line on its way to the disk.
pub struct Written(oneshot::Receiver<()>);

impl Written {
    /// Returns once the line is durable.
    pub async fn durable(self) -> Result<(), Stopped> {
        self.0.await.map_err(|_| Stopped)
    }
}

impl Place<'_> {
    /// Queues `entry`.
    pub fn write(self, entry: Entry) -> Written {
        let (done, waiting) = oneshot::channel();
        self.0.send(Pending { entry, done });
        Written(waiting)
    }
}

/// The way to the writer.
#[derive(Clone, Debug)]
pub struct Ledger {
    queue: mpsc::Sender<Pending>,
    durable: watch::Receiver<Durable>,
}

/// The writer's end, for whoever runs the process.
pub struct Writer {
    thread: JoinHandle<()>,
    failed: oneshot::Receiver<io::Error>,
}

impl Ledger {
    /// Starts the writer at the end of `file`, of which `durable` is on the disk.
    pub fn start(file: File, durable: Durable) -> io::Result<(Self, Writer)> {
        let (queue, entries) = mpsc::channel(QUEUE_MAX);
        let (progress, watch) = watch::channel(durable);
        let (failure, failed) = oneshot::channel();
        let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            if let Err(error) = write_all(file, entries, &progress) {
                // The receiver is gone only when the process is on its way out anyway.
                let _ = failure.send(error);
            }
        })?;
        Ok((Self { queue, durable: watch }, Writer { thread, failed }))
    }

    /// Waits for a place in the queue.
    pub async fn place(&self) -> Result<Place<'_>, Stopped> {
        self.queue.reserve().await.map(Place).map_err(|_| Stopped)
    }

    /// How far the file is on the disk.
    pub fn durable(&self) -> Durable {
        *self.durable.borrow()
    }

    /// Returns once the entry with this number is on the disk.
    pub async fn reached(&self, line: u64) -> Result<(), Stopped> {
        let mut durable = self.durable.clone();
        durable.wait_for(|durable| durable.lines >= line).await.map(|_| ()).map_err(|_| Stopped)
    }
}

impl Writer {
    /// Returns when writing failed. A failed `fdatasync` is never tried again: the kernel may have thrown the pages
    /// away and would report success, so the process has to end and read back what is there.
    pub async fn failure(&mut self) -> io::Error {
        match (&mut self.failed).await {
            Ok(error) => error,
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until everything that was queued is written. Every [`Ledger`] must be gone by then.
    pub fn finish(self) {
        if self.thread.join().is_err() {
            tracing::error!("the ledger's thread ended by a panic");
        }
    }
}

fn write_all(
    mut file: File,
    mut entries: mpsc::Receiver<Pending>,
    progress: &watch::Sender<Durable>,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    let mut durable = *progress.borrow();
    while let Some(first) = entries.blocking_recv() {
        buffer.clear();
        let mut next = Some(first);
        while let Some(Pending { entry, done }) = next {
            serde_json::to_writer(&mut buffer, &entry)?;
            buffer.push(b'\n');
            waiting.push(done);
            next = if waiting.len() < BATCH_MAX { entries.try_recv().ok() } else { None };
        }
        file.write_all(&buffer)?;
        file.sync_data()?;
        durable.lines += u64::try_from(waiting.len()).unwrap_or(u64::MAX);
        durable.bytes += u64::try_from(buffer.len()).unwrap_or(u64::MAX);
        progress.send_replace(durable);
        for done in waiting.drain(..) {
            // A caller that went away is no reason to stop: its entry is written.
            let _ = done.send(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Event;
    use crate::wire::Refusal;

    #[tokio::test]
    async fn a_failed_write_is_told_to_everybody_who_waits_and_to_the_process() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read_only = File::open(file.path()).unwrap();
        let (ledger, mut writer) = Ledger::start(read_only, Durable::default()).unwrap();
        let entry = Entry {
            seq: 1,
            time: "2026-11-22T10:00:00Z".parse().unwrap(),
            merchant: "acct_1".into(),
            operation: None,
            event: Event::Refused { code: Refusal::NotFound },
            facts: Vec::new(),
        };
        let written = ledger.place().await.unwrap().write(entry);
        assert!(written.durable().await.is_err());
        assert!(ledger.reached(1).await.is_err());
        assert_eq!(ledger.durable(), Durable::default());
        assert!(ledger.place().await.is_err(), "nothing is decided any more");
        assert_eq!(writer.failure().await.raw_os_error(), Some(9), "EBADF");
    }
}
