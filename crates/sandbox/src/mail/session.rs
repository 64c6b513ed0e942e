//! A conversation, without its connection: what each line of the client's leads to (RFC 5321, 4.3).

use std::fmt;

use super::command::{self, Command};
use super::message::Envelope;
use super::{ERRORS_MAX, MESSAGE_BYTES_MAX, RECIPIENTS_MAX};
use crate::faults::MailFault;

#[cfg(test)]
mod tests;

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply(pub u16, pub &'static str);

impl Reply {
    /// The first words.
    pub const GREETING: Self = Self(220, "localhost Onfile sandbox, where all mail ends, ESMTP");
    /// Too long without a word.
    pub const IDLE: Self = Self(421, "localhost Closing: nothing was heard for too long");
    /// The process ends.
    pub const CLOSING: Self = Self(421, "localhost Closing: this server stops");
    /// The message cannot be kept now.
    pub const NOT_KEPT: Self = Self(451, "The message could not be kept; try again later");
    /// Unknown, or not even text.
    pub const SYNTAX: Self = Self(500, "Syntax error: there is no such command");
    /// Known, with arguments that it does not take.
    pub const ARGUMENTS: Self = Self(501, "Syntax error in parameters or arguments");
    /// Known to the standard, not to us.
    pub const NOT_IMPLEMENTED: Self = Self(502, "Command not implemented");
    /// An extension that was not announced.
    pub const PARAMETER: Self = Self(555, "Parameter not recognised or not implemented");
    /// Not an address.
    pub const ADDRESS: Self = Self(553, "Mailbox name not allowed: write local-part@domain");
    /// More than `SIZE` says.
    pub const TOO_LARGE: Self = Self(552, "The message is larger than this server takes");
    const OK: Self = Self(250, "OK");
    const GO_ON: Self = Self(354, "Go on; end with <CRLF>.<CRLF>");
    const BYE: Self = Self(221, "localhost Bye");
    const VERIFIED: Self = Self(252, "Every mailbox takes mail");
    const HELP: Self = Self(214, "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY QUIT");
    const ORDER: Self = Self(503, "Bad sequence of commands");
    const TOO_MANY: Self = Self(452, "Too many recipients");
    const LINE_TOO_LONG: Self = Self(500, "Line too long");
    const BARE: Self = Self(554, "Every line must end with <CRLF>");
    const ERRORS: Self = Self(421, "localhost Closing: too many errors");
    const FAULT_451: Self = Self(451, "Requested action aborted: local error, as ordered");
    const FAULT_550: Self = Self(550, "Requested action not taken: no such mailbox, as ordered");
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}\r\n", self.0, self.1)
    }
}

/// A line as it arrived.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Without its end.
    Whole(Vec<u8>),
    /// Longer than it may be; the rest was thrown away.
    TooLong,
    /// It ended with a line feed alone. Taking that for an end lets one message be smuggled within another.
    Bare,
}

/// What the connection is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Say this.
    Say(Reply),
    /// Say what this server can.
    Announce,
    /// Say nothing and read on.
    Listen,
    /// Keep the message, then say so.
    Keep(Envelope, Vec<u8>),
    /// Keep the message, then vanish without a word.
    KeepAndVanish(Envelope, Vec<u8>),
    /// Say this and close.
    Leave(Reply),
    /// Close without a word.
    Vanish,
}

/// A message while it arrives, and what is wrong with it.
#[derive(Debug, Default)]
struct Incoming {
    bytes: Vec<u8>,
    wrong: Option<Reply>,
}

/// A conversation.
#[derive(Debug, Default)]
pub struct Session {
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
    incoming: Option<Incoming>,
    errors: u32,
}

impl Session {
    /// Whether the next line is part of a message.
    pub fn in_data(&self) -> bool {
        self.incoming.is_some()
    }

