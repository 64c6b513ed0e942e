//! A key for everything that is kept about one person: destroy it, and all of that is unreadable, backups included.

use std::sync::Arc;

use aws_lc_rs::aead::{LessSafeKey, NONCE_LEN};
use onfile_core::random::Random;

use crate::seal::{Aad, DataKey, KeyVersion, KeyWrapper, SealError, WrappedKey, cipher, decrypt, encrypt};

/// Says in the authenticated data of a wrapped key under which kind of key it is.
const WRAPPED_BY_SUBJECT: &[u8] = b"onfile subject key";
/// A subject has one key in its life.
const VERSION: KeyVersion = KeyVersion(1);

/// One person's key, itself kept as a record under a key-encryption key.
pub struct SubjectKey {
    key: LessSafeKey,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubjectKey(..)")
    }
}

impl SubjectKey {
    /// The key whose bytes are `key`.
    ///
    /// # Errors
    /// [`SealError::Seal`] when the cryptography library refuses it.
    pub fn new(key: &DataKey, random: Arc<dyn Random>) -> Result<Self, SealError> {
        Ok(Self { key: cipher(key.expose_secret())?, random })
    }
}

impl KeyWrapper for SubjectKey {
    fn current(&self) -> KeyVersion {
        VERSION
    }

    fn wrap(&self, data_key: &DataKey, aad: &Aad) -> Result<WrappedKey, SealError> {
        let (nonce, ciphertext) =
            encrypt(&self.key, self.random.as_ref(), &bound(aad), data_key.expose_secret())?;
        Ok(WrappedKey { version: VERSION, bytes: [&nonce[..], &ciphertext].concat() })
    }

    fn unwrap(&self, wrapped: &WrappedKey, aad: &Aad) -> Result<DataKey, SealError> {
        let (nonce, ciphertext) = wrapped.bytes.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Open)?;
        if wrapped.version != VERSION {
            return Err(SealError::Open);
        }
        DataKey::from_bytes(&decrypt(&self.key, *nonce, &bound(aad), ciphertext)?).ok_or(SealError::Open)
    }
}

fn bound(aad: &Aad) -> Vec<u8> {
    [WRAPPED_BY_SUBJECT, aad.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemRandom;
    use crate::seal::Envelope;

    #[test]
    fn what_is_sealed_for_a_person_opens_with_their_key_and_no_other() {
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let key = || SubjectKey::new(&DataKey::generate(&SystemRandom), Arc::clone(&random)).unwrap();
        let (theirs, another) = (key(), key());
        let aad = Aad::new(&[("account", "acct_1"), ("record", "evt_1")]);
        let sealed = Envelope::seal(&theirs, &SystemRandom, &aad, b"Ada").unwrap();
        assert_eq!(sealed.open(&theirs, &aad).unwrap().as_slice(), b"Ada");
        assert_eq!(sealed.open(&another, &aad).unwrap_err(), SealError::Open);
        assert_eq!(sealed.open(&theirs, &Aad::new(&[("account", "acct_2")])).unwrap_err(), SealError::Open);
    }
}
