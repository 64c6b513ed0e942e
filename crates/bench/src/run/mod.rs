//! A billing run: agreements that become due at one moment, from the first charge to the last outcome.
//!
//! They are made through the public API, as a merchant would, and become due in real time: the schedule of the running
//! server finds them, and nothing about the run is ours. A test clock would need no estimate of how long making them
//! takes, but does more than a run when it moves, and moves nowhere in production.

mod clock;
mod latency;
mod ledger;
mod order;
mod progress;
mod seed;
mod spread;
mod totals;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::disk;
use crate::processes::Pids;
use crate::report::Report;
use crate::target::{Failure, Target};

pub use latency::Latency;
pub use ledger::Sandbox;

/// Its name, by which it is chosen.
pub const NAME: &str = "billing run";
/// What one agreement costs, in US cents.
const AMOUNT: i64 = 2_900;

/// What is wanted.
pub struct Order {
    /// How many agreements.
    pub agreements: u32,
    /// How many clients make them.
    pub clients: usize,
    /// How long the processor takes: a run for each.
    pub latencies: Vec<Latency>,
}

/// Where it is measured.
pub struct Place<'a> {
    /// The API and the vault.
    pub target: &'a Arc<Target>,
    /// The stand-in processor.
    pub sandbox: &'a Sandbox,
    /// Whose CPU and memory.
    pub pids: &'a Pids,
    /// Whose data folders.
    pub folders: &'a [(String, PathBuf)],
}

/// What a run gave.
#[derive(Debug)]
pub struct Measured {
    /// How many were charged: all.
    pub charges: u32,
    /// From the moment at which the run was there to the one at which it was finished.
    pub elapsed: Duration,
    /// CPU time until the last event had its number, by process.
    pub cpu: Vec<(String, Duration)>,
    /// The most resident memory while it ran, in KiB, by process.
    pub memory: Vec<(String, u64)>,
    /// By how many bytes each data folder grew.
    pub growth: Vec<(String, u64)>,
    /// How many events were written.
    pub events: i64,
    /// How long after the end of the run the last event had its number.
    pub order_lag: Duration,
}

/// Makes customers with cards, then a run for each latency, each of agreements of its own.
pub async fn all(place: &Place<'_>, order: &Order, report: &mut Report) -> Result<(), Failure> {
    let (price, clock) = seed::price(place.target, AMOUNT).await?;
    let saved = seed::customers(place.target, order.agreements, order.clients).await?;
    order::settle(place.target, 0, || {}).await?;
    report.runs_head()?;
    for latency in &order.latencies {
        place.sandbox.answer_after(latency).await?;
        let fsync = disk::fdatasync_median(report.path())?;
        let due = seed::agreements(place.target, &clock, &price, &saved, order.clients).await?;
        let measured = watch::run(place, &clock, due, order.agreements).await?;
        report.run(latency, &measured, fsync)?;
    }
    place.sandbox.answer_after(&Latency::Zero).await
}
