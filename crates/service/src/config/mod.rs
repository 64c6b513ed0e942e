//! Configuration: one TOML file per process, read once at start. Unknown keys are refused, since a misspelt limit
//! that is silently ignored is a limit that does not exist.
//!
//! The structures carry `#[serde(deny_unknown_fields)]`; secrets are not in the file but named by it, and read with
//! [`crate::secret::read_secret_file`].

mod sections;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

pub use sections::{
    DatabaseConfig, DatabaseUrl, ListenAddress, ListenConfig, LogConfig, LogFormat, TlsConfig,
};

pub use crate::secret::{Secret, SecretFileError, read_secret_file};

/// The largest configuration file.
pub const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is longer than [`CONFIG_BYTES_MAX`].
    #[error("the configuration {path} is longer than {CONFIG_BYTES_MAX} bytes")]
    TooLong {
        /// Which file.
        path: PathBuf,
    },
    /// A key is unknown or missing, or a value is not what it should be.
    #[error("{path}:{line}: {message}")]
    Refused {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
        /// What is wrong, and with which key.
        message: String,
    },
}

/// Reads the configuration file at `path`.
///
/// # Errors
/// [`ConfigError`], which names file, line and key.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > CONFIG_BYTES_MAX {
        return Err(ConfigError::TooLong { path: path.to_owned() });
    }
    parse(path, &text)
}

/// Parses the text of the configuration file that is named `path` in errors.
///
/// # Errors
/// [`ConfigError::Refused`].
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| refusal(path, text, error))
}

/// The library's own message quotes the whole line, and with it whatever secret somebody put there; ours names the
/// line and the keys.
fn refusal(path: &Path, text: &str, mut error: toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let line = 1 + text.get(..start).unwrap_or_default().matches('\n').count();
    // Without the input the library appends the path of keys instead of the quotation.
    error.set_input(None);
    let mut message = error.to_string().trim_end().replace('\n', " ");
    if !message.contains(" in `")
        && let Some(key) = key_at(text, line)
    {
        message = format!("{message} in `{key}`");
    }
    ConfigError::Refused { path: path.to_owned(), line, message }
}

/// The key, or the name of the section, that stands on a line. Nothing else is given away: the line may be the middle
/// of a value.
fn key_at(text: &str, line: usize) -> Option<&str> {
    let line = text.lines().nth(line - 1)?.trim();
    let section = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let key = section.or_else(|| Some(line.split_once('=')?.0))?.trim();
    let is_name = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.');
    (is_name && !key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        database: DatabaseConfig,
        listen: ListenConfig,
        #[serde(default)]
        log: LogConfig,
    }

    const GOOD: &str =
        "[database]\nurl = \"sqlite:/var/lib/onfile/onfile.db\"\n[listen]\naddress = \"127.0.0.1:4242\"\n";

    fn refused(text: &str) -> String {
        parse::<Whole>(Path::new("onfile.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_complete_file_is_read_and_what_it_leaves_out_has_a_default() {
        let read: Whole = parse(Path::new("onfile.toml"), GOOD).unwrap();
        assert!(
            matches!(&read.database.url, DatabaseUrl::Sqlite(p) if p == Path::new("/var/lib/onfile/onfile.db"))
        );
        assert!(matches!(read.listen.address, ListenAddress::Tcp(a) if a.port() == 4242));
        assert_eq!(read.log.format, LogFormat::Text);
        assert_eq!(read.log.level, "info");
    }

    #[test]
    fn a_refusal_names_file_line_and_key() {
        for (text, line, key) in [
            (GOOD.replace("address", "adress"), 4, "adress"),
            (GOOD.replace("[listen]", "[lisen]"), 3, "lisen"),
            (GOOD.replace("127.0.0.1:4242", "localhost"), 4, "listen.address"),
            (GOOD.replace("sqlite:", "mysql:"), 2, "database.url"),
            (format!("{GOOD}[log]\nformat = \"xml\"\n"), 6, "log.format"),
            (format!("{GOOD}[log]\nlevel = \"a=b=c\"\n"), 6, "log.level"),
            (format!("{GOOD}[log]\nlevel = 7\n"), 6, "log.level"),
            ("[database]\nurl = \"sqlite:x\"\n[listen]\n".to_owned(), 3, "address"),
            (format!("{GOOD}[listen]\n"), 5, "listen"),
            (format!("{GOOD}port = \n"), 5, "port"),
        ] {
            let said = refused(&text);
            assert!(said.starts_with(&format!("onfile.toml:{line}: ")), "{said} for {text}");
            assert!(said.contains(key), "{said} should name {key}");
        }
    }

    #[test]
    fn a_refusal_does_not_quote_a_password_that_stands_on_the_line() {
        let said =
            refused(&GOOD.replace("sqlite:/var/lib/onfile/onfile.db", "mysql://onfile:hunter2@db/onfile"));
        assert!(!said.contains("hunter2"), "{said}");
        let read: Whole = parse(
            Path::new("f"),
            &GOOD.replace("sqlite:/var/lib/onfile/onfile.db", "postgres://o:hunter2@db/o"),
        )
        .unwrap();
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let said = load::<Whole>(Path::new("/nowhere/onfile.toml")).unwrap_err().to_string();
        assert!(said.contains("/nowhere/onfile.toml"), "{said}");
    }
}
