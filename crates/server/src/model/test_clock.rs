//! A time of its own for some customers, moved by hand: what happens in a year is seen in a minute.

use onfile_core::ids::TestClockId;
use serde::{Deserialize, Serialize};

use super::Object;

/// A test clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestClock {
    /// `clock_…`
    pub id: TestClockId,
    /// Unix seconds, real time.
    pub created: i64,
    /// The merchant's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What time it is for its customers, Unix seconds.
    pub frozen_time: i64,
    /// Where it is going, while it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<i64>,
}

impl TestClock {
    /// `ready`, or `advancing` while it moves.
    pub fn status(&self) -> &'static str {
        if self.target.is_some() { "advancing" } else { "ready" }
    }
}

impl Object for TestClock {
    type Id = TestClockId;
    fn id(&self) -> &TestClockId {
        &self.id
    }
}
