//! `cargo xtask test`: everything that continuous integration runs, step by step.

mod e2e;
mod steps;
mod tools;

use std::time::{Duration, Instant};

use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::process::Interrupt;
use steps::{STEPS, Step, Workshop};

/// Options of `test`.
#[derive(Args)]
pub struct TestArgs {
    /// Runs this step alone; may be given several times
    #[arg(long, value_name = "STEP", value_parser = steps::parse)]
    only: Vec<&'static Step>,
    /// Lists what is missing on this machine instead of installing it, and exits 2
    #[arg(long)]
    no_install: bool,
    /// Lists the steps
    #[arg(long)]
    list: bool,
}

/// How one step went.
struct Line {
    name: &'static str,
    took: Duration,
    failure: Option<Failure>,
}

/// Runs the steps; all of them, also after one has failed, so that one run says everything.
///
/// # Errors
/// When something is missing on the machine (exit status 2), or a step failed.
pub fn run(args: &TestArgs) -> Outcome<()> {
    if args.list {
        for step in &STEPS {
            println!("{:<14} {}", step.name, step.what);
        }
        return Ok(());
    }
    let interrupt = Interrupt::install()?;
    let steps: Vec<&Step> = if args.only.is_empty() { STEPS.iter().collect() } else { args.only.clone() };
    tools::provide(&steps, args.no_install, &interrupt)?;

    let both_databases =
        ["e2e-sqlite", "e2e-postgres"].iter().all(|name| steps.iter().any(|step| step.name == *name));
    let workshop = Workshop::new(interrupt, both_databases)?;
    let mut lines = Vec::new();
    for step in steps {
        println!("\n=== {}: {}", step.name, step.what);
        let started = Instant::now();
        let failure = (step.run)(&workshop).err();
        if let Some(failure) = &failure {
            if failure.is_interruption() {
                return Err(Failure::interrupted());
            }
            println!("{failure}");
        }
        lines.push(Line { name: step.name, took: started.elapsed(), failure });
    }
    println!("\n{}", summary(&lines));
    if lines.iter().all(|line| line.failure.is_none()) { Ok(()) } else { Err(Failure::told()) }
}

/// A row for each step; the last line counts them.
fn summary(lines: &[Line]) -> String {
    let row = |line: &Line| {
        let result = if line.failure.is_none() { "passed" } else { "FAILED" };
        let seconds = line.took.as_secs();
        format!("{:<14} {result} {:>3}:{:02}", line.name, seconds / 60, seconds % 60)
    };
    let mut rows: Vec<String> = lines.iter().map(row).collect();
    let failed = lines.iter().filter(|line| line.failure.is_some()).count();
    rows.push(format!("{} passed, {failed} failed", lines.len() - failed));
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_the_steps() {
        let line = |name, seconds, failure| Line { name, took: Duration::from_secs(seconds), failure };
        let lines =
            [line("fmt", 2, None), line("unit", 135, Some(Failure::new("no"))), line("docs", 3600, None)];
        let text = summary(&lines);
        assert_eq!(text.lines().last(), Some("2 passed, 1 failed"));
        assert!(text.contains("unit           FAILED   2:15"), "{text}");
        assert_eq!(summary(&lines[..1]).lines().last(), Some("1 passed, 0 failed"));
    }
}
