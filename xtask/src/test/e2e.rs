//! The end-to-end tests: Python with stripe-python and a browser, against `cargo xtask dev` as a black box.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::steps::Workshop;
use crate::dev::Database;
use crate::failure::{Context, Outcome};
use crate::{process, python, toolchain};

/// Runs the tests once, on one database; what the installations left stays in the workshop for [`search`].
///
/// # Errors
/// When something cannot be built or installed, or a test fails.
pub fn run(workshop: &Workshop, database: Database) -> Outcome<()> {
    // The same set of packages and targets as the unit tests, so that nothing is compiled a second time.
    workshop.cargo(&["build", "--workspace", "--all-targets", "--locked"])?;
    let python = interpreter(workshop)?;
    let mut command = Command::new(python);
    command.current_dir(toolchain::root().join("e2e")).args(["-m", "pytest", "-q"]);
    command.env("ONFILE_E2E_DATABASE", database.name()).env("ONFILE_E2E_KEEP", &workshop.kept);
    command.env("ONFILE_E2E_BIN", toolchain::bin_dir(false)).env("PYTHONDONTWRITEBYTECODE", "1");
    process::run_ok(&mut command, &workshop.interrupt)
}

/// Searches everything that the end-to-end tests left (databases, logs, ledgers, keys) for the card numbers and
/// security codes that they used, and the server's program for the published test numbers.
///
/// # Errors
/// When one is found, the search does not find planted ones, or there is nothing to search.
pub fn search(workshop: &Workshop) -> Outcome<()> {
    let entries = fs::read_dir(&workshop.kept).context(format!("reading {}", workshop.kept.display()))?;
    let folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    if folders.is_empty() {
        // Without an end-to-end step before it (`--only card-search`) there is one to make first.
        run(workshop, Database::Sqlite)?;
    }
    let mut command = Command::new(interpreter(workshop)?);
    command.current_dir(toolchain::root().join("e2e")).arg("canaries.py").arg(&workshop.kept);
    command.arg(toolchain::bin_dir(false).join("onfile"));
    process::run_ok(command.env("PYTHONDONTWRITEBYTECODE", "1"), &workshop.interrupt)
}

/// The interpreter of the environment that `e2e/requirements.txt` describes.
fn interpreter(workshop: &Workshop) -> Outcome<PathBuf> {
    Ok(python::environment(&workshop.interrupt, "e2e-venv", "e2e/requirements.txt")?.join("python"))
}
