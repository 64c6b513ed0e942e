//! What the machine must have: named first, then installed (as root on Debian) or listed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::geteuid;

use super::steps::Step;
use crate::failure::{Context, Failure, Outcome};
use crate::postgres;
use crate::process::{self, Interrupt};

/// Something that a step uses and that Rust's tool chain does not bring by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `cargo fmt`.
    Rustfmt,
    /// `cargo clippy`.
    Clippy,
    /// A C compiler, for `SQLite` and the cryptography.
    Cc,
    /// Lists the files of the checkout.
    Git,
    /// `PostgreSQL`'s server programs.
    Postgres,
    /// Python 3 that can make virtual environments.
    Python,
    /// Node with npm.
    Node,
    /// The browser.
    Chromium,
}

/// Succeeds from Debian 12's version on.
const NODE_IS_NEW_ENOUGH: &str = "process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)";

/// By what a need is met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Package {
    Debian(&'static [&'static str]),
    Rustup(&'static str),
}

impl Need {
    fn is_met(self) -> bool {
        match self {
            Self::Rustfmt => process::on_path("cargo-fmt") && works("cargo", &["fmt", "--version"]),
            Self::Clippy => process::on_path("cargo-clippy") && works("cargo", &["clippy", "--version"]),
            Self::Cc => process::on_path("cc"),
            Self::Git => process::on_path("git"),
            Self::Postgres => postgres::find_bin().is_some(),
            // Debian's Python comes without the part that puts pip into an environment.
            Self::Python => works("python3", &["-c", "import venv, ensurepip"]),
            Self::Node => works("node", &["-e", NODE_IS_NEW_ENOUGH]) && process::on_path("npm"),
            Self::Chromium => {
                Path::new("/usr/bin/chromium").exists() || std::env::var_os("ONFILE_CHROMIUM").is_some()
            }
        }
    }

    fn package(self) -> Package {
        match self {
            Self::Rustfmt => Package::Rustup("rustfmt"),
            Self::Clippy => Package::Rustup("clippy"),
            Self::Cc => Package::Debian(&["gcc", "libc6-dev"]),
            Self::Git => Package::Debian(&["git"]),
            Self::Postgres => Package::Debian(&["postgresql"]),
            Self::Python => Package::Debian(&["python3", "python3-venv"]),
            Self::Node => Package::Debian(&["nodejs", "npm"]),
            Self::Chromium => Package::Debian(&["chromium"]),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Rustfmt => "rustfmt",
            Self::Clippy => "clippy",
            Self::Cc => "a C compiler (cc)",
            Self::Git => "git",
            Self::Postgres => "PostgreSQL's server programs",
            Self::Python => "Python 3 with venv",
            Self::Node => "Node 18 or newer, with npm",
            Self::Chromium => "Chromium (/usr/bin/chromium, or its path in ONFILE_CHROMIUM)",
        }
    }
}

