//! Time that can be moved forward, so that a test need not wait four days for a debit to settle.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use onfile_core::clock::Clock;

/// A clock that is ahead of another one.
pub struct MovableClock {
    real: Arc<dyn Clock>,
    ahead_seconds: AtomicI64,
}

impl MovableClock {
    /// A clock this many seconds ahead of `real`.
    pub fn ahead_of(real: Arc<dyn Clock>, seconds: i64) -> Self {
        Self { real, ahead_seconds: AtomicI64::new(seconds) }
    }

    /// From now on it is this many seconds ahead.
    pub fn set(&self, seconds: i64) {
        self.ahead_seconds.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead_seconds.load(Ordering::SeqCst));
        self.real.now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }
}
