//! CPU time and memory of the measured processes, from `/proc`.

use std::fs;
use std::time::Duration;

/// Processes by name.
pub type Pids = Vec<(String, u32)>;

/// The kernel counts CPU time in these on every Linux that we run on (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// Reads `NAME=PID,…`.
pub fn parse(text: &str) -> Result<Pids, String> {
    let pair = |part: &str| {
        let (name, pid) = part.split_once('=')?;
        Some((name.to_owned(), pid.parse().ok()?))
    };
    text.split(',').map(|part| pair(part).ok_or_else(|| format!("not NAME=PID: {part}"))).collect()
}

/// CPU time used so far, user and system.
pub fn cpu(pids: &Pids) -> std::io::Result<Vec<(String, Duration)>> {
    let of = |pid: u32| -> std::io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name in parentheses may hold anything; after it, user and system time are fields 12 and 13.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: u64 =
            fields.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
    };
    pids.iter().map(|(name, pid)| Ok((name.clone(), of(*pid)?))).collect()
}

/// What was used between two readings.
pub fn difference(before: &[(String, Duration)], after: &[(String, Duration)]) -> Vec<(String, Duration)> {
    before.iter().zip(after).map(|((name, a), (_, b))| (name.clone(), b.saturating_sub(*a))).collect()
}

/// Resident memory in KiB.
pub fn memory(pids: &Pids) -> std::io::Result<Vec<(String, u64)>> {
    let of = |pid: u32| -> std::io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        Ok(line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse().ok()).unwrap_or(0))
    };
    pids.iter().map(|(name, pid)| Ok((name.clone(), of(*pid)?))).collect()
}
