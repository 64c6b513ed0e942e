//! Card numbers in other clothes: digits of other scripts, spaces that do not break, characters that are not seen.
//!
//! People paste numbers with a space that does not break, and some keyboards type digits of full width. To a reader
//! and to most programs it is still the number, so wherever text is kept or logged it is looked at in this form too.

use std::borrow::Cow;

use onfile_core::card_shaped;

/// The zeros of scripts whose decimal digits are in daily use, and of the full-width ones; nine more follow each.
const ZEROS: [char; 21] = [
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{17e0}',
    '\u{1810}',
    '\u{ff10}',
    '\u{1d7f6}',
];

/// Whether the text holds a card number, whatever it is written in.
pub fn holds_card_number(text: &str) -> bool {
    card_shaped::contains(text.as_bytes()) || card_shaped::contains(plain(text).as_bytes())
}

/// The text with every digit, space and dash as ASCII has it, and without what is not seen.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).map(plain_char).collect())
}

fn plain_char(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    if let Some(digit) = ZEROS.iter().find_map(|zero| {
        let above = u32::from(c).checked_sub(u32::from(*zero)).filter(|above| *above < 10)?;
        char::from_digit(above, 10)
    }) {
        return digit;
    }
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// Soft hyphens, joiners, marks of direction and of byte order.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that no number stands in this file or in a program.
    fn number() -> String {
        ["4242"; 4].concat()
    }

    fn with_digits_from(zero: char) -> String {
        let digit = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10).unwrap()).unwrap();
        number().chars().map(digit).collect()
    }

    #[test]
    fn a_number_is_found_whatever_it_is_written_in() {
        let mut dressed: Vec<String> = ZEROS.into_iter().map(with_digits_from).collect();
        for separator in ["\u{a0}", "\u{202f}", "\u{2011}", "\u{2013}", "\u{3000}", "\u{200b}", "\u{ad}"] {
            dressed.push(["4242"; 4].join(separator));
        }
        for text in dressed {
            assert!(holds_card_number(&format!("Ann {text}")), "{text:?}");
            assert!(!card_shaped::contains(text.as_bytes()), "{text:?} needs no help");
        }
        assert!(holds_card_number(&number()));
    }

    #[test]
    fn ordinary_text_of_any_script_is_left_in_peace() {
        for text in
            ["", "Jürgen Ħ", "山田 太郎", "٠١٢٣", "\u{ff14}\u{ff12} High Street", "order 1234567890123456"]
        {
            assert!(!holds_card_number(text), "{text:?}");
        }
        assert!(matches!(plain("plain ascii"), Cow::Borrowed(_)));
        assert_eq!(plain("٤\u{a0}\u{2013}é"), "4 -é");
    }
}
