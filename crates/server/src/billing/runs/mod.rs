//! Batches: everything that is due for an account, billed in sets and collected with hundreds of requests under way.
//!
//! Work is claimed by lease, so any number of processes share a run, and a process that dies leaves nothing that
//! another does not take over: what it had not billed is claimed again, what it had sent is looked up (M1).

mod execute;
mod preview;
mod scheduler;

pub use execute::{Scope, execute, start};
pub use preview::{Forecast, preview};
pub use scheduler::run as schedule;
