//! Live progress: one line that is rewritten on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a line is written where it cannot be rewritten.
const EVERY: Duration = Duration::from_secs(1);
/// So wide is the rewritten line at most.
const WIDTH: usize = 100;

/// Where progress is shown.
pub struct Progress {
    terminal: bool,
    last: Option<Instant>,
    shown: String,
}

impl Progress {
    /// Shows progress on standard output.
    pub fn new() -> Self {
        Self { terminal: io::stdout().is_terminal(), last: None, shown: String::new() }
    }

    /// Says how far something is; what was said in the last second already is left out.
    pub fn tell(&mut self, line: &str) {
        if line == self.shown {
            return;
        }
        if self.terminal {
            let short: String = line.chars().take(WIDTH).collect();
            write(&format!("\r{short:<WIDTH$}"));
        } else if self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            write(&format!("{line}\n"));
        } else {
            return;
        }
        self.last = Some(Instant::now());
        line.clone_into(&mut self.shown);
    }

    /// Says how something ended.
    pub fn done(&mut self, line: &str) {
        if self.terminal {
            write(&format!("\r{line:<WIDTH$}\n"));
        } else {
            write(&format!("{line}\n"));
        }
        self.last = None;
        self.shown.clear();
    }
}

/// A reader that is gone does not end the work.
fn write(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
