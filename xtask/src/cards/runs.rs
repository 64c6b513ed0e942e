//! Stretches of bytes that all belong to one class, found without looking at most of the others.

/// A set of bytes.
pub struct Class([bool; 256]);

impl Class {
    /// The bytes for which this holds.
    pub fn of(has: impl Fn(u8) -> bool) -> Self {
        Self(std::array::from_fn(|byte| u8::try_from(byte).is_ok_and(&has)))
    }

    /// Whether this byte is one of them.
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }
}

/// All longest stretches of at least `length_min` bytes of the class, from left to right.
///
/// Whatever stretch begins at a place covers the place `length_min - 1` further on. So where that byte is of another
/// class, everything up to it is passed over unseen.
pub fn runs<'a>(data: &'a [u8], class: &'a Class, length_min: usize) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        loop {
            let (window, _) = rest.split_at_checked(length_min)?;
            let back = window.iter().rev().take_while(|byte| class.has(**byte)).count();
            rest = &rest[length_min - back..];
            if back == 0 {
                continue;
            }
            let further = rest[back..].iter().take_while(|byte| class.has(**byte)).count();
            let (run, after) = rest.split_at(back + further);
            rest = after;
            if run.len() >= length_min {
                return Some(run);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_class_has_its_bytes_and_no_other() {
        let class = Class::of(|byte| matches!(byte, 0 | b'a'..=b'c' | 0xff));
        let members: Vec<u8> = (0..=255).filter(|byte| class.has(*byte)).collect();
        assert_eq!(members, [0, b'a', b'b', b'c', 0xff]);
    }

    proptest! {
        #[test]
        fn the_same_runs_are_found_as_by_looking_at_every_byte(text in "[0-9x]{0,60}", length_min in 1..6_usize) {
            let digits = Class::of(|byte| byte.is_ascii_digit());
            let want: Vec<&str> = text.split('x').filter(|run| run.len() >= length_min).collect();
            let found: Vec<&[u8]> = runs(text.as_bytes(), &digits, length_min).collect();
            prop_assert_eq!(found, want.iter().map(|run| run.as_bytes()).collect::<Vec<_>>());
        }
    }
}
