//! The end-to-end tests: Python with stripe-python, stripe-node and a browser, against `cargo xtask dev` as a black box.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::thread::{self, JoinHandle};

use super::steps::Workshop;
use crate::dev::Database;
use crate::failure::{Context, Failure, Outcome};
use crate::{cards, node, process, python, toolchain};

/// Tests that go on beside others.
pub struct Beside {
    database: Database,
    thread: JoinHandle<Outcome<()>>,
    said: PathBuf,
}

impl Beside {
    /// Waits for them, then shows what they said.
    ///
    /// # Errors
    /// When a test failed, or we are interrupted.
    pub fn finish(self) -> Outcome<()> {
        let result = self.thread.join().map_err(|_| Failure::new("the tests broke off".to_owned()))?;
        print!("{}", fs::read_to_string(&self.said).context(format!("reading {}", self.said.display()))?);
        fs::remove_file(&self.said).context(format!("removing {}", self.said.display()))?;
        result
    }
}

/// Runs the tests once, on one database; what the installations left stays in the workshop for [`search`]. Where both
/// databases are asked for, the tests on PostgreSQL go on beside those on SQLite, since both mostly wait.
///
/// # Errors
/// When something cannot be built or installed, or a test fails.
pub fn run(workshop: &Workshop, database: Database) -> Outcome<()> {
    if let Some(beside) = workshop.beside.borrow_mut().take_if(|beside| beside.database == database) {
        return beside.finish();
    }
    // The same set of packages and targets as the unit tests, so that nothing is compiled a second time.
    workshop.cargo(&["build", "--workspace", "--all-targets", "--locked"])?;
    if workshop.both_databases && database == Database::Sqlite {
        workshop.beside.replace(Some(begin(workshop, Database::Postgres)?));
    }
    process::run_ok(&mut tests(workshop, database)?, &workshop.interrupt)
}

fn begin(workshop: &Workshop, database: Database) -> Outcome<Beside> {
    let said = workshop.kept.with_extension(database.name());
    let creating = || format!("creating {}", said.display());
    let output = File::create(&said).context(creating())?;
    let mut command = tests(workshop, database)?;
    command.stderr(output.try_clone().context(creating())?).stdout(output);
    let interrupt = workshop.interrupt.clone();
    let thread = thread::spawn(move || process::run_ok(&mut command, &interrupt));
    println!("the tests on {} go on beside these; what they say comes with their step", database.name());
    Ok(Beside { database, thread, said })
}

fn tests(workshop: &Workshop, database: Database) -> Outcome<Command> {
    let mut command = Command::new(interpreter(workshop)?);
    command.current_dir(toolchain::root().join("e2e")).args(["-m", "pytest", "-q"]);
    command.env("ONFILE_E2E_DATABASE", database.name()).env("ONFILE_E2E_KEEP", &workshop.kept);
    command.env("ONFILE_E2E_BIN", toolchain::bin_dir(false)).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("ONFILE_E2E_NODE", node::environment(&workshop.interrupt, "e2e-node", "e2e/node")?);
    // Apart, so that installations that start at the same moment never choose the same ports.
    let ports = match database {
        Database::Sqlite => "20000-26000",
        Database::Postgres => "26000-32000",
    };
    command.env("ONFILE_E2E_PORTS", ports);
    Ok(command)
}

/// Searches everything that the end-to-end tests left (databases, logs, ledgers, keys) for the card numbers and
/// security codes that they used, and the server's program for the published test numbers.
///
/// # Errors
/// When one is found, or there is nothing to search.
pub fn search(workshop: &Workshop) -> Outcome<()> {
    let entries = fs::read_dir(&workshop.kept).context(format!("reading {}", workshop.kept.display()))?;
    let folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    if folders.is_empty() {
        // Without an end-to-end step before it (`--only card-search`) there is one to make first.
        run(workshop, Database::Sqlite)?;
    }
    let places = [workshop.kept.clone(), toolchain::bin_dir(false).join("onfile")];
    cards::search_below(&places, &workshop.interrupt)
}

/// The interpreter of the environment that `e2e/requirements.txt` describes.
fn interpreter(workshop: &Workshop) -> Outcome<PathBuf> {
    Ok(python::environment(&workshop.interrupt, "e2e-venv", "e2e/requirements.txt")?.join("python"))
}
