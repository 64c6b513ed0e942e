//! The way to the mail server.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use onfile_core::ids::{Id, NoticeId};
use onfile_service::secret::{SecretFileError, read_secret_file};

use super::frame::{Letter, one_line};
use crate::config::mail::{MailConfig, MailTls};

/// How long each step of a conversation with the server may take.
const STEP_MAX: Duration = Duration::from_secs(15);
/// How long a whole conversation may take. The worker's lease is longer.
pub const SEND_MAX: Duration = Duration::from_mins(1);
/// The longest name before an address, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Sends mail through the server of `[mail]`.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer(..)")
    }
}

/// Why mail cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// The password.
    #[error("the password of the mail server")]
    Password(#[from] SecretFileError),
    /// The certificates of this machine, or the server's name.
    #[error("TLS to the mail server cannot be set up")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Why a mail was not taken. The server's own words are not kept: they may hold the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The address is none, or the server's extensions do not reach for it.
    #[error("invalid_address")]
    Address,
    /// The server will never take it: a code from 500 on.
    #[error("refused_{0}")]
    Refused(u16),
    /// The server does not take it now: a code from 400 on.
    #[error("put_off_{0}")]
    Later(u16),
    /// No connection, no answer, or none in time: whether it was taken is not known.
    #[error("no_answer")]
    NoAnswer,
}

/// A mail with its envelope.
#[derive(Debug)]
pub struct Mail<'a> {
    /// The notice; its id makes the `Message-ID`, the same at every try.
    pub notice: &'a NoticeId,
    /// Who writes, as the reader knows them.
    pub sender: &'a str,
    /// The reader's address.
    pub recipient: &'a str,
    /// What it says.
    pub letter: &'a Letter,
    /// Of this try.
    pub now: Timestamp,
}

impl Mailer {
    /// Reads the password; connects to nobody.
    ///
    /// # Errors
    /// [`MailSetupError`].
    pub fn new(config: &MailConfig) -> Result<Self, MailSetupError> {
        let tls = || TlsParameters::new(config.host.clone());
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .timeout(Some(STEP_MAX))
            .tls(match config.tls {
                MailTls::None => Tls::None,
                MailTls::Starttls => Tls::Required(tls()?),
                MailTls::Implicit => Tls::Wrapper(tls()?),
            });
        if let Some(credentials) = &config.credentials {
            let password = read_secret_file(&credentials.password_file)?;
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(credentials.username.clone(), password));
        }
        Ok(Self { transport: builder.build(), from: config.from.clone(), reply_to: config.reply_to.clone() })
    }

    /// Hands a mail to the server.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(&self, mail: &Mail<'_>) -> Result<(), SendError> {
        let message = self.message(mail)?;
        match tokio::time::timeout(SEND_MAX, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(reason(&error)),
            Err(_) => Err(SendError::NoAnswer),
        }
    }

    fn message(&self, mail: &Mail<'_>) -> Result<Message, SendError> {
        let to: Address = mail.recipient.parse().map_err(|_| SendError::Address)?;
        let sender = one_line(mail.sender, NAME_CHARS_MAX);
        let id = format!("<{}@{}>", mail.notice.as_str(), self.from.email.domain());
        let mut builder = Message::builder()
            .from(Mailbox::new(Some(sender), self.from.email.clone()))
            .to(Mailbox::new(None, to))
            .subject(&mail.letter.subject)
            .message_id(Some(id))
            .date(SystemTime::from(mail.now))
            .header(AutoSubmitted);
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let parts = MultiPart::alternative_plain_html(mail.letter.text.clone(), mail.letter.html.clone());
        builder.multipart(parts).map_err(|_| SendError::Address)
    }
}

fn reason(error: &lettre::transport::smtp::Error) -> SendError {
    match error.status().map(u16::from) {
        Some(code) if error.is_permanent() => SendError::Refused(code),
        Some(code) => SendError::Later(code),
        None if error.is_client() => SendError::Address,
        None => SendError::NoAnswer,
    }
}

/// RFC 3834: programs that answer mail by themselves leave this one alone.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer() -> Mailer {
        let text = "host = \"localhost\"\nport = 25\ntls = \"none\"\nfrom = \"pay@shop.example\"\n\
            reply_to = \"Help <help@shop.example>\"";
        let config = onfile_service::config::parse(std::path::Path::new("mail.toml"), text).unwrap();
        Mailer::new(&config).unwrap()
    }

    fn written(sender: &str, recipient: &str, subject: &str) -> Result<String, SendError> {
        let letter = Letter { subject: subject.into(), text: "T\n".into(), html: "<p>H</p>".into() };
        let notice = NoticeId::from_trusted("ntc_1".into());
        let now = Timestamp::from_second(1_795_341_783).unwrap();
        let mail = Mail { notice: &notice, sender, recipient, letter: &letter, now };
        mailer().message(&mail).map(|message| String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_mail_has_the_headers_that_it_needs() {
        let mail = written("Shop", "jenny@example.com", "Your receipt").unwrap();
        for line in [
            "From: Shop <pay@shop.example>",
            "To: jenny@example.com",
            "Reply-To: Help <help@shop.example>",
            "Subject: Your receipt",
            "Message-ID: <ntc_1@shop.example>",
            "Date: Sun, 22 Nov 2026 10:03:03 +0000",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ] {
            assert!(mail.contains(&format!("{line}\r\n")), "{line} in {mail}");
        }
    }

    #[test]
    fn nothing_that_is_put_into_a_header_begins_another() {
        let evil = "Shop\r\nBcc: thief@evil.example\r\n\r\nbody";
        for (sender, subject) in
            [(evil, "x"), ("x", evil), ("\"Shop\" <a@b.example>, c", "x"), ("Grüße \u{7f}", "x")]
        {
            let mail = written(sender, "jenny@example.com", subject).unwrap();
            let headers = mail.split("\r\n\r\n").next().unwrap();
            let names: Vec<&str> = headers
                .split("\r\n")
                .filter(|line| !line.starts_with([' ', '\t']))
                .filter_map(|line| line.split_once(':').map(|(name, _)| name))
                .collect();
            let want = [
                "From",
                "To",
                "Subject",
                "Message-ID",
                "Date",
                "Auto-Submitted",
                "Reply-To",
                "MIME-Version",
                "Content-Type",
            ];
            assert_eq!(names, want, "{headers}");
        }
        for recipient in
            ["", "nobody", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "<a@b.example>"]
        {
            assert_eq!(written("Shop", recipient, "x"), Err(SendError::Address), "{recipient:?}");
        }
    }
}
