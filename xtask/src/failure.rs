//! How a command of this tool fails: a sentence for a person and an exit status for a script.

use std::fmt;
use std::process::ExitCode;

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    message: String,
    status: u8,
}

/// What every fallible function here returns.
pub type Outcome<T> = Result<T, Failure>;

/// Exit status when something that the machine needs is not installed.
const STATUS_MISSING_TOOLS: u8 = 2;
/// Exit status after an interruption, as shells report SIGINT.
const STATUS_INTERRUPTED: u8 = 130;

impl Failure {
    /// A plain failure, exit status 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: 1 }
    }

    /// Something has to be installed first, exit status 2.
    pub fn missing_tools(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: STATUS_MISSING_TOOLS }
    }

    /// The person at the keyboard (or a supervisor) asked us to stop.
    pub fn interrupted() -> Self {
        Self { message: "interrupted".into(), status: STATUS_INTERRUPTED }
    }

    /// A failure that has been printed in full already: only the exit status is left to say.
    pub fn told() -> Self {
        Self { message: String::new(), status: 1 }
    }

    /// Whether this came of a signal, so that nothing more should be started.
    pub fn is_interruption(&self) -> bool {
        self.status == STATUS_INTERRUPTED
    }

    /// Whether there is nothing more to print.
    pub fn is_told(&self) -> bool {
        self.message.is_empty()
    }

    /// The status to leave the process with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Says what was being done when an error came up.
pub trait Context<T> {
    /// Turns the error into a [`Failure`] that reads "`what`: error".
    fn context(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Failure::new(format!("{what}: {error}")))
    }
}
