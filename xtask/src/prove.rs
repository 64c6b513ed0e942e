//! `cargo xtask prove`: the long form of the fault proof, seed after seed, and a report for people.
//!
//! The proof itself is Python (`e2e/prove.py`), as its short form among the end-to-end tests is: both see an
//! installation from outside. Here its programs are built, its environment is made, and it is ended with us.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::failure::{Context, Failure, Outcome};
use crate::process::{self, Interrupt};
use crate::{postgres, python, toolchain};

/// An interrupted proof has so long to end its installation.
const STOP_PATIENCE: Duration = Duration::from_mins(1);
/// Where the report goes, from the checkout's root.
const REPORT: &str = "bench/proof.md";

/// Which databases a proof uses.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Databases {
    Sqlite,
    Postgres,
    /// One after the other, for each seed.
    Both,
}

/// How the programs are built.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Profile {
    Release,
    Debug,
}

/// Options of `prove`.
#[derive(Args)]
pub struct ProveArgs {
    /// How many seeds; each has an installation of its own
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    first_seed: u32,
    /// Orders for each seed, at least
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    charges: u32,
    /// Declined debts for each seed: with twenty seeds, ten thousand on each database
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(..=100_000))]
    debts: u32,
    /// Seconds of work for each seed, at least, during which every process is up
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(..=3_600))]
    undisturbed: u32,
    /// Database of server and vault
    #[arg(long, value_enum, default_value_t = Databases::Both)]
    database: Databases,
    /// Where the report goes [default: bench/proof.md in the checkout]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How the programs are built
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
    /// Prints the result as one line of JSON, and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// Builds, proves seed after seed, and writes the report.
///
/// # Errors
/// When something is missing or cannot be built, when we are interrupted, or when the proof failed, which is told.
pub fn run(args: &ProveArgs) -> Outcome<()> {
    let interrupt = Interrupt::install()?;
    if args.database != Databases::Sqlite {
        postgres::require_installed()?;
    }
    let report = std::path::absolute(args.report.clone().unwrap_or_else(|| toolchain::root().join(REPORT)))
        .context("the path of the report")?;
    if !report.parent().is_some_and(std::path::Path::is_dir) {
        return Err(Failure::new(format!("{}: there is no such folder", report.display())));
    }
    build(args.profile, &interrupt)?;
    let programs = python::environment(&interrupt, "e2e-venv", "e2e/requirements.txt")?;
    let mut proof = Command::new(programs.join("python"));
    proof.current_dir(toolchain::root().join("e2e")).arg("prove.py").args(options(args));
    proof.arg("--report").arg(&report);
    let release = args.profile == Profile::Release;
    proof.env("ONFILE_E2E_BIN", toolchain::bin_dir(release)).env("PYTHONDONTWRITEBYTECODE", "1");
    proof.env("ONFILE_E2E_XTASK", std::env::current_exe().context("finding our own program")?);
    let status = process::run_patiently(&mut proof, &interrupt, STOP_PATIENCE)?;
    if status.success() { Ok(()) } else { Err(Failure::told()) }
}

/// Builds the three programs; cargo shows its progress itself.
fn build(profile: Profile, interrupt: &Interrupt) -> Outcome<()> {
    let mut command = toolchain::cargo();
    command.args(["build", "--locked", "--bins", "-p", "onfile-server", "-p", "onfile-vault"]);
    command.args(["-p", "onfile-sandbox"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    // Standard output is for the result alone.
    process::run_ok(command.stdout(std::io::stderr()), interrupt)
}

/// What is handed on.
fn options(args: &ProveArgs) -> Vec<String> {
    let database = args.database.to_possible_value().map(|value| value.get_name().to_owned());
    let numbers = [
        ("--seeds", args.seeds),
        ("--first-seed", args.first_seed),
        ("--charges", args.charges),
        ("--debts", args.debts),
        ("--undisturbed", args.undisturbed),
    ];
    let mut words: Vec<String> =
        numbers.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_string()]).collect();
    words.extend(["--database".to_owned(), database.unwrap_or_default()]);
    if args.json {
        words.push("--json".to_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ProveArgs,
    }

    #[test]
    fn what_is_asked_for_is_handed_on_and_the_default_is_the_whole_proof() {
        for (line, want) in [
            (
                "prove",
                "--seeds 20 --first-seed 1 --charges 10000 --debts 500 --undisturbed 60 --database both",
            ),
            (
                "prove --seeds 1 --first-seed 7 --charges 200 --debts 0 --undisturbed 5 --database sqlite --json",
                "--seeds 1 --first-seed 7 --charges 200 --debts 0 --undisturbed 5 --database sqlite --json",
            ),
        ] {
            let parsed = Line::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(options(&parsed.args).join(" "), want);
        }
    }

    #[test]
    fn numbers_that_prove_nothing_are_refused() {
        for line in ["prove --seeds 0", "prove --charges 99", "prove --undisturbed 3601", "prove --seeds x"] {
            assert!(Line::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
