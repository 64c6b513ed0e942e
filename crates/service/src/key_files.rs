//! Keys in files: 32 random bytes as base64 on one line, readable by their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use onfile_core::random::Random;
use zeroize::Zeroizing;

use crate::seal::KEY_LEN;
use crate::secret::{SecretFileError, read_secret_file};

/// Why keys could not be read or made. No variant carries any part of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFilesError {
    /// The folder or a file cannot be read or written.
    #[error("cannot use {path}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A key file cannot be read, or is open to others.
    #[error("a key cannot be used")]
    File(#[from] SecretFileError),
    /// A key file does not hold 32 bytes in base64.
    #[error("{path} does not hold a key: 32 bytes in base64 on one line are expected")]
    NotAKey {
        /// Which file.
        path: PathBuf,
    },
    /// There is no key where one is needed.
    #[error("there is no key in {path}")]
    NoKey {
        /// Which folder.
        path: PathBuf,
    },
    /// A key would be overwritten, and with it everything that it sealed would be lost.
    #[error("{path} exists; a key is never overwritten")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// There are more keys than are looked after.
    #[error("{path} holds more than {max} keys")]
    TooMany {
        /// Which folder.
        path: PathBuf,
        /// How many are looked after.
        max: u32,
    },
    /// Whoever copies the one gets the other.
    #[error(
        "the keys in {keys} and the database {database} lie in one folder; one copy would take both: keep them apart"
    )]
    SharedDirectory {
        /// The folder of the keys.
        keys: PathBuf,
        /// The database.
        database: PathBuf,
    },
}

impl KeyFilesError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// Reads one key.
pub(crate) fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFilesError> {
    let text = read_secret_file(path)?;
    let not_a_key = || KeyFilesError::NotAKey { path: path.to_owned() };
    let bytes = Zeroizing::new(STANDARD.decode(text.expose_secret()).map_err(|_| not_a_key())?);
    if bytes.len() == KEY_LEN { Ok(bytes) } else { Err(not_a_key()) }
}

/// Makes a new key in the file `name` of `folder`, which is made private if it does not exist. The key is on the disk
/// when this returns: what is sealed under a key that a power failure takes away is lost.
pub(crate) fn create_key(folder: &Path, name: &str, random: &dyn Random) -> Result<(), KeyFilesError> {
    create_folder(folder).map_err(KeyFilesError::io(folder))?;
    let path = folder.join(name);
    let mut key = Zeroizing::new([0u8; KEY_LEN]);
    random.fill(key.as_mut_slice());
    let text = Zeroizing::new(STANDARD.encode(key.as_slice()));
    let mut file = create_private(&path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFilesError::Exists { path: path.clone() },
        _ => KeyFilesError::Io { path: path.clone(), source },
    })?;
    let written =
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    written.map_err(KeyFilesError::io(&path))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(KeyFilesError::io(folder))
}

fn create_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Refuses keys and the database that they open in one folder, also when one folder lies within the other: a backup,
/// a copy or a stolen volume would hold both. Links are followed. The database itself need not exist yet.
///
/// # Errors
/// [`KeyFilesError::SharedDirectory`], or [`KeyFilesError::Io`] when a folder does not exist.
pub fn refuse_shared_directory(keys: &Path, database: &Path) -> Result<(), KeyFilesError> {
    let canonical = |path: &Path| fs::canonicalize(path).map_err(KeyFilesError::io(path));
    let keys_folder = canonical(keys)?;
    // A database that is a link lies where the link points to.
    let database_file = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    let parent = match database_file.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    };
    let database_folder = canonical(parent)?;
    if keys_folder.starts_with(&database_folder) || database_folder.starts_with(&keys_folder) {
        return Err(KeyFilesError::SharedDirectory { keys: keys.to_owned(), database: database.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::ambient::SystemRandom;

    #[test]
    fn a_new_key_is_private_and_reads_back_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("a/keys");
        create_key(&keys, "x.key", &SystemRandom).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&keys), mode(&keys.join("x.key"))), (0o700, 0o600));
        let first = read_key(&keys.join("x.key")).unwrap();
        assert!(matches!(create_key(&keys, "x.key", &SystemRandom), Err(KeyFilesError::Exists { .. })));
        assert_eq!(read_key(&keys.join("x.key")).unwrap(), first);
    }

    #[test]
    fn what_is_not_a_key_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.key");
        for text in ["hunter2", "aHVudGVyMg==", &STANDARD.encode([7u8; 31]), &STANDARD.encode([7u8; 33])] {
            create_private(&path).unwrap().write_all(text.as_bytes()).unwrap();
            let refused = read_key(&path).unwrap_err();
            assert!(matches!(refused, KeyFilesError::NotAKey { .. }), "{text}");
            assert!(!format!("{refused} {refused:?}").contains(text), "{refused:?}");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn keys_and_database_in_one_folder_are_refused_also_one_within_the_other_and_through_links() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["keys", "data/inner", "keys/inner"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("data/real.db"), "").unwrap();
        symlink(at("data"), at("link")).unwrap();
        symlink(at("data/real.db"), at("elsewhere.db")).unwrap();
        fs::create_dir(at("other")).unwrap();
        symlink(at("data/real.db"), at("other/linked.db")).unwrap();
        for (keys, database, allowed) in [
            ("keys", "data/onfile.db", true),
            ("keys", "data/real.db", true),
            ("data", "data/onfile.db", false),
            ("data/inner", "data/onfile.db", false),
            ("keys", "keys/inner/onfile.db", false),
            ("link", "data/onfile.db", false),
            ("data", "other/linked.db", false),
            ("keys", "onfile.db", false),
            ("data/../data", "data/inner/../real.db", false),
        ] {
            let outcome = refuse_shared_directory(&at(keys), &at(database));
            assert_eq!(outcome.is_ok(), allowed, "{keys} and {database}: {outcome:?}");
        }
        assert!(matches!(
            refuse_shared_directory(&at("nowhere"), &at("data/x.db")),
            Err(KeyFilesError::Io { .. })
        ));
    }
}
