//! Form bodies (`application/x-www-form-urlencoded` with bracket keys), parsed within bounds, wiped on drop.
//!
//! A library's parser leaves copies of the values behind; here every value lies in one buffer that is wiped.

use onfile_core::card_shaped;
use zeroize::Zeroizing;

/// The most pairs in a body.
pub const PAIRS_MAX: usize = 200;
/// The most brackets in a key: `a[b][c][d][e]`.
pub const DEPTH_MAX: usize = 4;
/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 256;

/// Why a body was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More than [`PAIRS_MAX`] pairs.
    #[error("The request has more than {PAIRS_MAX} parameters.")]
    TooManyPairs,
    /// A key with more than [`DEPTH_MAX`] brackets or [`KEY_BYTES_MAX`] bytes.
    #[error("A parameter's name is too long or too deeply nested.")]
    TooDeep,
    /// Bytes that are not UTF-8, or a broken percent escape.
    #[error("The request body is not valid form encoding.")]
    NotText,
    /// The same key twice: which of the two was meant, nobody knows.
    #[error("The parameter {0} was given twice.")]
    Twice(String),
}

/// The pairs of a body. What the caller has not asked for at the end is unknown to it.
#[derive(Debug)]
pub struct Form(Vec<Pair>);

struct Pair {
    key: String,
    value: Zeroizing<String>,
    asked: bool,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pair(..)")
    }
}

impl Form {
    /// Parses a body.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        let mut pairs: Vec<Pair> = Vec::with_capacity(16);
        for part in body.split(|&b| b == b'&').filter(|part| !part.is_empty()) {
            if pairs.len() == PAIRS_MAX {
                return Err(FormError::TooManyPairs);
            }
            let equals = part.iter().position(|&b| b == b'=').unwrap_or(part.len());
            let (key, value) = part.split_at_checked(equals).ok_or(FormError::NotText)?;
            let key = decode(key)?;
            if key.len() > KEY_BYTES_MAX || key.bytes().filter(|&b| b == b'[').count() > DEPTH_MAX {
                return Err(FormError::TooDeep);
            }
            if pairs.iter().any(|pair| pair.key == *key) {
                return Err(FormError::Twice(card_shaped::mask(&key).into_owned()));
            }
            let value = decode(value.strip_prefix(b"=").unwrap_or_default())?;
            pairs.push(Pair { key: key.to_string(), value, asked: false });
        }
        Ok(Self(pairs))
    }

    /// The value of a key; an empty one counts as missing.
    pub fn text(&mut self, key: &str) -> Option<&str> {
        let pair = self.0.iter_mut().find(|pair| pair.key == key)?;
        pair.asked = true;
        let text = pair.value.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The value of a key, moved out without a copy; an empty one counts as missing.
    pub fn secret(&mut self, key: &str) -> Option<Zeroizing<String>> {
        let pair = self.0.iter_mut().find(|pair| pair.key == key)?;
        pair.asked = true;
        let value = std::mem::take(&mut pair.value);
        (!value.trim().is_empty()).then_some(value)
    }

    /// Whether any key is `prefix` or begins with `prefix[`.
    pub fn has(&self, prefix: &str) -> bool {
        self.0.iter().any(|pair| is_under(&pair.key, prefix))
    }

    /// The first key that was not asked for and is not under one of the `ignored` names. Masked, for an error text.
    pub fn unknown(&self, ignored: &[&str]) -> Option<String> {
        let known = |pair: &&Pair| !pair.asked && !ignored.iter().any(|name| is_under(&pair.key, name));
        self.0.iter().find(known).map(|pair| card_shaped::mask(&pair.key).into_owned())
    }
}

fn is_under(key: &str, name: &str) -> bool {
    key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

/// Decodes percent escapes and `+`. The buffer never grows, so no unwiped copy stays behind.
fn decode(encoded: &[u8]) -> Result<Zeroizing<String>, FormError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(encoded.len()));
    let mut rest = encoded.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = rest.next().and_then(|b| hex(*b)).ok_or(FormError::NotText)?;
                let low = rest.next().and_then(|b| hex(*b)).ok_or(FormError::NotText)?;
                high * 16 + low
            }
            plain => plain,
        });
    }
    // The buffer moves into the string; nothing is copied.
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(FormError::NotText)
        }
    }
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_whether_brackets_are_raw_or_escaped() {
        let mut form =
            Form::parse(b"card[number]=42+42&card%5Bexp_month%5D=%201%20&empty=&bare&a=b=c&&u=%C3%BC")
                .unwrap();
        assert_eq!(form.secret("card[number]").unwrap().as_str(), "42 42");
        assert_eq!(form.text("card[exp_month]"), Some("1"));
        assert_eq!(form.text("empty"), None);
        assert_eq!(form.text("bare"), None);
        assert_eq!(form.text("a"), Some("b=c"));
        assert_eq!(form.text("u"), Some("ü"));
        assert_eq!(form.text("missing"), None);
        assert!(form.has("card") && !form.has("car"));
    }

    #[test]
    fn what_was_not_asked_for_is_reported_unless_it_is_ignored() {
        let mut form = Form::parse(b"a=1&guid=x&meta[b][c]=2&metal=3").unwrap();
        assert_eq!(form.unknown(&["guid", "meta"]).as_deref(), Some("a"));
        assert_eq!(form.text("a"), Some("1"));
        assert_eq!(form.unknown(&["guid", "meta"]).as_deref(), Some("metal"));
        assert_eq!(form.unknown(&["guid", "meta", "metal"]), None);
    }

    #[test]
    fn a_body_out_of_bounds_is_refused() {
        let many: String = (0..=PAIRS_MAX).fold(String::new(), |all, i| all + &format!("k{i}=v&"));
        let long = format!("{}=1", "k".repeat(KEY_BYTES_MAX + 1));
        for (body, want) in [
            (many.as_bytes(), FormError::TooManyPairs),
            (b"a[b][c][d][e][f]=1", FormError::TooDeep),
            (long.as_bytes(), FormError::TooDeep),
            (b"a=%FF", FormError::NotText),
            (b"a=%4", FormError::NotText),
            (b"a=%zz", FormError::NotText),
            (b"a=1&a=2", FormError::Twice("a".into())),
        ] {
            assert_eq!(Form::parse(body).unwrap_err(), want);
        }
        assert!(Form::parse(b"a[b][c][d][e]=1").is_ok());
        assert!(Form::parse(many.as_bytes().strip_suffix(b"&k200=v&").unwrap()).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic_and_escaped_text_comes_back(bytes: Vec<u8>, text in "\\PC{0,40}") {
            let _ = Form::parse(&bytes);
            let escaped: String = text.bytes().fold(String::new(), |all, b| all + &format!("%{b:02X}"));
            let mut form = Form::parse(format!("k={escaped}").as_bytes()).unwrap();
            let back = form.secret("k").map(|v| v.to_string()).unwrap_or_default();
            proptest::prop_assert!(back == text || text.trim().is_empty());
        }
    }
}
