//! Python environments of our own, for what is published there.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Outcome;
use crate::process::{self, Interrupt};
use crate::{environment, toolchain};

/// The folder of programs of an environment with everything that a list names. `name` is its folder under the build's,
/// `list` the file in the checkout.
///
/// # Errors
/// When it cannot be made.
pub fn environment(interrupt: &Interrupt, name: &str, list: &str) -> Outcome<PathBuf> {
    let made = environment::made(name, list, "bin/python", |folder| {
        let run = |command: &mut Command| process::run_ok(command, interrupt);
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let mut install = Command::new(folder.join("bin/python"));
        run(install.args(["-m", "pip", "install", "--quiet", "-r"]).arg(toolchain::root().join(list)))
    })?;
    Ok(made.join("bin"))
}
