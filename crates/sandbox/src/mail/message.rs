//! One caught message: its envelope, its bytes, and what they say to a reader.

use std::io;

use jiff::Timestamp;
use mail_parser::{MessageParser, MimeHeaders};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::MessageId;

/// Who sent it to whom, as the SMTP conversation said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Empty for a notice of failed delivery.
    pub from: String,
    /// Never empty.
    pub to: Vec<String>,
}

/// A caught message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `msg_…`; sorts by arrival.
    pub id: MessageId,
    /// When it was accepted.
    pub received: Timestamp,
    /// Who sent it to whom.
    pub envelope: Envelope,
    /// The message as it came.
    pub raw: Vec<u8>,
}

/// Not a file that we wrote.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Without a first line.
    #[error("its first line is missing")]
    NoFirstLine,
    /// With another first line.
    #[error("its first line is not an envelope")]
    Envelope(#[from] serde_json::Error),
}

/// The first line of a message's file.
#[derive(Serialize, Deserialize)]
struct FirstLine {
    id: MessageId,
    received: Timestamp,
    #[serde(flatten)]
    envelope: Envelope,
}

/// A message as `GET /messages` shows it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct MessageView {
    /// `msg_…`
    pub id: MessageId,
    /// RFC 3339, UTC.
    pub received: Timestamp,
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Decoded.
    pub subject: String,
    /// The part for reading as plain text, decoded; null where there is none.
    pub text: Option<String>,
    /// The part in HTML, decoded; null where there is none.
    pub html: Option<String>,
    /// Every header, unfolded and decoded; of a repeated one, its values with commas between them.
    pub headers: Map<String, Value>,
}

impl Message {
    /// What its file holds: a line of JSON, then the message.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_file(&self) -> io::Result<Vec<u8>> {
        let first =
            FirstLine { id: self.id.clone(), received: self.received, envelope: self.envelope.clone() };
        let mut bytes = serde_json::to_vec(&first)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.raw);
        Ok(bytes)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_file(bytes: &[u8]) -> Result<Self, Unreadable> {
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or(Unreadable::NoFirstLine)?;
        let (first, rest) = bytes.split_at(end);
        let first: FirstLine = serde_json::from_slice(first)?;
        let raw = rest.iter().skip(1).copied().collect();
        Ok(Self { id: first.id, received: first.received, envelope: first.envelope, raw })
    }

    /// Whether the envelope names this recipient.
    pub fn is_to(&self, address: &str) -> bool {
        self.envelope.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }

    /// What it says. A message that is none by RFC 5322 is shown as plain text.
    pub fn view(&self) -> MessageView {
        let mut view = MessageView {
            id: self.id.clone(),
            received: self.received,
            from: self.envelope.from.clone(),
            to: self.envelope.to.clone(),
            subject: String::new(),
            text: None,
            html: None,
            headers: Map::new(),
        };
        let Some(parsed) = MessageParser::default().parse(&self.raw) else {
            view.text = Some(String::from_utf8_lossy(&self.raw).into_owned());
            return view;
        };
        parsed.subject().unwrap_or_default().clone_into(&mut view.subject);
        // The library makes either part out of the other where one is missing; what is not there is not shown.
        let part_of = |kind: &str| {
            parsed.parts.iter().find(|part| {
                let typed = part.content_type();
                part.is_text()
                    && typed.is_none_or(|typed| typed.ctype().eq_ignore_ascii_case("text"))
                    && typed.and_then(|typed| typed.subtype()).unwrap_or("plain").eq_ignore_ascii_case(kind)
            })
        };
        let contents = |kind| part_of(kind).and_then(|part| part.text_contents()).map(str::to_owned);
        view.text = contents("plain");
        view.html = contents("html");
        for (name, value) in parsed.headers_raw() {
            let value = decoded(value);
            match view.headers.get_mut(name) {
                Some(Value::String(values)) => *values = format!("{values}, {value}"),
                _ => drop(view.headers.insert(name.to_owned(), Value::String(value))),
            }
        }
        view
    }
}

/// A header's value on one line, with encoded words (RFC 2047) in clear.
fn decoded(raw: &str) -> String {
    let line = format!("Subject: {}\r\n\r\n", raw.trim());
    let parsed = MessageParser::default().parse(line.as_bytes());
    parsed.and_then(|parsed| parsed.subject().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use onfile_core::ids::Id;

    use super::*;

    fn message(raw: &str) -> Message {
        Message {
            id: MessageId::from_trusted("msg_1".into()),
            received: Timestamp::UNIX_EPOCH,
            envelope: Envelope { from: "a@b.example".into(), to: vec!["c@d.example".into()] },
            raw: raw.replace('\n', "\r\n").into_bytes(),
        }
    }

    #[test]
    fn parts_are_found_and_decoded() {
        let some = |text: &str| Some(text.to_owned());
        let both = "MIME-Version: 1.0\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\nContent-Type: multipart/alternative; \
            boundary=x\n\n--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: \
            quoted-printable\n\n29=E2=82=AC to=\n pay\n--x\nContent-Type: text/html; charset=utf-8\n\
            Content-Transfer-Encoding: base64\n\nPGI+MjnigqwgPC9iPg==\n--x--\n";
        for (raw, subject, text, html) in [
            (both, "Grüße", some("29€ to pay"), some("<b>29€ </b>")),
            ("Subject: x\n\nplain\n", "x", some("plain\r\n"), None),
            ("Content-Type: text/html; charset=iso-8859-1\n\n<p>x\n", "", None, some("<p>x\r\n")),
            ("", "", some(""), None),
        ] {
            let view = message(raw).view();
            assert_eq!((view.subject.as_str(), view.text, view.html), (subject, text, html), "{raw}");
        }
    }

    #[test]
    fn headers_are_unfolded_decoded_and_joined_when_repeated() {
        let raw = "From: =?utf-8?q?J=C3=B6rg?= <j@b.example>\nSubject: a\n b\nX-A: 1\nX-A: 2\n\nbody\n";
        let headers = message(raw).view().headers;
        for (name, want) in [("From", "Jörg <j@b.example>"), ("Subject", "a b"), ("X-A", "1, 2")] {
            assert_eq!(headers[name], want, "{name}");
        }
    }

    #[test]
    fn a_file_is_read_as_it_was_written_and_recipients_have_no_case() {
        let one = message("Subject: x\n\n{\"id\": 1}\n");
        assert_eq!(Message::from_file(&one.to_file().unwrap()).unwrap(), one);
        assert!(one.is_to("C@D.example") && !one.is_to("a@b.example"));
    }
}
