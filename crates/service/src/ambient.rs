//! The one place that asks the operating system for the time and for randomness. Everything else is handed a
//! [`Clock`] and a [`Random`], so that a test or a simulation can hand in its own.

use jiff::Timestamp;
use onfile_core::clock::Clock;
use onfile_core::random::Random;

/// The time of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the ambient clock enters")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The cryptographic random generator of aws-lc, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is where ambient randomness enters")]
    fn fill(&self, bytes: &mut [u8]) {
        // Nobody outside influences this, and guessable keys and ids would be worse than a stop.
        assert!(aws_lc_rs::rand::fill(bytes).is_ok(), "the operating system gives no randomness");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn randomness_fills_every_byte_and_differs_from_call_to_call() {
        let mut seen = [[0u8; 32]; 64];
        for bytes in &mut seen {
            SystemRandom.fill(bytes);
        }
        for position in 0..32 {
            assert!(seen.iter().any(|bytes| bytes[position] != 0), "byte {position} was never written");
        }
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_clock_shows_a_time_after_this_was_written() {
        assert!(SystemClock.now() > "2026-01-01T00:00:00Z".parse().unwrap());
    }
}
