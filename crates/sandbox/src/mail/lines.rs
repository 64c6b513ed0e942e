//! Lines of bounded length from a connection.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use super::session::Line;

/// The next line, of at most `max` bytes with its end; none at the end of the connection.
///
/// # Errors
/// When the connection breaks.
pub async fn next<R: AsyncBufRead + Unpin>(reader: &mut R, max: usize) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let part = reader.fill_buf().await?;
        if part.is_empty() {
            // What is not ended is no line: nobody must take half a command for a whole one.
            return Ok(None);
        }
        let end = part.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        let taken = end.unwrap_or(part.len());
        too_long |= line.len() + taken > max;
        if !too_long {
            line.extend(part.iter().take(taken));
        }
        reader.consume(taken);
        if end.is_none() {
            continue;
        }
        if too_long {
            return Ok(Some(Line::TooLong));
        }
        let Some(text) = line.strip_suffix(b"\r\n") else { return Ok(Some(Line::Bare)) };
        line.truncate(text.len());
        return Ok(Some(Line::Whole(line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_end_with_both_characters_and_have_a_length() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        let mut bytes = &b"NOOP\r\nover\nlong\r\nfour\r\n\r\na\rb\r\nhalf"[..];
        for (max, want) in [
            (6, whole("NOOP")),
            (6, Line::Bare),
            (5, Line::TooLong),
            (6, whole("four")),
            (6, whole("")),
            (6, whole("a\rb")),
        ] {
            assert_eq!(next(&mut bytes, max).await.unwrap(), Some(want));
        }
        assert_eq!(next(&mut bytes, 6).await.unwrap(), None, "half a line");
    }

    #[tokio::test]
    async fn a_line_may_arrive_in_any_pieces() {
        let mut pieces = tokio::io::BufReader::with_capacity(1, &b"abc\r\ndef\r\n"[..]);
        for want in ["abc", "def"] {
            assert_eq!(next(&mut pieces, 5).await.unwrap(), Some(Line::Whole(want.into())));
        }
    }
}
