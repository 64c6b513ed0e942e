//! The only way to standard error: line by line, with everything masked that is shaped like a card number.

use std::io::{self, Write};

use onfile_core::card_shaped::mask;
use tracing_subscriber::fmt::MakeWriter;

use crate::lookalikes::{holds_card_number, plain};

/// One line on its way out. It is collected whole, masked and written when it is dropped, since a number that is cut
/// in two by two writes would pass a mask that saw each half alone.
pub struct MaskedLine<W: Write> {
    bytes: Vec<u8>,
    out: W,
}

impl<W: Write> MaskedLine<W> {
    /// A line that ends in `out`.
    pub fn new(out: W) -> Self {
        Self { bytes: Vec::new(), out }
    }
}

impl<W: Write> Write for MaskedLine<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: the line leaves when it is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for MaskedLine<W> {
    fn drop(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let line = masked_line(&String::from_utf8_lossy(&self.bytes));
        // Where should a failure to log be logged? The process goes on.
        let _ = self.out.write_all(line.as_bytes());
    }
}

/// The text masked and on one line, with a line end. Line ends and control characters within are written as escapes,
/// so that no text from outside can look like a line of ours or steer a terminal.
pub fn masked_line(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    // A number in another script's digits is rewritten in ours, which can be masked; other lines stay as they are.
    let text = if holds_card_number(text) { plain(text) } else { text.into() };
    let masked = mask(&text);
    let mut line = String::with_capacity(masked.len() + 1);
    for character in masked.chars() {
        if character.is_control() && character != '\t' {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    line
}

/// Writes one masked line to standard error.
pub fn write_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(masked_line(text).as_bytes());
}

/// Makes masked lines that end on standard error, for the log subscriber.
#[derive(Debug, Clone, Copy, Default)]
pub struct MaskedStderr;

impl<'a> MakeWriter<'a> for MaskedStderr {
    type Writer = MaskedLine<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedLine::new(io::stderr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The network's own example number, put together here so that no file of this crate holds it.
    fn number() -> String {
        ["4242"; 4].concat()
    }

    #[test]
    fn a_number_is_masked_even_when_it_arrives_in_pieces() {
        let mut out = Vec::new();
        {
            let mut line = MaskedLine::new(&mut out);
            for digit in format!("card {} declined\n", number()).bytes() {
                line.write_all(&[digit]).unwrap();
                line.flush().unwrap();
            }
        }
        let line = String::from_utf8(out).unwrap();
        assert!(line.starts_with("card ") && line.ends_with(" declined\n"), "{line}");
        assert!(!line.contains(&number()), "{line}");
    }

    #[test]
    fn a_number_with_spaces_that_do_not_break_is_masked_too() {
        let spaced = ["4242"; 4].join("\u{a0}");
        assert_eq!(masked_line(&format!("é {spaced}")), "é **** **** **** 4242\n");
        assert_eq!(masked_line("é\u{a0}1"), "é\u{a0}1\n");
    }

    #[test]
    fn a_text_from_outside_stays_on_its_line() {
        for (text, want) in [
            ("plain", "plain\n"),
            ("plain\n", "plain\n"),
            ("a\nERROR forged", "a\\nERROR forged\n"),
            ("a\r\u{1b}[2Jb", "a\\r\\u{1b}[2Jb\n"),
            ("tab\tstays, ü too", "tab\tstays, ü too\n"),
        ] {
            assert_eq!(masked_line(text), want);
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_written_as_replacement_characters() {
        let mut out = Vec::new();
        MaskedLine::new(&mut out).write_all(b"\xff!").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\u{fffd}!\n");
    }
}