    /// Takes the next line; `fault` is what shall go wrong with mail at this moment.
    pub fn take(&mut self, line: Line, fault: MailFault) -> Next {
        if self.in_data() {
            return self.text(line, fault);
        }
        let next = match &line {
            Line::TooLong => Err(Reply::LINE_TOO_LONG),
            Line::Bare => Err(Reply::BARE),
            Line::Whole(bytes) => command::parse(bytes).and_then(|command| self.command(command, fault)),
        };
        next.unwrap_or_else(|reply| {
            self.errors += 1;
            if self.errors >= ERRORS_MAX { Next::Leave(Reply::ERRORS) } else { Next::Say(reply) }
        })
    }

    fn command(&mut self, command: Command<'_>, fault: MailFault) -> Result<Next, Reply> {
        match command {
            Command::Hello { extended } => {
                self.forget();
                self.greeted = true;
                return Ok(if extended { Next::Announce } else { Next::Say(Reply(250, "localhost")) });
            }
            Command::Mail { from } => {
                if !self.greeted || self.from.is_some() {
                    return Err(Reply::ORDER);
                }
                self.from = Some(from.to_owned());
            }
            Command::Rcpt { to } => self.recipient(to, fault)?,
            Command::Data if self.from.is_none() || self.to.is_empty() => return Err(Reply::ORDER),
            Command::Data => {
                self.incoming = Some(Incoming::default());
                return Ok(Next::Say(Reply::GO_ON));
            }
            Command::Rset => self.forget(),
            Command::Noop => {}
            Command::Vrfy => return Ok(Next::Say(Reply::VERIFIED)),
            Command::Help => return Ok(Next::Say(Reply::HELP)),
            Command::Quit => return Ok(Next::Leave(Reply::BYE)),
        }
        Ok(Next::Say(Reply::OK))
    }

    fn recipient(&mut self, to: &str, fault: MailFault) -> Result<(), Reply> {
        if self.from.is_none() {
            return Err(Reply::ORDER);
        }
        if fault == MailFault::Refuse550 {
            return Err(Reply::FAULT_550);
        }
        if self.to.len() >= RECIPIENTS_MAX {
            return Err(Reply::TOO_MANY);
        }
        self.to.push(to.to_owned());
        Ok(())
    }

    /// A line of a message. Whatever is wrong with it is said at its end, as the standard wants it.
    fn text(&mut self, line: Line, fault: MailFault) -> Next {
        let Some(incoming) = &mut self.incoming else { return Next::Listen };
        let bytes = match line {
            Line::Whole(bytes) if bytes == b"." => return self.end(fault),
            Line::Whole(bytes) => bytes,
            Line::TooLong => return incoming.spoil(Reply::LINE_TOO_LONG),
            Line::Bare => return incoming.spoil(Reply::BARE),
        };
        // RFC 5321, 4.5.2: the client put a dot before a line that begins with one.
        let bytes = bytes.strip_prefix(b".").unwrap_or(&bytes);
        if incoming.wrong.is_some() {
            return Next::Listen;
        }
        if incoming.bytes.len() + bytes.len() + 2 > MESSAGE_BYTES_MAX {
            return incoming.spoil(Reply::TOO_LARGE);
        }
        incoming.bytes.extend_from_slice(bytes);
        incoming.bytes.extend_from_slice(b"\r\n");
        Next::Listen
    }

    fn end(&mut self, fault: MailFault) -> Next {
        let Incoming { bytes, wrong } = self.incoming.take().unwrap_or_default();
        let envelope =
            Envelope { from: self.from.take().unwrap_or_default(), to: std::mem::take(&mut self.to) };
        match (wrong, fault) {
            (Some(reply), _) => Next::Say(reply),
            (None, MailFault::Refuse451) => Next::Say(Reply::FAULT_451),
            (None, MailFault::Drop) => Next::Vanish,
            (None, MailFault::KeepThenDrop) => Next::KeepAndVanish(envelope, bytes),
            (None, MailFault::None | MailFault::Refuse550) => Next::Keep(envelope, bytes),
        }
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

impl Incoming {
    /// The first thing that is wrong counts; what is collected is thrown away.
    fn spoil(&mut self, reply: Reply) -> Next {
        self.wrong.get_or_insert(reply);
        self.bytes = Vec::new();
        Next::Listen
    }
}
