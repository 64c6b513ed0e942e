//! CPU time and memory of the measured processes, from `/proc`.

use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// Processes by name.
pub type Pids = Vec<(String, u32)>;

/// The kernel counts CPU time in these on every Linux that we run on (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// Reads `NAME=VALUE,…`: process ids, or folders.
pub fn parse<T: FromStr>(text: &str) -> Result<Vec<(String, T)>, String> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.split(',').map(|part| pair(part).ok_or_else(|| format!("not NAME=VALUE: {part}"))).collect()
}

/// CPU time used so far, user and system, by each process and its children, those that ended included: PostgreSQL works
/// in children.
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
    // The name in parentheses may hold anything. After it: state, parent, and as 12th to 15th
    // user and system time, of itself and of the children that it has seen end.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let ticks = number(11)? + number(12)? + number(13)? + number(14)?;
    let cpu = Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND);
    Some(Usage { pid, parent: u32::try_from(number(1)?).ok()?, cpu })
}

/// What was used between two readings.
pub fn difference(before: &[(String, Duration)], after: &[(String, Duration)]) -> Vec<(String, Duration)> {
    before.iter().zip(after).map(|((name, a), (_, b))| (name.clone(), b.saturating_sub(*a))).collect()
}

/// Resident memory in KiB, of each process and its children. What they share (PostgreSQL's buffers) counts once, as the
/// largest share that any of them has touched.
pub fn memory(pids: &Pids) -> std::io::Result<Vec<(String, u64)>> {
    let all: Vec<Usage> = fs::read_dir("/proc")?.filter_map(|entry| usage(&entry.ok()?.path())).collect();
    let of = |pid: u32| {
        let members = all.iter().filter(|u| u.pid == pid || u.parent == pid);
        // A child that has just ended has nothing any more.
        let each: Vec<String> =
            members.filter_map(|u| fs::read_to_string(format!("/proc/{}/status", u.pid)).ok()).collect();
        resident(&each)
    };
    Ok(pids.iter().map(|(name, pid)| (name.clone(), of(*pid))).collect())
}

/// From the status files of one process and its children.
fn resident(statuses: &[String]) -> u64 {
    let read = |name: &'static str| {
        statuses.iter().map(move |status| {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            value.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
        })
    };
    let shared = |name| read(name).max().unwrap_or(0);
    read("RssAnon:").sum::<u64>() + shared("RssFile:") + shared("RssShmem:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_read_in_pairs() {
        assert_eq!(
            parse::<u32>("vault=12,server=13").unwrap(),
            [("vault".into(), 12), ("server".into(), 13)]
        );
        for text in ["", "vault", "vault=x", "vault=1,"] {
            assert!(parse::<u32>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_processes_share_counts_once() {
        let status = |own, file, shared| {
            format!("Name:\tx\nRssAnon:\t{own} kB\nRssFile:\t{file} kB\nRssShmem:\t{shared} kB\n")
        };
        assert_eq!(resident(&[status(10, 5, 100), status(20, 7, 130)]), 10 + 20 + 7 + 130);
        assert_eq!(resident(&[]), 0);
    }

    #[test]
    fn this_process_uses_cpu_and_memory() {
        let pids = vec![("self".to_owned(), std::process::id())];
        assert!(memory(&pids).unwrap().iter().all(|(name, kib)| name == "self" && *kib > 100));
        let earlier = vec![("self".to_owned(), Duration::from_millis(10))];
        let later = vec![("self".to_owned(), Duration::from_millis(35))];
        assert_eq!(difference(&earlier, &later), [("self".to_owned(), Duration::from_millis(25))]);
        assert_eq!(cpu(&pids).unwrap().len(), 1);
    }
}
