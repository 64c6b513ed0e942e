use std::sync::Arc;

use onfile_core::random::SeededRandom;

use super::*;
use crate::ambient::SystemRandom;
use crate::keyring::FileKeys;

const OWNER: [(&str, &str); 4] =
    [("vault", "v1"), ("account", "acct_1"), ("record", "pm_1"), ("field", "number")];
const PLAINTEXT: &[u8] = b"sixteen digits, say";

fn keys(count: u32) -> (tempfile::TempDir, FileKeys) {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    FileKeys::create_first(&keys, &SystemRandom).unwrap();
    for _ in 1..count {
        FileKeys::create_next(&keys, &SystemRandom).unwrap();
    }
    let keys = FileKeys::open(&keys, Arc::new(SystemRandom)).unwrap();
    (folder, keys)
}

fn sealed(keys: &FileKeys) -> Vec<u8> {
    Envelope::seal(keys, &SystemRandom, &Aad::new(&OWNER), PLAINTEXT).unwrap().to_bytes().unwrap()
}

fn opened(keys: &FileKeys, owner: &[(&str, &str)], bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    Ok(Envelope::from_bytes(bytes)?.open(keys, &Aad::new(owner))?.to_vec())
}

#[test]
fn what_was_sealed_opens_for_its_owner() {
    let (_folder, keys) = keys(1);
    assert_eq!(opened(&keys, &OWNER, &sealed(&keys)), Ok(PLAINTEXT.to_vec()));
    let nothing = Envelope::seal(&keys, &SystemRandom, &Aad::new(&OWNER), b"").unwrap();
    assert_eq!(nothing.open(&keys, &Aad::new(&OWNER)).unwrap().as_slice(), b"");
}

#[test]
fn every_flipped_bit_of_every_byte_keeps_it_shut_with_the_same_error() {
    let (_folder, keys) = keys(2);
    let good = sealed(&keys);
    for position in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[position] ^= 1 << bit;
            assert_eq!(opened(&keys, &OWNER, &bad), Err(SealError::Open), "byte {position}, bit {bit}");
        }
    }
}

#[test]
fn every_truncation_and_an_extension_keep_it_shut_with_the_same_error() {
    let (_folder, keys) = keys(1);
    let good = sealed(&keys);
    for length in 0..good.len() {
        assert_eq!(opened(&keys, &OWNER, &good[..length]), Err(SealError::Open), "{length} bytes");
    }
    assert_eq!(opened(&keys, &OWNER, &[&good[..], b"\0"].concat()), Err(SealError::Open));
}

#[test]
fn another_vault_account_record_or_field_does_not_open_it() {
    let (_folder, keys) = keys(1);
    let good = sealed(&keys);
    for part in 0..OWNER.len() {
        let mut other = OWNER;
        other[part].1 = "other";
        assert_eq!(opened(&keys, &other, &good), Err(SealError::Open), "{other:?}");
        let mut renamed = OWNER;
        renamed[part].0 = "other";
        assert_eq!(opened(&keys, &renamed, &good), Err(SealError::Open), "{renamed:?}");
    }
    assert_eq!(opened(&keys, &OWNER[..3], &good), Err(SealError::Open), "a part less");
    let mut swapped = OWNER;
    swapped.swap(1, 2);
    assert_eq!(opened(&keys, &swapped, &good), Err(SealError::Open), "another order");
}

#[test]
fn another_key_and_another_version_of_the_key_do_not_open_it() {
    let (_folder, ours) = keys(2);
    let (_other_folder, others) = keys(2);
    let good = sealed(&ours);
    assert_eq!(opened(&others, &OWNER, &good), Err(SealError::Open), "another key of the same version");
    for version in [0u32, 1, 3, u32::MAX] {
        let mut bad = good.clone();
        bad[1..5].copy_from_slice(&version.to_be_bytes());
        assert_eq!(opened(&ours, &OWNER, &bad), Err(SealError::Open), "version {version}");
    }
}

#[test]
fn a_wrapped_key_is_bound_to_its_record_and_its_version_even_under_the_same_key() {
    // Both versions hold the same key here, so nothing but the authenticated version can tell them apart.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    FileKeys::create_first(&path, &SystemRandom).unwrap();
    std::fs::copy(path.join("kek-1.key"), path.join("kek-2.key")).unwrap();
    let keys = FileKeys::open(&path, Arc::new(SystemRandom)).unwrap();
    let aad = Aad::new(&OWNER);
    let data_key = DataKey::generate(&SystemRandom);
    let wrapped = keys.wrap(&data_key, &aad).unwrap();
    assert_eq!(keys.unwrap(&wrapped, &aad).unwrap().expose_secret(), data_key.expose_secret());
    let older = WrappedKey { version: KeyVersion(1), ..wrapped.clone() };
    assert_eq!(keys.unwrap(&older, &aad).unwrap_err(), SealError::Open);
    assert_eq!(keys.unwrap(&wrapped, &Aad::new(&OWNER[..3])).unwrap_err(), SealError::Open);
}