/// Makes sure that everything the steps need is there.
///
/// # Errors
/// With exit status 2 when something is missing and not to be installed here; else when installing fails.
pub fn provide(steps: &[&Step], no_install: bool, interrupt: &Interrupt) -> Outcome<()> {
    let missing = missing(steps, Need::is_met);
    if missing.is_empty() {
        println!("Nothing is missing on this machine.");
        return Ok(());
    }
    let labels: Vec<_> = missing.iter().map(|need| need.label()).collect();
    println!("Missing on this machine: {}.", labels.join("; "));
    let commands = commands(&missing);
    let install = !no_install && geteuid().is_root() && is_debian();
    let verb = if install { "This will be run" } else { "On Debian, as root, this installs it" };
    println!("{verb}:");
    for command in &commands {
        println!("  {}", command.join(" "));
    }
    if !install {
        return Err(Failure::missing_tools("something is missing; nothing was run"));
    }
    if missing.contains(&Need::Postgres) {
        forbid_system_cluster()?;
    }
    for words in &commands {
        let Some((program, args)) = words.split_first() else { continue };
        let mut command = Command::new(program);
        process::run_ok(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"), interrupt)?;
    }
    match self::missing(steps, Need::is_met).as_slice() {
        [] => Ok(()),
        [need, ..] => Err(Failure::missing_tools(format!("{} is still missing", need.label()))),
    }
}

/// Each need that is not met, once.
fn missing(steps: &[&Step], is_met: impl Fn(Need) -> bool) -> Vec<Need> {
    let mut missing = Vec::new();
    for &need in steps.iter().flat_map(|step| step.needs) {
        if !missing.contains(&need) && !is_met(need) {
            missing.push(need);
        }
    }
    missing
}

/// The commands that install what is missing.
fn commands(missing: &[Need]) -> Vec<Vec<&'static str>> {
    let mut apt = vec!["apt-get", "install", "-y", "--no-install-recommends"];
    let mut rustup = vec!["rustup", "component", "add"];
    let (apt_words, rustup_words) = (apt.len(), rustup.len());
    for need in missing {
        match need.package() {
            Package::Debian(names) => apt.extend(names),
            Package::Rustup(name) => rustup.push(name),
        }
    }
    let mut commands = Vec::new();
    if apt.len() > apt_words {
        commands.push(vec!["apt-get", "update"]);
        commands.push(apt);
    }
    if rustup.len() > rustup_words {
        commands.push(rustup);
    }
    commands
}

/// Debian's package starts a cluster of the system's own when it is installed. We want only the programs; a file
/// that is there already stays as it is.
fn forbid_system_cluster() -> Outcome<()> {
    let folder = Path::new("/etc/postgresql-common");
    let file = folder.join("createcluster.conf");
    if file.exists() {
        return Ok(());
    }
    println!(
        "  and {} will say create_main_cluster = false, so that no system cluster is started",
        file.display()
    );
    fs::create_dir_all(folder).context(format!("creating {}", folder.display()))?;
    fs::write(&file, "create_main_cluster = false\n").context(format!("writing {}", file.display()))
}

fn works(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_debian() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|text| names_debian(&text))
}

fn names_debian(os_release: &str) -> bool {
    let values =
        os_release.lines().filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")));
    values.flat_map(|value| value.trim_matches('"').split(' ')).any(|name| name == "debian")
}

#[cfg(test)]
mod tests {
    use super::super::steps::STEPS;
    use super::*;

    #[test]
    fn what_is_missing_is_named_once_and_only_for_the_chosen_steps() {
        let all: Vec<&Step> = STEPS.iter().collect();
        let found = missing(&all, |need| need != Need::Postgres && need != Need::Chromium);
        assert_eq!(found, [Need::Postgres, Need::Chromium]);
        let fmt: Vec<&Step> = STEPS.iter().filter(|step| step.name == "fmt").collect();
        assert_eq!(missing(&fmt, |_| false), [Need::Rustfmt]);
    }

    #[test]
    fn one_command_installs_all_packages_of_a_kind() {
        let commands = commands(&[Need::Clippy, Need::Postgres, Need::Chromium]);
        let lines: Vec<_> = commands.iter().map(|words| words.join(" ")).collect();
        assert_eq!(
            lines,
            [
                "apt-get update",
                "apt-get install -y --no-install-recommends postgresql chromium",
                "rustup component add clippy"
            ]
        );
    }

    #[test]
    fn debian_and_its_children_are_recognised() {
        for (text, want) in [
            ("PRETTY_NAME=\"Debian\"\nID=debian\n", true),
            ("ID=ubuntu\nID_LIKE=debian\n", true),
            ("ID=\"mint\"\nID_LIKE=\"ubuntu debian\"\n", true),
            ("ID=fedora\nHOME_URL=https://debian.example\n", false),
            ("VERSION_ID=debian\n", false),
        ] {
            assert_eq!(names_debian(text), want, "{text}");
        }
    }
}
