//! The same search over input that arrives in pieces.

use super::next;

/// How many bytes before and behind the start of a run can decide about it: the run itself is at most 37 bytes long,
/// and `exempt` looks at most one word of 255 bytes to either side.
const CONTEXT: usize = 512;
/// How much is gathered before the part that is done with is dropped.
const WINDOW: usize = 16 * 1024;

/// Searches a stream in bounded memory. It finds what [`super::contains`] finds in the whole, wherever it was cut.
#[derive(Debug, Default)]
pub struct Scanner {
    window: Vec<u8>,
    /// Runs that start before this place in the window have been looked at.
    decided: usize,
    found: bool,
}

impl Scanner {
    /// A scanner that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece. True as soon as something card-shaped is known to be in what came so far; what could
    /// still turn out otherwise by the bytes behind it is decided later.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(WINDOW) {
            if self.found {
                break;
            }
            self.window.extend_from_slice(piece);
            self.decide_until(self.window.len().saturating_sub(CONTEXT));
            if self.window.len() > WINDOW {
                let done = self.decided.saturating_sub(CONTEXT);
                self.window.drain(..done);
                self.decided -= done;
            }
        }
        self.found
    }

    /// Whether anything card-shaped was in the whole stream.
    pub fn finish(mut self) -> bool {
        self.decide_until(self.window.len());
        self.found
    }

    fn decide_until(&mut self, until: usize) {
        if until > self.decided {
            self.found = self.found || next(&self.window, self.decided..until).is_some();
            self.decided = until;
        }
    }
}
