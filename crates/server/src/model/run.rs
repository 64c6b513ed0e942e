//! A batch: everything that was due together for an account, billed and collected together.

use onfile_core::ids::{RunId, TestClockId};
use serde::{Deserialize, Serialize};

use super::Object;

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// `run_…`: every payment carries it.
    pub id: RunId,
    /// Unix seconds.
    pub created: i64,
    /// What is due until then is in it, Unix seconds in its customers' time.
    pub due_until: i64,
    /// Where it stands.
    pub state: RunState,
    /// `schedule`, `test_clock`, `staff`.
    pub trigger: String,
    /// Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<i64>,
    /// Whose time it lives in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<TestClockId>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Takes what is due.
    Running,
    /// Has taken all; some outcomes are not known yet.
    Finishing,
    /// Over.
    Finished,
}

impl RunState {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finishing => "finishing",
            Self::Finished => "finished",
        }
    }
}

impl Object for Run {
    type Id = RunId;
    fn id(&self) -> &RunId {
        &self.id
    }
}
