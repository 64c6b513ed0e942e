//! Logs: set up once per process, to standard error, every line through the mask.

use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogConfig, LogFormat};
use crate::masked::MaskedStderr;

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The configured level means nothing.
    #[error("`log.level` is a level such as `info`, or levels by target such as `info,onfile_vault=debug`")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// This process has a subscriber already.
    #[error("logs were set up before")]
    SetUpBefore,
}

/// Starts logging, and logs panics from now on instead of printing them.
///
/// # Errors
/// When the level means nothing, or logs were set up before.
pub fn start(config: &LogConfig) -> Result<(), LogsError> {
    let subscriber = subscriber(config, MaskedStderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogsError::SetUpBefore)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// What `start` installs, over any writer. The writer must mask: nothing else does.
fn subscriber<W>(config: &LogConfig, writer: W) -> Result<impl tracing::Subscriber + Send + Sync, LogsError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&config.level)?)
        .with_ansi(false)
        .with_writer(writer);
    let subscriber: Box<dyn tracing::Subscriber + Send + Sync> = match config.format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
    };
    Ok(subscriber)
}

/// Parses a level.
pub(crate) fn filter(level: &str) -> Result<EnvFilter, LogsError> {
    Ok(EnvFilter::try_new(level)?)
}

/// Logs a panic with its place. The standard hook would print its text past the mask.
fn log_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let text = info.payload_as_str().unwrap_or("(no text)");
    tracing::error!(target: "panic", place, "panicked: {text}");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;
    use crate::masked::MaskedLine;

    /// Standard error for a test, behind the same mask.
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Memory {
        type Writer = MaskedLine<Memory>;
        fn make_writer(&'a self) -> Self::Writer {
            MaskedLine::new(self.clone())
        }
    }

    fn logged(format: LogFormat, level: &str, act: impl FnOnce()) -> String {
        let memory = Memory::default();
        let config = LogConfig { format, level: level.to_owned() };
        tracing::subscriber::with_default(subscriber(&config, memory.clone()).unwrap(), act);
        String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
    }

    fn number() -> String {
        ["4242"; 4].concat()
    }

    #[test]
    fn numbers_are_masked_in_messages_fields_and_spans_of_both_formats() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let log = logged(format, "info", || {
                let _span = tracing::info_span!("saving", typed = %number()).entered();
                tracing::info!(field = number(), "the message holds {}", number());
            });
            assert!(log.contains("the message holds") && log.contains("field"), "{log}");
            assert!(log.contains("saving"), "{log}");
            assert!(!log.contains(&number()), "{log}");
        }
    }

    #[test]
    fn a_json_line_is_one_json_object() {
        let log = logged(LogFormat::Json, "info", || tracing::warn!(count = 3, "two\nlines {}", number()));
        let read: serde_json::Value = serde_json::from_str(log.trim_end()).unwrap();
        assert_eq!(read["level"], "WARN");
        assert_eq!(read["count"], 3);
        assert_eq!(log.lines().count(), 1);
    }

    #[test]
    fn the_level_decides_what_is_logged() {
        let log = logged(LogFormat::Text, "warn,onfile_service=debug", || {
            tracing::debug!("of ours");
            tracing::info!(target: "hyper", "of the library");
        });
        assert!(log.contains("of ours") && !log.contains("of the library"), "{log}");
    }

    #[test]
    fn a_panic_is_logged_with_its_place_and_masked() {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let log = logged(LogFormat::Text, "info", || {
            let outcome = std::panic::catch_unwind(|| panic!("cannot parse {}", number()));
            assert!(outcome.is_err());
        });
        std::panic::set_hook(before);
        assert!(log.contains("panicked: cannot parse") && log.contains("logs.rs:"), "{log}");
        assert!(!log.contains(&number()), "{log}");
    }
}
