//! Key-encryption keys in a folder of files: `kek-1.key`, `kek-2.key`, …

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{LessSafeKey, NONCE_LEN};
use onfile_core::random::Random;

pub use crate::key_files::{KeyFilesError, refuse_shared_directory};
use crate::key_files::{create_key, read_key};
use crate::seal::{Aad, DataKey, KeyVersion, KeyWrapper, SealError, WrappedKey, cipher, decrypt, encrypt};

/// The most keys in one folder. One a month lasts for twenty years.
const KEYS_MAX: u32 = 256;
/// Says in the authenticated data of a wrapped key that it is one.
const WRAPPED_KEY: &[u8] = b"onfile data key";

/// The keys of a folder, read once at start. The newest wraps, all unwrap.
pub struct FileKeys {
    keys: BTreeMap<KeyVersion, LessSafeKey>,
    current: KeyVersion,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for FileKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileKeys").field("current", &self.current).finish_non_exhaustive()
    }
}

impl FileKeys {
    /// Reads every key of the folder.
    ///
    /// # Errors
    /// When there is none, or one of them is open to others or damaged: a key that is passed over at start would be
    /// missed only when a customer pays.
    pub fn open(folder: &Path, random: Arc<dyn Random>) -> Result<Self, KeyFilesError> {
        let mut keys = BTreeMap::new();
        for version in versions(folder)? {
            let path = folder.join(file_name(version));
            let key = cipher(&read_key(&path)?).map_err(|_| KeyFilesError::NotAKey { path })?;
            keys.insert(version, key);
        }
        let current = keys.last_key_value().map(|(version, _)| *version);
        let current = current.ok_or_else(|| KeyFilesError::NoKey { path: folder.to_owned() })?;
        Ok(Self { keys, current, random })
    }

    /// Makes the first key, and the folder if it does not exist.
    ///
    /// # Errors
    /// When the folder has a key already.
    pub fn create_first(folder: &Path, random: &dyn Random) -> Result<KeyVersion, KeyFilesError> {
        if folder.exists()
            && let Some(version) = versions(folder)?.last()
        {
            return Err(KeyFilesError::Exists { path: folder.join(file_name(*version)) });
        }
        create_key(folder, &file_name(KeyVersion(1)), random)?;
        Ok(KeyVersion(1))
    }

    /// Makes the key that follows the newest one. Every process must have read it before the first wraps with it.
    ///
    /// # Errors
    /// When the folder has no key yet, or too many.
    pub fn create_next(folder: &Path, random: &dyn Random) -> Result<KeyVersion, KeyFilesError> {
        let newest = versions(folder)?.last().copied();
        let newest = newest.ok_or_else(|| KeyFilesError::NoKey { path: folder.to_owned() })?;
        let next = KeyVersion(newest.0 + 1);
        if next.0 > KEYS_MAX {
            return Err(KeyFilesError::TooMany { path: folder.to_owned(), max: KEYS_MAX });
        }
        create_key(folder, &file_name(next), random)?;
        Ok(next)
    }
}

impl KeyWrapper for FileKeys {
    fn current(&self) -> KeyVersion {
        self.current
    }

    /// The wrapped form: nonce (12 bytes), encrypted key (32), tag (16).
    fn wrap(&self, data_key: &DataKey, aad: &Aad) -> Result<WrappedKey, SealError> {
        let key = self.keys.get(&self.current).ok_or(SealError::Seal)?;
        let bound = wrapping_aad(self.current, aad);
        let (nonce, wrapped) = encrypt(key, self.random.as_ref(), &bound, data_key.expose_secret())?;
        Ok(WrappedKey { version: self.current, bytes: [&nonce[..], &wrapped].concat() })
    }

    fn unwrap(&self, wrapped: &WrappedKey, aad: &Aad) -> Result<DataKey, SealError> {
        let key = self.keys.get(&wrapped.version).ok_or(SealError::Open)?;
        let (nonce, sealed) = wrapped.bytes.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Open)?;
        let bytes = decrypt(key, *nonce, &wrapping_aad(wrapped.version, aad), sealed)?;
        DataKey::from_bytes(&bytes).ok_or(SealError::Open)
    }
}

fn wrapping_aad(version: KeyVersion, aad: &Aad) -> Vec<u8> {
    [WRAPPED_KEY, &version.0.to_be_bytes(), aad.as_bytes()].concat()
}

fn file_name(version: KeyVersion) -> String {
    format!("kek-{}.key", version.0)
}

/// The versions of the keys in the folder, oldest first. Files with other names are none of ours.
fn versions(folder: &Path) -> Result<Vec<KeyVersion>, KeyFilesError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(KeyFilesError::io(folder))? {
        let name = entry.map_err(KeyFilesError::io(folder))?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix("kek-")?.strip_suffix(".key")?.parse().ok());
        let Some(version) = number.map(KeyVersion) else { continue };
        // `kek-01.key` and `kek-0.key` are not names that we give.
        if version.0 == 0 || name != file_name(version).as_str() {
            continue;
        }
        if version.0 > KEYS_MAX {
            return Err(KeyFilesError::TooMany { path: folder.to_owned(), max: KEYS_MAX });
        }
        found.push(version);
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::ambient::SystemRandom;

    fn open(folder: &Path) -> Result<FileKeys, KeyFilesError> {
        FileKeys::open(folder, Arc::new(SystemRandom))
    }

    #[test]
    fn the_first_key_is_made_once_even_when_only_a_later_one_is_left() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("keys");
        assert_eq!(FileKeys::create_first(&folder, &SystemRandom).unwrap(), KeyVersion(1));
        assert!(matches!(FileKeys::create_first(&folder, &SystemRandom), Err(KeyFilesError::Exists { .. })));
        assert_eq!(FileKeys::create_next(&folder, &SystemRandom).unwrap(), KeyVersion(2));
        fs::remove_file(folder.join("kek-1.key")).unwrap();
        assert!(matches!(FileKeys::create_first(&folder, &SystemRandom), Err(KeyFilesError::Exists { .. })));
        assert_eq!(open(&folder).unwrap().current(), KeyVersion(2));
    }

    #[test]
    fn the_newest_is_found_by_number_and_other_names_are_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("keys");
        FileKeys::create_first(&folder, &SystemRandom).unwrap();
        for _ in 2..=10 {
            FileKeys::create_next(&folder, &SystemRandom).unwrap();
        }
        for name in
            ["kek-011.key", "kek-0.key", "kek-x.key", "kek-12.key.bak", "fingerprint-1.key", "+kek-13.key"]
        {
            fs::write(folder.join(name), "not a key").unwrap();
        }
        assert_eq!(open(&folder).unwrap().current(), KeyVersion(10));
    }

    #[test]
    fn no_key_a_damaged_key_and_an_open_key_stop_the_start() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(open(root.path()), Err(KeyFilesError::NoKey { .. })));
        assert!(matches!(open(&root.path().join("nowhere")), Err(KeyFilesError::Io { .. })));
        assert!(matches!(
            FileKeys::create_next(root.path(), &SystemRandom),
            Err(KeyFilesError::NoKey { .. })
        ));
        let folder = root.path().join("keys");
        FileKeys::create_first(&folder, &SystemRandom).unwrap();
        FileKeys::create_next(&folder, &SystemRandom).unwrap();
        let first = folder.join("kek-1.key");
        fs::set_permissions(&first, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(open(&folder), Err(KeyFilesError::File(_))));
        fs::set_permissions(&first, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&first, "damaged").unwrap();
        assert!(matches!(open(&folder), Err(KeyFilesError::NotAKey { .. })));
    }
}
