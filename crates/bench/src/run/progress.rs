//! How far something is, on standard error: one line that is rewritten on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// How often a line is written where it cannot be rewritten.
const EVERY: Duration = Duration::from_secs(10);

/// Something that goes on.
pub struct Progress {
    what: &'static str,
    of: u64,
    begun: Instant,
    told: Option<Instant>,
    terminal: bool,
}

impl Progress {
    /// Begins now.
    pub fn new(what: &'static str, of: u64) -> Self {
        Self { what, of, begun: Instant::now(), told: None, terminal: io::stderr().is_terminal() }
    }

    /// Says how far it is, unless that was said a moment ago or it has hardly begun.
    pub fn tell(&mut self, done: u64) {
        let line = line(self.what, done, self.of, self.begun.elapsed());
        if self.terminal {
            eprint!("\r{line:<90}");
        } else if self.told.unwrap_or(self.begun).elapsed() >= EVERY {
            eprintln!("{line}");
            self.told = Some(Instant::now());
        }
    }

    /// Says how it ended.
    pub fn done(&self, done: u64) {
        let line = line(self.what, done, self.of, self.begun.elapsed());
        eprintln!("{}{line}", if self.terminal { "\r" } else { "" });
    }
}

fn line(what: &str, done: u64, of: u64, elapsed: Duration) -> String {
    let rate = u128::from(done) * 1_000 / elapsed.as_millis().max(1);
    let left = u128::from(of.saturating_sub(done)).checked_div(rate);
    let left = left.map_or_else(|| "?".to_owned(), |seconds| seconds.to_string());
    format!("{what}: {done} of {of}, {rate}/s, {} s so far, {left} s left", elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_its_rate_and_what_is_left() {
        for (done, seconds, want) in [
            (500, 2, "customers: 500 of 1000, 250/s, 2 s so far, 2 s left"),
            (0, 0, "customers: 0 of 1000, 0/s, 0 s so far, ? s left"),
            (1_000, 4, "customers: 1000 of 1000, 250/s, 4 s so far, 0 s left"),
        ] {
            assert_eq!(line("customers", done, 1_000, Duration::from_secs(seconds)), want);
        }
    }
}
