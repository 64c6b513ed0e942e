//! Starting other programs, and making sure that they end.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use rustix::process::{Pid, Signal, getpid, getppid, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::{Context, Failure, Outcome};

/// How often a running program and the interruption flag are looked at.
pub const POLL: Duration = Duration::from_millis(50);
/// How long an interrupted program may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Set by SIGINT, SIGTERM and SIGHUP; read by everything that waits.
#[derive(Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From here on the three signals no longer end this process: they set the flag.
    ///
    /// # Errors
    /// When the kernel refuses the handler.
    pub fn install() -> Outcome<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&flag)).context("installing a signal handler")?;
        }
        Ok(Self(flag))
    }

    /// Whether one of the signals has come.
    pub fn raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A flag that no signal sets.
    #[cfg(test)]
    pub fn never() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    /// Fails when one of the signals has come.
    ///
    /// # Errors
    /// [`Failure::interrupted`].
    pub fn check(&self) -> Outcome<()> {
        if self.raised() { Err(Failure::interrupted()) } else { Ok(()) }
    }
}

/// Runs a program to its end with our own output streams; an interruption ends it too.
///
/// # Errors
/// When it cannot be started or we are interrupted. A failure of the program itself is its [`ExitStatus`].
pub fn run(command: &mut Command, interrupt: &Interrupt) -> Outcome<ExitStatus> {
    run_patiently(command, interrupt, STOP_PATIENCE)
}

/// Like [`run`], with `patience` for what the program has to end when it is interrupted.
///
/// # Errors
/// As [`run`].
pub fn run_patiently(
    command: &mut Command,
    interrupt: &Interrupt,
    patience: Duration,
) -> Outcome<ExitStatus> {
    interrupt.check()?;
    let mut child = command.spawn().context(format!("starting {}", shown(command)))?;
    loop {
        if let Some(status) = child.try_wait().context(format!("waiting for {}", shown(command)))? {
            // A terminal's Ctrl-C reaches the program as well; then its status says nothing.
            interrupt.check()?;
            return Ok(status);
        }
        if interrupt.raised() {
            stop(&mut child, Signal::TERM, patience);
            return Err(Failure::interrupted());
        }
        thread::sleep(POLL);
    }
}

/// Like [`run`], but a program that fails is an error.
///
/// # Errors
/// When it cannot be started, fails, or we are interrupted.
pub fn run_ok(command: &mut Command, interrupt: &Interrupt) -> Outcome<()> {
    let status = run(command, interrupt)?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{}: {status}", shown(command)))) }
}

/// Runs a short program and returns its standard output; its standard error is part of the failure.
///
/// # Errors
/// When it cannot be started, fails, or prints something other than UTF-8.
pub fn output(command: &mut Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).output().context(format!("starting {}", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("{}: {}\n{}", shown(command), output.status, said.trim_end())));
    }
    String::from_utf8(output.stdout).context(format!("output of {}", shown(command)))
}

/// Whether a file of this name stands on the search path.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Asks a child to end, waits, and insists after `patience`. Does nothing to a child that has ended already.
pub fn stop(child: &mut Child, signal: Signal, patience: Duration) {
    if send(child, signal).is_ok() {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(10)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
    }
    // Both fail only for a child that is gone, which is what we want.
    drop(child.kill());
    drop(child.wait());
}

/// Sends one signal. A child that was waited for is never signalled: its number may belong to another by now.
///
/// # Errors
/// When the child has ended or the kernel refuses.
pub fn send(child: &mut Child, signal: Signal) -> io::Result<()> {
    if child.try_wait()?.is_some() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    kill_process(pid, signal).map_err(io::Error::from)
}

/// The program and its arguments as one would type them, for messages.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Arguments of the hidden command that ties a program's life to ours.
#[derive(Args)]
pub struct TetherArgs {
    /// The process that must still be our parent when we begin.
    #[arg(long)]
    parent: i32,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<OsString>,
}

/// A command that runs `program` in a process group of its own (so that a terminal's Ctrl-C leaves the order of the
/// shut-down to us) and that the kernel kills when the calling *thread* ends, however it ends.
///
/// # Errors
/// When our own program file cannot be found.
pub fn tethered(program: &Path) -> Outcome<Command> {
    // By this name the kernel finds our program also after a build has replaced its file.
    let own = Path::new("/proc/self/exe");
    let own =
        if own.exists() { own.into() } else { std::env::current_exe().context("finding our own program")? };
    let mut command = Command::new(own);
    command.arg("tether").arg("--parent").arg(getpid().as_raw_nonzero().to_string()).arg("--").arg(program);
    command.process_group(0);
    Ok(command)
}

/// Asks the kernel for SIGKILL at the parent's death, then becomes the program. SIGKILL and not SIGTERM, because
/// with the parent gone nobody is left to insist.
///
/// # Errors
/// When the parent is gone already or the program cannot be started.
pub fn tether(args: &TetherArgs) -> Outcome<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).context("tying to the parent")?;
    if getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(args.parent) {
        return Err(Failure::new("the process that started this one has ended"));
    }
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Failure::new("no program given"));
    };
    Err(Command::new(program).args(rest).exec()).context(format!("starting {}", program.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_an_error_and_names_itself() {
        let failure = run_ok(Command::new("sh").args(["-c", "exit 3"]), &Interrupt::never()).unwrap_err();
        assert_eq!(failure.to_string(), "sh -c exit 3: exit status: 3");
    }

    #[test]
    fn an_interruption_ends_a_running_program() {
        let interrupt = Interrupt::never();
        let flag = Arc::clone(&interrupt.0);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            flag.store(true, Ordering::Relaxed);
        });
        let started = Instant::now();
        let failure = run(Command::new("sleep").arg("30"), &interrupt).unwrap_err();
        assert!(failure.is_interruption());
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_program_that_ignores_the_polite_signal_is_killed() {
        let mut child =
            Command::new("sh").args(["-c", "trap '' TERM; while :; do sleep 0.05; done"]).spawn().unwrap();
        thread::sleep(Duration::from_millis(200));
        stop(&mut child, Signal::TERM, Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_some());
    }
}
