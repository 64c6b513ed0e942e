//! Python environments of our own, for what is published there: each made from one list, and anew when that changes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Context, Outcome};
use crate::process::{self, Interrupt};
use crate::toolchain;

/// The folder of programs of an environment with everything that a list names. `name` is its folder under the build's,
/// `list` the file in the checkout.
///
/// # Errors
/// When it cannot be made.
pub fn environment(interrupt: &Interrupt, name: &str, list: &str) -> Outcome<PathBuf> {
    let folder = toolchain::target_dir().join(name);
    let python = folder.join("bin/python");
    let requirements = toolchain::root().join(list);
    let wanted = fs::read_to_string(&requirements).context(format!("reading {list}"))?;
    let mark = folder.join("installed.txt");
    if python.exists() && fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(folder.join("bin"));
    }
    let run = |command: &mut Command| process::run_ok(command, interrupt);
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))?;
    fs::write(&mark, wanted).context(format!("writing {}", mark.display()))?;
    Ok(folder.join("bin"))
}
