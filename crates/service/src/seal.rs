//! Authenticated encryption of records: an [`Envelope`] that opens only with its owner's description and its key.
//!
//! Every record is encrypted under a data key of its own (AES-256-GCM), and the data key is wrapped by a
//! key-encryption key that a [`KeyWrapper`] holds: files now, a hardware module later. Both steps authenticate the
//! record's [`Aad`], so a ciphertext that is moved to another owner, record or field does not open there, and the
//! wrapping authenticates the version of its key. What does not open says nothing of why.

use aws_lc_rs::aead::{self, AES_256_GCM, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use onfile_core::random::Random;
use zeroize::Zeroizing;

/// The first byte of every envelope: how it is laid out and which algorithms it uses.
const ENVELOPE_VERSION: u8 = 1;
/// The first byte of every [`Aad`].
const AAD_VERSION: u8 = 1;
/// Says in the authenticated data of a record that it is a record, so that it never passes for a wrapped key.
const RECORD: &[u8] = b"onfile record";
/// Bytes of a data key and of a key-encryption key.
pub const KEY_LEN: usize = 32;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The plaintext is too long, or the cryptography library refused to work.
    #[error("cannot encrypt")]
    Seal,
    /// Altered, truncated, another owner's, or under a key that is not here. Which of these, nobody is told.
    #[error("the ciphertext does not open here")]
    Open,
}

/// The number of a key-encryption key; the highest is the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyVersion(pub u32);

/// The key of one record; wiped on drop.
pub struct DataKey(Zeroizing<[u8; KEY_LEN]>);

impl DataKey {
    /// A fresh key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0u8; KEY_LEN]);
        random.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// A key that came out of its wrapping; `None` when it has the wrong length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0u8; KEY_LEN]);
        if bytes.len() != KEY_LEN {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// The key itself, for wrapping it.
    pub fn expose_secret(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// A data key that only its [`KeyWrapper`] can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which key-encryption key wrapped it.
    pub version: KeyVersion,
    /// In the wrapper's own format.
    pub bytes: Vec<u8>,
}

/// Who a record belongs to and what it is: authenticated with the ciphertext, stored nowhere in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aad(Vec<u8>);

impl Aad {
    /// Describes a record by named parts, for example vault, account, record and field. Every name and value is
    /// preceded by its length, so no two different lists of parts give the same bytes.
    pub fn new(parts: &[(&str, &str)]) -> Self {
        let mut bytes = vec![AAD_VERSION];
        push_length(&mut bytes, parts.len());
        for text in parts.iter().flat_map(|&(name, value)| [name, value]) {
            push_length(&mut bytes, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
        Self(bytes)
    }

    /// The bytes to authenticate.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

pub(crate) fn push_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
}

/// Holds key-encryption keys and never shows them. The newest wraps, every one unwraps.
pub trait KeyWrapper: Send + Sync + 'static {
    /// The key that wraps now.
    fn current(&self) -> KeyVersion;

    /// Wraps a data key for the record that `aad` describes, under the current key.
    ///
    /// # Errors
    /// [`SealError::Seal`].
    fn wrap(&self, data_key: &DataKey, aad: &Aad) -> Result<WrappedKey, SealError>;

    /// Unwraps a data key.
    ///
    /// # Errors
    /// [`SealError::Open`], whatever the reason.
    fn unwrap(&self, wrapped: &WrappedKey, aad: &Aad) -> Result<DataKey, SealError>;
}

/// An encrypted record with its wrapped key.
///
/// Stored as: version (1 byte), version of the key-encryption key (4, big-endian), length of the wrapped key (2),
/// wrapped key, nonce (12), ciphertext, tag (16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    key: WrappedKey,
    nonce: [u8; NONCE_LEN],
    ciphertext: Vec<u8>,
}

impl Envelope {
    /// Encrypts `plaintext` for the record that `aad` describes.
    ///
    /// # Errors
    /// [`SealError::Seal`].
    pub fn seal(
        keys: &dyn KeyWrapper,
        random: &dyn Random,
        aad: &Aad,
        plaintext: &[u8],
    ) -> Result<Self, SealError> {
        let data_key = DataKey::generate(random);
        let key = keys.wrap(&data_key, aad)?;
        let (nonce, ciphertext) =
            encrypt(&cipher(data_key.expose_secret())?, random, &record_aad(aad), plaintext)?;
        Ok(Self { key, nonce, ciphertext })
    }

    /// Decrypts, if `aad` describes the record that this was sealed for. The plaintext is wiped on drop.
    ///
    /// # Errors
    /// [`SealError::Open`], whatever the reason.
    pub fn open(&self, keys: &dyn KeyWrapper, aad: &Aad) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let data_key = keys.unwrap(&self.key, aad)?;
        let cipher = cipher(data_key.expose_secret()).map_err(|_| SealError::Open)?;
        decrypt(&cipher, self.nonce, &record_aad(aad), &self.ciphertext)
    }

    /// The version of the key-encryption key that it depends on.
    pub fn key_version(&self) -> KeyVersion {
        self.key.version
    }

    /// The stored form.
    ///
    /// # Errors
    /// [`SealError::Seal`] when a wrapper made a key of more than 65,535 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SealError> {
        let wrapped_len = u16::try_from(self.key.bytes.len()).map_err(|_| SealError::Seal)?;
        let mut bytes = Vec::with_capacity(7 + self.key.bytes.len() + NONCE_LEN + self.ciphertext.len());
        bytes.push(ENVELOPE_VERSION);
        bytes.extend_from_slice(&self.key.version.0.to_be_bytes());
        bytes.extend_from_slice(&wrapped_len.to_be_bytes());
        bytes.extend_from_slice(&self.key.bytes);
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(&self.ciphertext);
        Ok(bytes)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`SealError::Open`] when it is not one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        Self::parse(bytes).ok_or(SealError::Open)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (key_version, rest) = rest.split_first_chunk::<4>()?;
        let (wrapped_len, rest) = rest.split_first_chunk::<2>()?;
        let (wrapped, rest) = rest.split_at_checked(u16::from_be_bytes(*wrapped_len).into())?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
        (version == ENVELOPE_VERSION).then(|| Self {
            key: WrappedKey {
                version: KeyVersion(u32::from_be_bytes(*key_version)),
                bytes: wrapped.to_vec(),
            },
            nonce: *nonce,
            ciphertext: ciphertext.to_vec(),
        })
    }
}

