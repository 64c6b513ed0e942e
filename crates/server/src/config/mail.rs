//! `[mail]`: through which server notices are sent, and in whose name.

use std::net::IpAddr;
use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::Deserialize;

/// `[mail]`. Without this section no mail is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "RawMailConfig")]
pub struct MailConfig {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// The sender's address. The name before it is the merchant's; one that is given here is for logs of mail servers.
    pub from: Mailbox,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<Mailbox>,
    /// Who we are to the server.
    pub credentials: Option<MailCredentials>,
    /// How many days before a charge its customer is told that their card ends before it.
    pub card_expiring_days: u32,
}

/// [`MailConfig::card_expiring_days`], unless it is said.
pub const CARD_EXPIRING_DAYS: u32 = 30;
/// The most that it may be.
pub const CARD_EXPIRING_DAYS_MAX: u32 = 60;

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Not at all: on this machine only.
    None,
    /// It becomes TLS before anything is said, or ends (port 587).
    Starttls,
    /// It is TLS from the start (port 465).
    Implicit,
}

/// Who we are to a mail server.
#[derive(Debug, Clone)]
pub struct MailCredentials {
    /// In clear.
    pub username: String,
    /// The file with the password.
    pub password_file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMailConfig {
    host: String,
    port: u16,
    #[serde(default = "tls_default")]
    tls: MailTls,
    from: String,
    reply_to: Option<String>,
    username: Option<String>,
    password_file: Option<PathBuf>,
    #[serde(default = "card_expiring_days_default")]
    card_expiring_days: u32,
}

impl TryFrom<RawMailConfig> for MailConfig {
    type Error = String;

    fn try_from(raw: RawMailConfig) -> Result<Self, Self::Error> {
        if raw.tls == MailTls::None && !is_loopback(&raw.host) {
            return Err("[mail] needs `tls` for a server that is not on this machine".to_owned());
        }
        if raw.card_expiring_days > CARD_EXPIRING_DAYS_MAX {
            return Err(format!("[mail] `card_expiring_days` is {CARD_EXPIRING_DAYS_MAX} at most"));
        }
        let credentials = match (raw.username, raw.password_file) {
            (Some(username), Some(password_file)) => Some(MailCredentials { username, password_file }),
            (None, None) => None,
            _ => return Err("[mail] needs `username` and `password_file` together".to_owned()),
        };
        let mailbox = |name: &str, text: String| {
            text.parse::<Mailbox>().map_err(|error| format!("[mail] `{name}` is not an address: {error}"))
        };
        Ok(Self {
            host: raw.host,
            port: raw.port,
            tls: raw.tls,
            from: mailbox("from", raw.from)?,
            reply_to: raw.reply_to.map(|text| mailbox("reply_to", text)).transpose()?,
            credentials,
            card_expiring_days: raw.card_expiring_days,
        })
    }
}

fn card_expiring_days_default() -> u32 {
    CARD_EXPIRING_DAYS
}

fn tls_default() -> MailTls {
    MailTls::Starttls
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use onfile_service::config::ConfigError;

    use super::*;

    fn parse(text: &str) -> Result<MailConfig, ConfigError> {
        onfile_service::config::parse(std::path::Path::new("mail.toml"), text)
    }

    #[test]
    fn mail_leaves_this_machine_over_tls_only() {
        for (text, good) in [
            ("host = \"127.0.0.1\"\nport = 25\ntls = \"none\"\nfrom = \"a@b.example\"", true),
            ("host = \"::1\"\nport = 25\ntls = \"none\"\nfrom = \"Shop <a@b.example>\"", true),
            ("host = \"localhost\"\nport = 25\ntls = \"none\"\nfrom = \"a@b.example\"", true),
            ("host = \"mail.example\"\nport = 587\nfrom = \"a@b.example\"", true),
            ("host = \"mail.example\"\nport = 465\ntls = \"implicit\"\nfrom = \"a@b.example\"", true),
            ("host = \"mail.example\"\nport = 25\ntls = \"none\"\nfrom = \"a@b.example\"", false),
            ("host = \"localhost.example\"\nport = 25\ntls = \"none\"\nfrom = \"a@b.example\"", false),
            ("host = \"10.0.0.1\"\nport = 25\ntls = \"none\"\nfrom = \"a@b.example\"", false),
            ("host = \"mail.example\"\nport = 587\ntls = \"maybe\"\nfrom = \"a@b.example\"", false),
            ("host = \"mail.example\"\nport = 587\nfrom = \"nobody\"", false),
            ("host = \"mail.example\"\nport = 587\nfrom = \"a@b.example\"\nreply_to = \"x\"", false),
            ("host = \"mail.example\"\nport = 587\nfrom = \"a@b.example\"\nusername = \"x\"", false),
            ("host = \"mail.example\"\nport = 587\nfrom = \"a@b.example\"\npasswort = \"x\"", false),
            ("host = \"mail.example\"\nport = 587\nfrom = \"a@b.example\"\ncard_expiring_days = 60", true),
            ("host = \"mail.example\"\nport = 587\nfrom = \"a@b.example\"\ncard_expiring_days = 61", false),
            ("host = \"mail.example\"\nport = 587\nfrom = \"a@b.example\"\ncard_expiring_days = -1", false),
        ] {
            assert_eq!(parse(text).is_ok(), good, "{text}");
        }
        let text = "host = \"mail.example\"\nport = 587\nfrom = \"a@b.example\"";
        assert_eq!(parse(text).unwrap().tls, MailTls::Starttls, "unless it is said");
    }
}
