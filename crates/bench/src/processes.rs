//! CPU time and memory of the measured processes, from `/proc`.

use std::fs;
use std::path::Path;
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

/// CPU time used so far, user and system, by each process and its children: PostgreSQL works in children.
pub fn cpu(pids: &Pids) -> std::io::Result<Vec<(String, Duration)>> {
    let all: Vec<Usage> = fs::read_dir("/proc")?.filter_map(|entry| usage(&entry.ok()?.path())).collect();
    let of = |pid: u32| all.iter().filter(|u| u.pid == pid || u.parent == pid).map(|u| u.cpu).sum();
    Ok(pids.iter().map(|(name, pid)| (name.clone(), of(*pid))).collect())
}

struct Usage {
    pid: u32,
    parent: u32,
    cpu: Duration,
}

/// One process; none when the folder is not one, or it has just ended.
fn usage(folder: &Path) -> Option<Usage> {
    let pid = folder.file_name()?.to_str()?.parse().ok()?;
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name in parentheses may hold anything. After it: state, parent, and as 12th and 13th user and system time.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let ticks = number(11)? + number(12)?;
    let cpu = Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND);
    Some(Usage { pid, parent: u32::try_from(number(1)?).ok()?, cpu })
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
