//! Security codes beside their field's name. Three digits stand in every file, so by themselves they mean nothing.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::failure::{Context, Outcome};

/// Those that tests type in.
pub const CODES: [&str; 6] = ["737", "7373", "123", "1234", "100", "999"];
/// Field's names of one word.
const NAMES: [&str; 5] = ["cvc", "cvc2", "cvv", "cvv2", "csc"];
/// Field's names of two words, which stand in files joined, or with one of [`BETWEEN_WORDS`] in between.
const NAMES_OF_TWO_WORDS: [(&str, &str); 4] =
    [("security", "code"), ("card", "code"), ("verification", "value"), ("verification", "code")];
const BETWEEN_WORDS: [&str; 4] = ["", " ", "_", "-"];
/// So many bytes that are neither letters nor digits may stand between name and code: `"] => "`.
const BETWEEN_MAX: usize = 8;
/// How much of the text before the code is shown, besides the name.
const CONTEXT_BYTES: usize = 24;

/// A machine that finds the names.
pub struct Codes(AhoCorasick);

impl Codes {
    /// Prepares the search.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new() -> Outcome<Self> {
        let words = NAMES_OF_TWO_WORDS.iter();
        let two = words.flat_map(|(one, two)| BETWEEN_WORDS.map(|between| format!("{one}{between}{two}")));
        let names = NAMES.into_iter().map(str::to_owned).chain(two);
        let mut builder = AhoCorasick::builder();
        builder.kind(Some(AhoCorasickKind::DFA)).ascii_case_insensitive(true);
        Ok(Self(builder.build(names).context("preparing the search")?))
    }

    /// The text before each code that is found, with its name.
    pub fn contexts<'a>(&'a self, data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.0.find_overlapping_iter(data).filter_map(move |name| {
            let after = data.get(name.end()..)?;
            let between =
                after.iter().take(BETWEEN_MAX + 1).take_while(|byte| !byte.is_ascii_alphanumeric()).count();
            let code = after.get(between..)?;
            let digits = code.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let is_code = CODES.iter().any(|known| known.as_bytes() == &code[..digits]);
            let found = is_code && (1..=BETWEEN_MAX).contains(&between);
            let start = name.start().saturating_sub(CONTEXT_BYTES);
            found.then(|| &data[start..name.end() + between])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_right_behind_its_name_alone() {
        let codes = Codes::new().unwrap();
        for (text, want) in [
            ("cvc=737", 1),
            ("\"CVC2\": \"7373\"", 1),
            ("card[cvc]=737&x=1", 1),
            ("{\\\"cvv\\\": \\\"7373\\\"}", 1),
            ("security code: 123, Card-Code 999, verification_value=100", 3),
            ("securityCode: 1234x", 1),
            ("cvc737", 0),
            ("cvc=7371", 0),
            ("cvc=73", 0),
            ("cvc:", 0),
            ("cvc         737", 0),
            ("cvc_check: 737", 0),
            ("took 737 ms", 0),
        ] {
            assert_eq!(codes.contexts(text.as_bytes()).count(), want, "{text}");
        }
    }

    #[test]
    fn the_context_ends_before_the_code() {
        let codes = Codes::new().unwrap();
        let text = format!("{} cvc=737", "x".repeat(40));
        let context: Vec<&[u8]> = codes.contexts(text.as_bytes()).collect();
        assert_eq!(context, [format!("{} cvc=", "x".repeat(CONTEXT_BYTES - 1)).as_bytes()]);
    }
}
