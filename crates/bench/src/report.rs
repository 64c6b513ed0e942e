//! Rows of a Markdown table, on the screen and in the file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::load::Measured;
use crate::run::{Latency, Measured as Run};
use crate::scenarios::Scenario;

/// The file that figures are appended to.
pub struct Report {
    path: PathBuf,
    file: File,
}

impl Report {
    /// Opens the file for appending.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: OpenOptions::new().append(true).create(true).open(path)? })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Resident memory before any load.
    pub fn idle(&mut self, memory: &[(String, u64)]) -> std::io::Result<()> {
        let total: u64 = memory.iter().map(|(_, kib)| kib).sum();
        let parts = listed(memory, |kib| mebibytes(*kib));
        self.line(&format!("Resident memory before load: {} ({parts}); aim: ≤ 64 MiB.\n", mebibytes(total)))
    }

    /// The head of the table of scenarios.
    pub fn head(&mut self) -> std::io::Result<()> {
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
        let rate = rate(measured.requests, measured.elapsed);
        let percentile = |p: f64| micros(measured.latencies.value_at_quantile(p).into());
        let (p50, p99) = (percentile(0.5), percentile(0.99));
        self.line(&format!(
            "| {} | {} | {} | {clients} | {rate}/s | {p50} | {p99} | {} | {} |",
            scenario.name,
            scenario.includes,
            scenario.reach,
            cpu_each(cpu, measured.requests),
            micros(fsync.as_micros()),
        ))
    }

    /// The head of the table of runs.
    pub fn runs_head(&mut self) -> std::io::Result<()> {
        self.line(
            "\n| billing run of | processor's latency | aim | rate | took | CPU per charge, by process | most resident \
             memory | growth per charge | events per charge, the last in order | fdatasync |",
        )?;
        self.line("|---|---|---|---|---|---|---|---|---|---|")
    }

    /// One run.
    pub fn run(&mut self, latency: &Latency, run: &Run, fsync: Duration) -> std::io::Result<()> {
        self.line(&run_row(latency, run, fsync))
    }

    fn line(&mut self, line: &str) -> std::io::Result<()> {
        println!("{line}");
        writeln!(self.file, "{line}")
    }
}

fn run_row(latency: &Latency, run: &Run, fsync: Duration) -> String {
    let charges = u64::from(run.charges);
    let rate = rate(charges, run.elapsed);
    let tenths = (run.events.saturating_mul(10)).checked_div(run.charges.into()).unwrap_or(0);
    let growth = listed(&run.growth, |bytes| format!("{} B", bytes / charges.max(1)));
    format!(
        "| {charges} agreements | {latency} | ≥ 3000/s | {rate}/s | {} | {} | {} | {growth} | {}.{}, {} later | {} |",
        seconds(run.elapsed),
        cpu_each(&run.cpu, charges),
        listed(&run.memory, |kib| mebibytes(*kib)),
        tenths / 10,
        tenths % 10,
        seconds(run.order_lag),
        micros(fsync.as_micros()),
    )
}

/// How many a second.
fn rate(count: u64, elapsed: Duration) -> u128 {
    u128::from(count) * 1_000 / elapsed.as_millis().max(1)
}

/// CPU time for each of so many: in all, and by process.
fn cpu_each(cpu: &[(String, Duration)], count: u64) -> String {
    let each = |spent: &Duration| micros(spent.as_micros() / u128::from(count.max(1)));
    let total: Duration = cpu.iter().map(|(_, spent)| *spent).sum();
    format!("{} ({})", each(&total), listed(cpu, each))
}

/// `server 25 MiB, vault 22 MiB`
fn listed<T>(values: &[(String, T)], shown: impl Fn(&T) -> String) -> String {
    values.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect::<Vec<_>>().join(", ")
}

fn mebibytes(kib: u64) -> String {
    format!("{} MiB", kib / 1024)
}

/// Seconds with one decimal.
fn seconds(duration: Duration) -> String {
    format!("{}.{} s", duration.as_secs(), duration.subsec_millis() / 100)
}

/// Microseconds as milliseconds with two decimals.
fn micros(micros: u128) -> String {
    format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_row_with_everything_per_charge() {
        let named = |server, vault| vec![("server".to_owned(), server), ("vault".to_owned(), vault)];
        let ms = Duration::from_millis;
        let run = Run {
            charges: 10_000,
            elapsed: ms(4_260),
            cpu: vec![("server".to_owned(), ms(4_000)), ("vault".to_owned(), ms(1_055))],
            memory: named(64 * 1024, 20 * 1024 + 1_000),
            growth: named(51_200_000, 9_990_000),
            events: 70_500,
            order_lag: ms(1_290),
        };
        let row = run_row(&Latency::LogNormal { p50: 120, p99: 380 }, &run, Duration::from_micros(140));
        assert_eq!(
            row,
            "| 10000 agreements | log-normal, p50 120 ms, p99 380 ms | ≥ 3000/s | 2347/s | 4.2 s \
             | 0.50 ms (server 0.40 ms, vault 0.10 ms) | server 64 MiB, vault 20 MiB \
             | server 5120 B, vault 999 B | 7.0, 1.2 s later | 0.14 ms |"
        );
    }
}
