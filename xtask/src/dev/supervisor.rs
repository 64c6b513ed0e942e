//! Keeps the processes running: one that dies is started again, and all end with us.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::layout::{Layout, write_private};
use crate::failure::{Context, Failure, Outcome};
use crate::process;

/// So many deaths within [`DEATHS_WINDOW`] mean that starting again does not help.
const DEATHS_MAX: usize = 10;
const DEATHS_WINDOW: Duration = Duration::from_secs(10);
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_millis(500);
/// A process has so long to finish what it is doing before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How much of a log a failure message repeats.
const LOG_TAIL_LINES: usize = 15;

/// What is needed to start a process, again and again.
pub struct Spec {
    /// Names its log and its pid file.
    pub name: String,
    /// Makes the command; its output streams are set here.
    pub command: Box<dyn Fn() -> Outcome<Command>>,
    /// The signal that asks it to end.
    pub stop: Signal,
}

/// Decides how long to wait before a process that died is started again.
#[derive(Default)]
struct Backoff {
    deaths: VecDeque<Instant>,
}

impl Backoff {
    /// Doubles with every recent death; `None` when it is time to give up.
    fn after_death(&mut self, now: Instant) -> Option<Duration> {
        self.deaths.push_back(now);
        while self.deaths.front().is_some_and(|&death| now.duration_since(death) > DEATHS_WINDOW) {
            self.deaths.pop_front();
        }
        if self.deaths.len() >= DEATHS_MAX {
            return None;
        }
        let doublings = u32::try_from(self.deaths.len() - 1).unwrap_or(u32::MAX);
        Some(BACKOFF_FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(BACKOFF_MAX))
    }
}

enum State {
    Running(Child),
    Waiting { until: Instant },
}

struct Process {
    spec: Spec,
    state: State,
    backoff: Backoff,
}

/// The running processes, in the order of their start. Dropping it ends them, last first.
///
/// Start and keep it on the main thread: the kernel ends the processes with the thread that started them.
pub struct Supervisor {
    layout: Layout,
    processes: Vec<Process>,
}

impl Supervisor {
    /// Supervises nothing yet.
    pub fn new(layout: Layout) -> Self {
        Self { layout, processes: Vec::new() }
    }

    /// Starts a process and writes its pid file.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, spec: Spec) -> Outcome<()> {
        let child = spawn(&self.layout, &spec)?;
        self.processes.push(Process { spec, state: State::Running(child), backoff: Backoff::default() });
        Ok(())
    }

    /// Fails when a process has ended: used while starting, when another try would not help.
    ///
    /// # Errors
    /// Names the process and repeats the end of its log.
    pub fn require_running(&mut self) -> Outcome<()> {
        for process in &mut self.processes {
            if let State::Running(child) = &mut process.state
                && let Some(status) = child.try_wait().context("waiting for a process")?
            {
                let name = &process.spec.name;
                let tail = log_tail(&self.layout, name);
                return Err(Failure::new(format!("{name} ended while starting ({status}):\n{tail}")));
            }
        }
        Ok(())
    }

    /// Notices deaths and starts again what is due.
    ///
    /// # Errors
    /// When a process dies again and again, or cannot be started at all.
    pub fn tend(&mut self) -> Outcome<()> {
        let now = Instant::now();
        for process in &mut self.processes {
            let name = &process.spec.name;
            match &mut process.state {
                State::Running(child) => {
                    let Some(status) = child.try_wait().context("waiting for a process")? else { continue };
                    let Some(wait) = process.backoff.after_death(now) else {
                        return Err(Failure::new(format!(
                            "{name} died {DEATHS_MAX} times within {} s ({status}); giving up. The end of its log:\n{}",
                            DEATHS_WINDOW.as_secs(),
                            log_tail(&self.layout, name)
                        )));
                    };
                    eprintln!("{name} died ({status}); starting it again in {} ms", wait.as_millis());
                    process.state = State::Waiting { until: now + wait };
                }
                State::Waiting { until } if now >= *until => {
                    let child = spawn(&self.layout, &process.spec)?;
                    eprintln!("{name} is back as process {}", child.id());
                    process.state = State::Running(child);
                }
                State::Waiting { .. } => {}
            }
        }
        Ok(())
    }

    /// Name and process id of all that run now.
    pub fn pids(&self) -> Vec<(String, u32)> {
        let running = |process: &Process| match &process.state {
            State::Running(child) => Some((process.spec.name.clone(), child.id())),
            State::Waiting { .. } => None,
        };
        self.processes.iter().filter_map(running).collect()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        while let Some(mut process) = self.processes.pop() {
            if let State::Running(child) = &mut process.state {
                process::stop(child, process.spec.stop, STOP_PATIENCE);
            }
            // A pid file that stays behind names a process that is gone; there is nothing better to do about it.
            drop(fs::remove_file(self.layout.path(&format!("run/{}.pid", process.spec.name))));
        }
    }
}

