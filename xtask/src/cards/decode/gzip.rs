//! Compressed data, wherever in other data it begins.

use std::io::{self, Read};

use flate2::read::GzDecoder;

/// How a compressed file begins (RFC 1952): two fixed bytes, and the only method that there is.
pub const MAGIC: &[u8] = b"\x1f\x8b\x08";

/// More bytes than this are not inflated. Whoever gets as many has not seen everything.
pub const INFLATED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What was compressed, as far as it can be read: what breaks off, or is damaged further on, counts up to there.
///
/// # Errors
/// When the data cannot be read, and not when it is no compressed data.
pub fn inflate(compressed: impl Read) -> io::Result<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut limited = GzDecoder::new(compressed).take(INFLATED_BYTES_MAX);
    match limited.read_to_end(&mut inflated) {
        Err(error) if !is_about_the_data(&error) => Err(error),
        _ => Ok(inflated),
    }
}

fn is_about_the_data(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn compressed_data_is_read_as_far_as_it_goes() {
        let text: Vec<u8> =
            (0..20_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&text).unwrap();
        let whole = encoder.finish().unwrap();
        assert!(whole.starts_with(MAGIC));
        assert_eq!(inflate(&whole[..]).unwrap(), text);
        let mut followed = whole.clone();
        followed.extend(b"and so on");
        assert_eq!(inflate(&followed[..]).unwrap(), text);
        let part = inflate(&whole[..whole.len() / 2]).unwrap();
        assert!(part.len() > 20_000 && text.starts_with(&part), "{}", part.len());
        assert_eq!(inflate(&b"\x1f\x8b\x08 and nothing of the kind"[..]).unwrap(), b"");
    }
}
