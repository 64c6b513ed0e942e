//! The mail catcher: a real SMTP server (RFC 5321) whose every recipient is a drawer here. Nothing is ever sent on.
//!
//! Messages are files in the sandbox's data folder, synchronised before they are accepted: with `250` a server takes
//! over responsibility (RFC 5321, 6.1), and a test that kills this process right after it must find the message. They
//! are few (see [`mailbox`]), so they are kept in memory too, and the oldest go first.

mod command;
mod lines;
pub mod listen;
pub mod mailbox;
mod message;
mod session;

pub use mailbox::{Mailbox, MailboxError};
pub use message::MessageView;

/// The largest message, in bytes: what `SIZE` announces.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most recipients of one message; RFC 5321, 4.5.3.1.8 wants at least so many.
pub const RECIPIENTS_MAX: usize = 100;
/// The longest line of a command with its end. RFC 5321, 4.5.3.1.4 wants 512, and extensions need more for `MAIL`.
pub const COMMAND_BYTES_MAX: usize = 1024;
/// The longest line of a message with its end (RFC 5321, 4.5.3.1.6), and the dot that may be put before it.
pub const TEXT_LINE_BYTES_MAX: usize = 1001;
/// How many commands may be wrong before the connection is closed.
pub const ERRORS_MAX: u32 = 20;
/// How many messages the inbox's page lists.
pub const TITLES_SHOWN: usize = 100;
