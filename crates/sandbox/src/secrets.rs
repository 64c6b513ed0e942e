//! The credential that callers show, and the key under which numbers and requests are recognised again.
//!
//! The ledger holds keyed marks only: a plain hash of a card number is found by trying all numbers. The key lies
//! beside the data directory, never in it, so that a copied ledger says nothing of the numbers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::hmac;
use onfile_core::random::Random;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const MARK_BYTES: usize = 16;
/// Shorter credentials can be guessed.
const CREDENTIAL_LEN_MIN: usize = 16;
const CREDENTIAL_LEN_MAX: usize = 4096;

/// Why the secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A file cannot be read or made.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Not what a key file looks like.
    #[error("{0}: expected {KEY_BYTES} bytes as hexadecimal digits")]
    Key(String),
    /// Too short or too long.
    #[error("{0}: a credential has {CREDENTIAL_LEN_MIN} to {CREDENTIAL_LEN_MAX} characters on one line")]
    Credential(String),
}

/// A keyed mark of something secret: equal for equal things, useless without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mark([u8; MARK_BYTES]);

impl From<Mark> for String {
    fn from(mark: Mark) -> Self {
        hex(&mark.0)
    }
}

impl TryFrom<String> for Mark {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = unhex(&text).ok_or("a mark is hexadecimal")?;
        bytes.as_slice().try_into().map(Self).map_err(|_| "a mark has 16 bytes")
    }
}

/// The marking key and the credential (kept as its tag only).
pub struct Secrets {
    key: hmac::Key,
    credential: hmac::Tag,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// Reads the credential, and reads the marking key or makes it at the first start.
    pub fn load(credential_file: &Path, key_file: &Path, random: &dyn Random) -> Result<Self, SecretError> {
        let raw = fs::read_to_string(credential_file).map(Zeroizing::new).map_err(at(credential_file))?;
        let credential = raw.trim();
        if !(CREDENTIAL_LEN_MIN..=CREDENTIAL_LEN_MAX).contains(&credential.len()) || credential.contains('\n')
        {
            return Err(SecretError::Credential(credential_file.display().to_string()));
        }
        let key = match fs::read_to_string(key_file).map(Zeroizing::new) {
            Ok(text) => unhex(text.trim())
                .filter(|bytes| bytes.len() == KEY_BYTES)
                .ok_or_else(|| SecretError::Key(key_file.display().to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_key(key_file, random).map_err(at(key_file))?
            }
            Err(error) => return Err(at(key_file)(error)),
        };
        Ok(Self::new(&key, credential))
    }

    fn new(key: &[u8], credential: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Self { credential: hmac::sign(&key, credential.as_bytes()), key }
    }

    /// Whether `shown` is the credential; takes the same time for every wrong one.
    pub fn is_credential(&self, shown: &str) -> bool {
        hmac::verify(&self.key, shown.as_bytes(), self.credential.as_ref()).is_ok()
    }

    /// The mark of `parts` in that order; `purpose` keeps marks of different things apart.
    pub fn mark(&self, purpose: &str, parts: &[&[u8]]) -> Mark {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [purpose.as_bytes()].iter().chain(parts) {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut bytes = [0; MARK_BYTES];
        for (to, from) in bytes.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        Mark(bytes)
    }

    /// What the ledger's first line holds of the key, so that a wrong key is noticed at start.
    pub fn key_check(&self) -> Mark {
        self.mark("key check", &[])
    }
}

#[cfg(test)]
impl Secrets {
    /// Secrets with a key that everybody knows.
    pub fn for_tests() -> Self {
        Self::new(&[7; KEY_BYTES], "a credential for tests")
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> SecretError + '_ {
    move |source| SecretError::File { path: path.display().to_string(), source }
}

fn make_key(path: &Path, random: &dyn Random) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(vec![0; KEY_BYTES]);
    random.fill(&mut key);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(Zeroizing::new(hex(&key)).as_bytes())?;
    file.sync_all()?;
    sync_parent(path)?;
    Ok(key)
}

/// Makes a new file's name durable: syncing the file alone does not.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|v| u8::try_from(v).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks_exact(2) {
        let &[high, low] = pair else { return None };
        bytes.push(value(high)? << 4 | value(low)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use onfile_core::random::SeededRandom;

    use super::*;

    #[test]
    fn marks_differ_by_purpose_parts_and_their_borders() {
        let secrets = Secrets::for_tests();
        let marks = [
            secrets.mark("card", &[b"ab", b"c"]),
            secrets.mark("card", &[b"a", b"bc"]),
            secrets.mark("body", &[b"ab", b"c"]),
            secrets.mark("card", &[b"abc"]),
        ];
        let different: std::collections::HashSet<_> = marks.into_iter().collect();
        assert_eq!(different.len(), marks.len());
        assert_eq!(Mark::try_from(String::from(marks[0])), Ok(marks[0]));
    }

    #[test]
    fn the_key_is_made_once_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let (credential, key) = (dir.path().join("credential"), dir.path().join("key"));
        fs::write(&credential, "sixteen letters or more\n").unwrap();
        let first = Secrets::load(&credential, &key, &SeededRandom::new(1)).unwrap();
        let again = Secrets::load(&credential, &key, &SeededRandom::new(2)).unwrap();
        assert_eq!(first.key_check(), again.key_check());
        assert!(again.is_credential("sixteen letters or more"));
        assert!(!again.is_credential("sixteen letters or mor"));
        fs::write(&credential, "short\n").unwrap();
        assert!(matches!(
            Secrets::load(&credential, &key, &SeededRandom::new(1)),
            Err(SecretError::Credential(_))
        ));
        fs::write(&key, "zz").unwrap();
        fs::write(&credential, "sixteen letters or more\n").unwrap();
        assert!(matches!(Secrets::load(&credential, &key, &SeededRandom::new(1)), Err(SecretError::Key(_))));
    }
}
