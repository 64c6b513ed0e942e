//! Places where data can be cut: nothing that the search looks for as a whole runs over them.

use std::sync::LazyLock;

use super::runs::Class;

/// No number, written as it is or in two encodings one upon the other, is longer than this: 19 digits with 18
/// separators of three bytes are 73 bytes, and the longest way to write a byte takes six.
pub const REACH: usize = 4096;

/// Bytes of no number and of no encoding. NUL is part of UTF-16.
static NEUTRAL: LazyLock<Class> = LazyLock::new(|| {
    let separators = *b"\0\r\n +-./_:=%\\";
    Class::of(|byte| {
        !(byte.is_ascii_alphanumeric()
            || separators.contains(&byte)
            || matches!(byte, 0xc2 | 0xe2 | 0x80..=0xaf))
    })
});

/// The first border at this place or within so many bytes behind it; the end is one.
pub fn after(data: &[u8], place: usize, within: usize) -> Option<usize> {
    let last = place.saturating_add(within).min(data.len());
    (place..=last).find(|place| is_border(data, *place))
}

/// The last border at this place or within so many bytes before it; the beginning is one.
pub fn before(data: &[u8], place: usize, within: usize) -> Option<usize> {
    (place.saturating_sub(within)..=place).rev().find(|place| is_border(data, *place))
}

/// Whether the byte before this place and the one behind it have nothing to do with each other.
fn is_border(data: &[u8], place: usize) -> bool {
    let neighbour = |place: Option<usize>| place.and_then(|place| data.get(place));
    match (neighbour(place.checked_sub(1)), neighbour(Some(place))) {
        // Of the bytes of a character in UTF-16 one is NUL, and so is one of each two neighbours.
        (None, _) | (_, None) | (Some(0), Some(0)) => true,
        (Some(0), _) | (_, Some(0)) => false,
        (Some(one), Some(other)) => NEUTRAL.has(*one) || NEUTRAL.has(*other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_cut_beside_neutral_bytes_alone() {
        for (data, want) in [
            (&b"\"a\",\"b\""[..], vec![0, 1, 2, 3, 4, 5, 6, 7]),
            (b"4242 4242", vec![0, 9]),
            (b"=\r\n4", vec![0, 4]),
            (b"%34\\u0034", vec![0, 9]),
            (b"1\xe2\x80\xaf1", vec![0, 5]),
            (b"\"\x001\0\"\0", vec![0, 6]),
            (b"\0\0\0", vec![0, 1, 2, 3]),
        ] {
            let found: Vec<usize> = (0..=data.len()).filter(|place| is_border(data, *place)).collect();
            assert_eq!(found, want, "{}", data.escape_ascii());
        }
    }

    #[test]
    fn the_nearest_border_is_found_within_reach_alone() {
        let data = b"12345;67890";
        assert_eq!([after(data, 2, 3), after(data, 2, 2), after(data, 7, 9)], [Some(5), None, Some(11)]);
        assert_eq!([before(data, 9, 3), before(data, 9, 2), before(data, 4, 9)], [Some(6), None, Some(0)]);
    }
}