/// A wrapper as careless as can be: it does not even wrap.
struct Careless;

impl KeyWrapper for Careless {
    fn current(&self) -> KeyVersion {
        KeyVersion(1)
    }
    fn wrap(&self, data_key: &DataKey, _: &Aad) -> Result<WrappedKey, SealError> {
        Ok(WrappedKey { version: KeyVersion(1), bytes: data_key.expose_secret().to_vec() })
    }
    fn unwrap(&self, wrapped: &WrappedKey, _: &Aad) -> Result<DataKey, SealError> {
        DataKey::from_bytes(&wrapped.bytes).ok_or(SealError::Open)
    }
}

#[test]
fn the_record_itself_is_bound_to_its_owner_whatever_the_wrapper_does() {
    let envelope = Envelope::seal(&Careless, &SystemRandom, &Aad::new(&OWNER), PLAINTEXT).unwrap();
    assert_eq!(envelope.open(&Careless, &Aad::new(&OWNER)).unwrap().as_slice(), PLAINTEXT);
    assert_eq!(envelope.open(&Careless, &Aad::new(&OWNER[..3])).unwrap_err(), SealError::Open);
}

#[test]
fn parts_of_two_envelopes_for_the_same_owner_do_not_mix() {
    let (_folder, keys) = keys(1);
    let (first, second) = (sealed(&keys), sealed(&keys));
    let wrapped_end = first.len() - NONCE_LEN - PLAINTEXT.len() - AES_256_GCM.tag_len();
    let mixed = [&first[..wrapped_end], &second[wrapped_end..]].concat();
    assert_eq!(opened(&keys, &OWNER, &mixed), Err(SealError::Open));
}

#[test]
fn no_two_descriptions_give_the_same_bytes() {
    let descriptions: [&[(&str, &str)]; 9] = [
        &[],
        &[("", "")],
        &[("", ""), ("", "")],
        &[("a", "b")],
        &[("ab", "")],
        &[("", "ab")],
        &[("a", "b"), ("c", "d")],
        &[("a", "bc"), ("", "d")],
        &[("a", "b\0\0\0\0\0\0\0\u{1}c\0\0\0\0\0\0\0\u{1}d")],
    ];
    for (i, left) in descriptions.iter().enumerate() {
        for (j, right) in descriptions.iter().enumerate() {
            assert_eq!(Aad::new(left) == Aad::new(right), i == j, "{left:?} and {right:?}");
        }
    }
}

#[test]
fn sealing_the_same_twice_gives_different_bytes_throughout() {
    let (_folder, keys) = keys(1);
    let (first, second) = (sealed(&keys), sealed(&keys));
    // Version, key version and length are the same; of the random rest, a few bytes may agree by chance.
    let agreeing = first.iter().zip(&second).skip(7).filter(|(a, b)| a == b).count();
    assert!(agreeing < 10, "{agreeing} bytes agree");
}

#[test]
fn the_newest_key_seals_and_the_older_ones_still_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    FileKeys::create_first(&path, &SystemRandom).unwrap();
    let before = FileKeys::open(&path, Arc::new(SeededRandom::new(1))).unwrap();
    let old = sealed(&before);
    assert_eq!(FileKeys::create_next(&path, &SystemRandom).unwrap(), KeyVersion(2));
    let after = FileKeys::open(&path, Arc::new(SystemRandom)).unwrap();
    let new = sealed(&after);
    assert_eq!(Envelope::from_bytes(&old).unwrap().key_version(), KeyVersion(1));
    assert_eq!(Envelope::from_bytes(&new).unwrap().key_version(), KeyVersion(2));
    assert_eq!(opened(&after, &OWNER, &old), Ok(PLAINTEXT.to_vec()));
    assert_eq!(
        opened(&before, &OWNER, &new),
        Err(SealError::Open),
        "a process that has not read the new key"
    );
}

#[test]
fn debug_output_shows_nothing_of_a_data_key() {
    assert_eq!(format!("{:?}", DataKey::generate(&SystemRandom)), "DataKey(..)");
}
