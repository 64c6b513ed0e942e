//! `cargo xtask bench`: a release build of everything, the load generator against it, the figures in a file.
//!
//! The hand-over to the load generator (`onfile-bench`) is its command line: `--api URL --vault URL --sandbox URL
//! --secret-key KEY --publishable-key KEY --sandbox-credential-file FILE --pids NAME=PID,… --folders NAME=FOLDER,…
//! --out FILE`, then whatever stands after `--` here. It appends to the file.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Args;
use rustix::process::Signal;
use serde_json::Value;

use crate::dev::Database;
use crate::failure::{Context, Failure, Outcome};
use crate::process::{self, Interrupt};
use crate::toolchain;

/// The stack under load has so long to end.
const STOP_PATIENCE: Duration = Duration::from_mins(1);

/// Options of `bench`.
#[derive(Args)]
pub struct BenchArgs {
    /// Database of server and vault
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// First of the ports that the stack takes
    #[arg(long, default_value_t = 4342)]
    port_base: u16,
    /// Measures what was built last
    #[arg(long)]
    no_build: bool,
    /// The file that figures are appended to [default: bench/results.md in the checkout]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Handed on to the load generator: `-- --only "billing run" --agreements 100000 --latency zero,lognormal`
    #[arg(last = true)]
    options: Vec<String>,
}

/// Builds, starts a fresh stack, measures it, and ends it.
///
/// # Errors
/// When something cannot be built or started, or the load generator fails.
pub fn run(args: &BenchArgs) -> Outcome<()> {
    let interrupt = Interrupt::install()?;
    if !args.no_build {
        let packages = ["onfile-server", "onfile-vault", "onfile-sandbox", "onfile-bench"];
        let mut build = toolchain::cargo();
        build.args(["build", "--release", "--bins"]).args(packages.iter().flat_map(|name| ["-p", name]));
        process::run_ok(&mut build, &interrupt)?;
    }
    let dir = toolchain::root().join("bench-data");
    let mut stack = Stack::start(args, &dir)?;
    let out = args.out.clone().unwrap_or_else(|| toolchain::root().join("bench/results.md"));
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).context(format!("creating {}", folder.display()))?;
    }
    heading(&out, args.database)?;
    let ready = stack.ready()?;
    let mut bench = Command::new(toolchain::bin_dir(true).join("onfile-bench"));
    for (flag, name) in [
        ("--api", "api"),
        ("--vault", "vault"),
        ("--sandbox", "sandbox"),
        ("--secret-key", "secret_key"),
        ("--publishable-key", "publishable_key"),
    ] {
        let value = ready.get(name).and_then(Value::as_str);
        bench.args([flag, value.ok_or_else(|| Failure::new(format!("the stack named no {name}")))?]);
    }
    bench.arg("--sandbox-credential-file").arg(dir.join("keys/link/sandbox.credential"));
    bench.args(["--pids", &pids(&ready), "--folders", &folders(&dir, args.database)]);
    bench.arg("--out").arg(&out).args(&args.options);
    process::run_ok(&mut bench, &interrupt)
}

/// `cargo xtask dev` in a process of its own. Dropping it ends it, and it ends what it started.
struct Stack {
    child: Child,
}

impl Stack {
    fn start(args: &BenchArgs, dir: &Path) -> Outcome<Self> {
        let xtask = std::env::current_exe().context("finding our own program")?;
        let mut command = process::tethered(&xtask)?;
        command.args(["dev", "--release", "--no-build", "--fresh", "--json", "--dir"]).arg(dir);
        command.args(["--port-base", &args.port_base.to_string(), "--database", args.database.name()]);
        let child = command.stdout(Stdio::piped()).spawn().context("starting the stack")?;
        Ok(Self { child })
    }

    /// Waits for the line that says that all is ready.
    fn ready(&mut self) -> Outcome<Value> {
        let output = self.child.stdout.take().ok_or_else(|| Failure::new("the stack has no output"))?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("reading from the stack")?;
        if line.is_empty() {
            return Err(Failure::new("the stack ended before it was ready"));
        }
        serde_json::from_str(&line).context("output of the stack")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        process::stop(&mut self.child, Signal::TERM, STOP_PATIENCE);
    }
}

fn pids(ready: &Value) -> String {
    let pids = ready.get("pids").and_then(Value::as_object).into_iter().flatten();
    pids.map(|(name, pid)| format!("{name}={pid}")).collect::<Vec<_>>().join(",")
}

/// Where the processes keep their data: of `PostgreSQL` the tables, without the log that it writes ahead.
fn folders(dir: &Path, database: Database) -> String {
    let of = |name, folder| format!("{name}={}", dir.join(folder).display());
    let databases = match database {
        Database::Sqlite => vec![of("server", "server"), of("vault", "vault")],
        Database::Postgres => vec![of("postgres", "pg/data/base")],
    };
    databases.into_iter().chain([of("sandbox", "sandbox")]).collect::<Vec<_>>().join(",")
}

/// Says what the figures below it were measured on.
fn heading(out: &Path, database: Database) -> Outcome<()> {
    let date = process::output(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?;
    let revision = process::output(
        Command::new("git").current_dir(toolchain::root()).args(["describe", "--always", "--dirty"]),
    )?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut file = fs::OpenOptions::new().append(true).create(true).open(out).context(out.display())?;
    let (date, revision, database) = (date.trim(), revision.trim(), database.name());
    write!(file, "\n## {date}, {revision}, {database}, {cores} cores\n\n").context(out.display())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn process_ids_are_handed_over_by_name() {
        assert_eq!(pids(&json!({"pids": {"vault": 12, "server": 13}})), "vault=12,server=13");
        assert_eq!(pids(&json!({})), "");
    }

    #[test]
    fn folders_are_handed_over_by_name() {
        for (database, want) in [
            (Database::Sqlite, "server=/d/server,vault=/d/vault,sandbox=/d/sandbox"),
            (Database::Postgres, "postgres=/d/pg/data/base,sandbox=/d/sandbox"),
        ] {
            assert_eq!(folders(Path::new("/d"), database), want);
        }
    }
}
