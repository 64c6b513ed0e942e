//! Caught messages: on the disk before they are accepted, in memory for whoever looks.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onfile_core::ids::Id;

use super::message::{Message, Unreadable};

/// How many messages are kept; the oldest go first.
const MESSAGES_MAX: usize = 1_000;
/// How many bytes all of them may have together.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// The folder within the sandbox's data.
const FOLDER: &str = "mail";
/// Of a message's file.
const EXTENSION: &str = "eml";

/// The folder of messages cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// The operating system refuses.
    #[error("cannot use the folder of caught mail {0}")]
    Folder(PathBuf, #[source] io::Error),
    /// A file was changed by hand.
    #[error("the caught message {0} cannot be read: remove it")]
    File(PathBuf, #[source] Unreadable),
}

/// All caught messages, oldest first.
#[derive(Debug)]
pub struct Mailbox {
    folder: PathBuf,
    messages: Mutex<VecDeque<Arc<Message>>>,
}

impl Mailbox {
    /// Reads what an earlier process caught.
    ///
    /// # Errors
    /// [`MailboxError`].
    pub fn open(data: &Path) -> Result<Self, MailboxError> {
        let folder = data.join(FOLDER);
        let broken = |error| MailboxError::Folder(folder.clone(), error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(broken)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&folder).map_err(broken)? {
            let path = entry.map_err(broken)?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                files.push(path);
            }
        }
        files.sort();
        let mut messages = VecDeque::with_capacity(files.len().min(MESSAGES_MAX));
        for path in files {
            let bytes = fs::read(&path).map_err(broken)?;
            let message = Message::from_file(&bytes).map_err(|error| MailboxError::File(path, error))?;
            messages.push_back(Arc::new(message));
        }
        let mailbox = Self { folder: folder.clone(), messages: Mutex::new(messages) };
        mailbox.make_room().map_err(broken)?;
        Ok(mailbox)
    }

    /// Keeps a message: when this returns, it is on the disk.
    ///
    /// # Errors
    /// When the disk does not take it. Blocks meanwhile.
    pub fn keep(&self, message: Message) -> io::Result<()> {
        let bytes = message.to_file()?;
        let (path, new) = (self.path(&message), self.path(&message).with_extension("new"));
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(&self.folder)?.sync_all()?;
        self.locked().push_back(Arc::new(message));
        self.make_room()
    }

    /// All messages, newest first.
    pub fn all(&self) -> Vec<Arc<Message>> {
        self.locked().iter().rev().cloned().collect()
    }

    /// One message.
    pub fn find(&self, id: &str) -> Option<Arc<Message>> {
        self.locked().iter().find(|message| message.id.as_str() == id).cloned()
    }

    /// Removes every message; answers how many there were.
    ///
    /// # Errors
    /// When a file cannot be removed. Blocks meanwhile.
    pub fn clear(&self) -> io::Result<usize> {
        let mut messages = self.locked();
        let mut removed = 0;
        while let Some(message) = messages.front() {
            remove(&self.path(message))?;
            messages.pop_front();
            removed += 1;
        }
        Ok(removed)
    }

    fn make_room(&self) -> io::Result<()> {
        let mut messages = self.locked();
        let mut bytes: usize = messages.iter().map(|message| message.raw.len()).sum();
        while messages.len() > MESSAGES_MAX || bytes > BYTES_MAX {
            let Some(oldest) = messages.pop_front() else { break };
            bytes -= oldest.raw.len();
            remove(&self.path(&oldest))?;
        }
        Ok(())
    }

    fn path(&self, message: &Message) -> PathBuf {
        self.folder.join(message.id.as_str()).with_extension(EXTENSION)
    }

    fn locked(&self) -> MutexGuard<'_, VecDeque<Arc<Message>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever removed it by hand has done the same.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MessageId;
    use crate::mail::message::Envelope;

    fn message(n: usize, size: usize) -> Message {
        Message {
            id: MessageId::from_trusted(format!("msg_{n:06}")),
            received: jiff::Timestamp::UNIX_EPOCH,
            envelope: Envelope { from: "a@b.example".into(), to: vec!["c@d.example".into()] },
            raw: vec![b'x'; size],
        }
    }

    fn ids(mailbox: &Mailbox) -> Vec<String> {
        mailbox.all().iter().map(|message| message.id.to_string()).collect()
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart_newest_first_and_cleared_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        for n in 1..=3 {
            mailbox.keep(message(n, n)).unwrap();
        }
        fs::write(folder.path().join("mail/msg_000004.new"), "half").unwrap();
        let again = Mailbox::open(folder.path()).unwrap();
        assert_eq!(ids(&again), ["msg_000003", "msg_000002", "msg_000001"]);
        assert_eq!(again.find("msg_000002").unwrap().raw, b"xx");
        assert!(again.find("msg_000004").is_none());
        assert_eq!(again.clear().unwrap(), 3);
        assert!(ids(&Mailbox::open(folder.path()).unwrap()).is_empty());
    }

    #[test]
    fn the_oldest_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        let third = BYTES_MAX / 3;
        for n in 1..=4 {
            mailbox.keep(message(n, third)).unwrap();
        }
        assert_eq!(ids(&mailbox), ["msg_000004", "msg_000003", "msg_000002"]);
        assert_eq!(ids(&Mailbox::open(folder.path()).unwrap()).len(), 3);
    }

    #[test]
    fn a_file_that_was_changed_by_hand_is_named() {
        let folder = tempfile::tempdir().unwrap();
        Mailbox::open(folder.path()).unwrap();
        fs::write(folder.path().join("mail/msg_000001.eml"), "no envelope").unwrap();
        let error = Mailbox::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("msg_000001.eml"), "{error}");
    }
}
