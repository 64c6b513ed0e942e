//! The server's time, which decides what is due.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::target::Failure;

/// Moments in objects are whole seconds, so ours may be so many behind.
const BEHIND_MAX: i64 = 1;

/// Counts on from the moment at which the server made something. It is never ahead, and less than a second behind, not
/// counting the time that the answer took.
#[derive(Debug, Clone, Copy)]
pub struct ServerClock {
    seconds: i64,
    read: Instant,
}

impl ServerClock {
    /// From an object that was made just now.
    pub fn from_new(object: &Value) -> Result<Self, Failure> {
        let created = object.get("created").and_then(Value::as_i64);
        Ok(Self { seconds: created.ok_or("an object without its time")?, read: Instant::now() })
    }

    /// When a moment in Unix seconds has come for certain.
    pub fn instant_of(&self, moment: i64) -> Instant {
        self.read + Duration::from_secs(u64::try_from(moment - self.seconds).unwrap_or_default())
    }

    /// Until when a moment in Unix seconds has certainly not come.
    pub fn before(&self, moment: i64) -> Instant {
        self.instant_of(moment - BEHIND_MAX)
    }

    /// The moment so long from now, in Unix seconds.
    pub fn after(&self, wait: Duration) -> i64 {
        let seconds = i64::try_from((self.read.elapsed() + wait).as_secs()).unwrap_or(i64::MAX);
        self.seconds.saturating_add(seconds)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_count_on_from_what_was_made_last() {
        let clock = ServerClock::from_new(&json!({ "created": 1_000 })).unwrap();
        assert!(clock.after(Duration::from_mins(1)) >= 1_060);
        assert_eq!(clock.instant_of(1_030) - clock.instant_of(1_000), Duration::from_secs(30));
        assert_eq!(clock.instant_of(1_030) - clock.before(1_030), Duration::from_secs(1));
        assert_eq!(clock.instant_of(10), clock.instant_of(1_000));
        assert!(ServerClock::from_new(&json!({})).is_err());
    }
}
