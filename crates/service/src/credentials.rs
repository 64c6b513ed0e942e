//! Credentials at rest: API keys and session tokens are stored as digests only.

use aws_lc_rs::{constant_time, digest as hash};

/// The SHA-256 of a credential, for storing and for looking it up. Right only for credentials that we made with at
/// least 128 random bits; a password, which can be guessed, wants a slow hash.
pub fn digest(credential: &str) -> [u8; 32] {
    let mut out = [0u8; 32];
    for (to, from) in out.iter_mut().zip(hash::digest(&hash::SHA256, credential.as_bytes()).as_ref()) {
        *to = *from;
    }
    out
}

/// Compares two secrets in a time that tells nothing of where they differ. It does tell whether their lengths do.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let want = "ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad";
        for (word, bytes) in want.split(' ').zip(digest("abc").chunks(4)) {
            assert_eq!(u32::from_str_radix(word, 16).unwrap().to_be_bytes(), bytes);
        }
    }

    #[test]
    fn equal_is_equal_and_every_other_is_not() {
        assert!(constant_time_eq(b"abc", b"abc"));
        assert!(constant_time_eq(b"", b""));
        for other in [&b"abd"[..], b"Abc", b"ab", b"abcd", b""] {
            assert!(!constant_time_eq(b"abc", other), "{other:?}");
        }
    }
}
