//! Node environments of our own, for what is published there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Context, Outcome};
use crate::process::{self, Interrupt};
use crate::{environment, toolchain};

/// The folder with the `node_modules` that a package's lock file describes. `name` is its folder under the build's,
/// `package` the one in the checkout, which nothing is written to.
///
/// # Errors
/// When it cannot be made.
pub fn environment(interrupt: &Interrupt, name: &str, package: &str) -> Outcome<PathBuf> {
    let lock = format!("{package}/package-lock.json");
    environment::made(name, &lock, "node_modules/.bin/tsc", |folder| {
        for file in ["package.json", "package-lock.json"] {
            let from = toolchain::root().join(package).join(file);
            fs::copy(&from, folder.join(file)).context(format!("copying {}", from.display()))?;
        }
        let mut install = Command::new("npm");
        install.current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        process::run_ok(install.args(["--loglevel", "error"]), interrupt)
    })
}
