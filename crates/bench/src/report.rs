//! Rows of a Markdown table, on the screen and in the file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::load::Measured;
use crate::scenarios::Scenario;

/// The file that figures are appended to.
pub struct Report(File);

impl Report {
    /// Opens the file for appending.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self(OpenOptions::new().append(true).create(true).open(path)?))
    }

    /// Resident memory before any load, and the head of the table.
    pub fn idle(&mut self, memory: &[(String, u64)]) -> std::io::Result<()> {
        let total: u64 = memory.iter().map(|(_, kib)| kib).sum();
        let parts: Vec<String> =
            memory.iter().map(|(name, kib)| format!("{name} {} MiB", kib / 1024)).collect();
        self.line(&format!(
            "Resident memory before load: {} MiB ({}); aim: ≤ 64 MiB.\n",
            total / 1024,
            parts.join(", ")
        ))?;
        self.line(
            "| what | includes | aim | clients | rate | p50 | p99 | CPU per request, by process | fdatasync |",
        )?;
        self.line("|---|---|---|---|---|---|---|---|---|")
    }

    /// One scenario.
    pub fn row(
        &mut self,
        scenario: &Scenario,
        clients: usize,
        measured: &Measured,
        cpu: &[(String, Duration)],
        fsync: Duration,
    ) -> std::io::Result<()> {
        let requests = measured.requests.max(1);
        let rate = u128::from(requests) * 1_000 / measured.elapsed.as_millis().max(1);
        let each = |spent: &Duration| micros(spent.as_micros() / u128::from(requests));
        let total: Duration = cpu.iter().map(|(_, spent)| *spent).sum();
        let parts: Vec<String> = cpu.iter().map(|(name, spent)| format!("{name} {}", each(spent))).collect();
        let percentile = |p: f64| micros(measured.latencies.value_at_quantile(p).into());
        let (p50, p99) = (percentile(0.5), percentile(0.99));
        self.line(&format!(
            "| {} | {} | {} | {clients} | {rate}/s | {p50} | {p99} | {} ({}) | {} |",
            scenario.name,
            scenario.includes,
            scenario.reach,
            each(&total),
            parts.join(", "),
            micros(fsync.as_micros()),
        ))
    }

    fn line(&mut self, line: &str) -> std::io::Result<()> {
        println!("{line}");
        writeln!(self.0, "{line}")
    }
}

/// Microseconds as milliseconds with two decimals.
fn micros(micros: u128) -> String {
    format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10)
}