fn spawn(layout: &Layout, spec: &Spec) -> Outcome<Child> {
    let path = layout.path(&format!("logs/{}.log", spec.name));
    let doing = || format!("opening {}", path.display());
    let log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).context(doing())?;
    let mut command = (spec.command)()?;
    command.stdin(Stdio::null()).stdout(log.try_clone().context(doing())?).stderr(log);
    let child = command.spawn().context(format!("starting {}", spec.name))?;
    write_private(&layout.path(&format!("run/{}.pid", spec.name)), &format!("{}\n", child.id()))?;
    Ok(child)
}

fn log_tail(layout: &Layout, name: &str) -> String {
    let path = layout.path(&format!("logs/{name}.log"));
    let bytes = fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LOG_TAIL_LINES);
    let tail: Vec<&str> = lines.into_iter().skip(from).collect();
    format!("  {}\n  (all of it: {})", tail.join("\n  "), path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_end_with_the_tenth_death() {
        let mut backoff = Backoff::default();
        let start = Instant::now();
        let waits: Vec<_> = (0..10)
            .map(|death| {
                backoff.after_death(start + Duration::from_millis(death * 500)).map(|wait| wait.as_millis())
            })
            .collect();
        let want = [50, 100, 200, 400, 500, 500, 500, 500, 500].map(Some);
        assert_eq!(waits[..9], want);
        assert_eq!(waits[9], None);
    }

    #[test]
    fn deaths_far_apart_are_forgotten() {
        let mut backoff = Backoff::default();
        let start = Instant::now();
        for death in 0..100 {
            let wait = backoff.after_death(start + Duration::from_secs(death * 11));
            assert_eq!(wait, Some(BACKOFF_FIRST), "death {death}");
        }
    }

    fn sleeper() -> Spec {
        let command = || {
            let mut command = Command::new("sleep");
            command.arg("60");
            Ok(command)
        };
        Spec { name: "sleeper".into(), command: Box::new(command), stop: Signal::TERM }
    }

    fn pid_file(layout: &Layout) -> String {
        fs::read_to_string(layout.path("run/sleeper.pid")).unwrap_or_default()
    }

    #[test]
    fn a_process_that_is_killed_comes_back_with_a_new_pid_and_ends_with_its_supervisor() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path()).unwrap();
        layout.create().unwrap();
        let mut supervisor = Supervisor::new(layout.clone());
        supervisor.start(sleeper()).unwrap();
        let first = pid_file(&layout);
        if let State::Running(child) = &mut supervisor.processes[0].state {
            child.kill().unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while pid_file(&layout) == first && Instant::now() < deadline {
            supervisor.tend().unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        let second = pid_file(&layout);
        assert_ne!(second, first);
        let (_, pid) = supervisor.pids().remove(0);
        assert_eq!(second.trim(), pid.to_string());
        drop(supervisor);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
        assert_eq!(pid_file(&layout), "");
    }

    #[test]
    fn a_process_that_ends_while_starting_is_reported_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path()).unwrap();
        layout.create().unwrap();
        let mut supervisor = Supervisor::new(layout);
        let command = || {
            let mut command = Command::new("sh");
            command.args(["-c", "echo no such key; exit 7"]);
            Ok(command)
        };
        supervisor
            .start(Spec { name: "vault".into(), command: Box::new(command), stop: Signal::TERM })
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let failure = loop {
            match supervisor.require_running() {
                Err(failure) => break failure.to_string(),
                Ok(()) => assert!(Instant::now() < deadline),
            }
        };
        assert!(failure.contains("vault ended") && failure.contains("no such key"), "{failure}");
    }
}