fn record_aad(aad: &Aad) -> Vec<u8> {
    [RECORD, &[ENVELOPE_VERSION], aad.as_bytes()].concat()
}

/// AES-256-GCM under `key`.
pub(crate) fn cipher(key: &[u8]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| SealError::Seal)
}

/// Encrypts under a random nonce. At 2³² encryptions under one key the chance of a repeated nonce is 2⁻³³ (NIST
/// SP 800-38D, 8.3); data keys encrypt once, and a key-encryption key is to be replaced long before.
pub(crate) fn encrypt(
    key: &LessSafeKey,
    random: &dyn Random,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<([u8; NONCE_LEN], Vec<u8>), SealError> {
    let mut nonce = [0u8; NONCE_LEN];
    random.fill(&mut nonce);
    // Room for the tag from the start: a buffer that grows would leave the plaintext behind.
    let mut buffer = Vec::with_capacity(plaintext.len() + AES_256_GCM.tag_len());
    buffer.extend_from_slice(plaintext);
    let sealed =
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aead::Aad::from(aad), &mut buffer);
    if sealed.is_err() {
        drop(Zeroizing::new(buffer));
        return Err(SealError::Seal);
    }
    Ok((nonce, buffer))
}

/// Decrypts what [`encrypt`] made.
pub(crate) fn decrypt(
    key: &LessSafeKey,
    nonce: [u8; NONCE_LEN],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = key
        .open_in_place(Nonce::assume_unique_for_key(nonce), aead::Aad::from(aad), buffer.as_mut_slice())
        .map_err(|_| SealError::Open)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

#[cfg(test)]
mod tests;
