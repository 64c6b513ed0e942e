//! `cargo xtask dev`: builds and starts vault, server and sandbox on embedded defaults.

mod account;
mod config;
mod http;
pub mod layout;
mod present;
mod supervisor;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use rustix::process::Signal;

use self::config::{Databases, Timeouts};
use self::layout::{Layout, Ports};
use self::present::Running;
use self::supervisor::{Spec, Supervisor};
use crate::failure::{Context, Failure, Outcome};
use crate::postgres::{self, Cluster};
use crate::process::{self, Interrupt};
use crate::toolchain;

/// A process that is not ready by then will not be.
const READY_PATIENCE: Duration = Duration::from_mins(1);
/// More processes than that show nothing new.
const WORKERS_MAX: i64 = 8;
/// Where readiness is asked for, and the answer that means yes.
const HEALTH: (&str, u16) = ("/health", 204);

/// Which database the server and the vault are given.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Database {
    /// A file each.
    Sqlite,
    /// A private `PostgreSQL` cluster in the data folder, with a role and a database each.
    Postgres,
}

impl Database {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum TimeoutSet {
    /// What an installation has by default.
    Normal,
    /// A few seconds, for fault tests.
    Fast,
}

/// Options of `dev`.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub struct DevArgs {
    /// Where data, keys and logs go [default: dev-data in the checkout]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Removes what an earlier start left in the folder
    #[arg(long)]
    fresh: bool,
    /// First of the ports: server, then vault, sandbox and mail
    #[arg(long, default_value_t = 4242)]
    port_base: u16,
    /// Database of server and vault
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// Prints one line of JSON when all is ready, and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// Starts what was built last
    #[arg(long)]
    no_build: bool,
    /// Builds and starts the optimised programs
    #[arg(long)]
    release: bool,
    /// How long the processes wait for each other
    #[arg(long, value_enum, default_value_t = TimeoutSet::Normal)]
    timeouts: TimeoutSet,
    /// So many `onfile work` do the work beside the server, which then does none (`PostgreSQL` only)
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=WORKERS_MAX))]
    workers: u8,
}

/// Builds, starts, prints, and keeps everything running until interrupted.
///
/// # Errors
/// When something cannot be built, started or kept alive. An interruption is the normal end.
pub fn run(args: &DevArgs) -> Outcome<()> {
    let interrupt = Interrupt::install()?;
    match supervise(args, &interrupt) {
        Err(failure) if failure.is_interruption() => Ok(()),
        result => result,
    }
}

fn supervise(args: &DevArgs, interrupt: &Interrupt) -> Outcome<()> {
    let folder = args.dir.clone().unwrap_or_else(|| toolchain::root().join("dev-data"));
    let layout = Layout::at(&folder)?;
    let ports = Ports::from_base(args.port_base)?;
    if args.workers > 0 && args.database == Database::Sqlite {
        return Err(Failure::new(
            "--workers needs --database postgres: an SQLite file belongs to one process",
        ));
    }
    if args.database == Database::Postgres {
        postgres::require_installed()?;
    }
    if !args.no_build {
        build(args.release, interrupt)?;
    }
    let bin = toolchain::bin_dir(args.release);
    // The lock outlives everything below, so that two never share a folder.
    let _lock = claim(&layout, args.fresh)?;
    http::require_free(&[ports.server(), ports.vault(), ports.sandbox(), ports.mail()])?;

    let mut supervisor = Supervisor::new(layout.clone());
    let running = start(args, &layout, ports, &bin, &mut supervisor, interrupt)?;
    if args.json { present::json(&running) } else { present::text(&running) }?;
    loop {
        interrupt.check()?;
        supervisor.tend()?;
        thread::sleep(process::POLL);
    }
}

/// Builds the three programs; cargo shows its progress itself.
fn build(release: bool, interrupt: &Interrupt) -> Outcome<()> {
    let mut command = toolchain::cargo();
    command.args(["build", "--bins", "-p", "onfile-server", "-p", "onfile-vault", "-p", "onfile-sandbox"]);
    if release {
        command.arg("--release");
    }
    // Standard output is for the result alone.
    process::run_ok(command.stdout(std::io::stderr()), interrupt)
}

/// Makes sure that we are alone in the folder, empties it if asked to, and creates what it needs.
fn claim(layout: &Layout, fresh: bool) -> Outcome<File> {
    let in_use = format!("another `cargo xtask dev` is using {}", layout.root().display());
    let lock = |path: &Path| -> Outcome<File> {
        let file = File::create(path).context(format!("creating {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Failure::new(in_use.clone())),
            Err(TryLockError::Error(error)) => Err(error).context(format!("locking {}", path.display())),
        }
    };
    let path = layout.path("run/dev.lock");
    if fresh {
        if path.exists() {
            lock(&path)?;
        }
        layout.clear()?;
    }
    layout.create()?;
    lock(&path)
}

fn start(
    args: &DevArgs,
    layout: &Layout,
    ports: Ports,
    bin: &Path,
    supervisor: &mut Supervisor,
    interrupt: &Interrupt,
) -> Outcome<Running> {
    let databases = match args.database {
        Database::Sqlite => Databases::sqlite(layout),
        Database::Postgres => start_postgres(layout, ports, supervisor, interrupt)?,
    };
    let timeouts = match args.timeouts {
        TimeoutSet::Normal => Timeouts::NORMAL,
        TimeoutSet::Fast => Timeouts::FAST,
    };
    for credential in ["keys/link/service.credential", "keys/link/sandbox.credential"] {
        layout::secret(&layout.path(credential))?;
    }
    config::write(layout, ports, &databases, timeouts, args.workers == 0)?;

    let onfile = bin.join("onfile");
    let vault = bin.join("onfile-vault");
    let (server_config, vault_config) = (layout.path("server/onfile.toml"), layout.path("vault/vault.toml"));
    for (program, config) in [(&vault, &vault_config), (&onfile, &server_config)] {
        process::output(std::process::Command::new(program).args(["init", "--config"]).arg(config))?;
    }
    supervisor.start(sandbox_spec(layout, ports, bin.join("onfile-sandbox")))?;
    supervisor.start(spec("vault", "serve", vault, vault_config))?;
    wait_ready(supervisor, &[("sandbox", ports.sandbox()), ("vault", ports.vault())], interrupt)?;
    // The account is announced to the vault, which is up, and read by the server, which is not yet.
    let demo = account::demo(layout, &onfile, args.database.name())?;
    let staff_link = account::staff_link(layout, &onfile)?;
    supervisor.start(spec("server", "serve", onfile.clone(), server_config.clone()))?;
    for number in 1..=args.workers {
        let name = format!("worker-{number}");
        supervisor.start(spec(&name, "work", onfile.clone(), server_config.clone()))?;
    }
    wait_ready(supervisor, &[("server", ports.server())], interrupt)?;

    Ok(Running {
        layout: layout.clone(),
        ports,
        database: args.database.name(),
        demo,
        staff_link,
        staff_link_command: account::staff_link_command(layout, &onfile),
        pids: supervisor.pids(),
    })
}

fn start_postgres(
    layout: &Layout,
    ports: Ports,
    supervisor: &mut Supervisor,
    interrupt: &Interrupt,
) -> Outcome<Databases> {
    http::require_free(&[ports.postgres()])?;
    let keys = layout.path("keys/postgres");
    layout::create_dir(&keys, 0o700)?;
    let cluster = Cluster::prepare(
        &layout.path("pg"),
        ports.postgres(),
        &layout::secret(&keys.join("superuser.password"))?,
        postgres::Durability::Full,
    )?;
    let server_password = layout::secret(&keys.join("onfile.password"))?;
    let vault_password = layout::secret(&keys.join("onfile_vault.password"))?;
    let command = cluster.clone();
    supervisor.start(Spec {
        name: "postgres".to_owned(),
        command: Box::new(move || command.command()),
        // SIGINT is PostgreSQL's "fast" shut-down: it does not wait for clients to leave.
        stop: Signal::INT,
    })?;
    cluster.wait_ready(interrupt, || supervisor.require_running())?;
    cluster.ensure_database("onfile", &server_password)?;
    cluster.ensure_database("onfile_vault", &vault_password)?;
    Ok(Databases {
        server: cluster.url("onfile", &server_password),
        vault: cluster.url("onfile_vault", &vault_password),
    })
}

fn sandbox_spec(layout: &Layout, ports: Ports, program: PathBuf) -> Spec {
    let (data, credential) = (layout.path("sandbox"), layout.path("keys/link/sandbox.credential"));
    let key = layout.path("keys/sandbox/sandbox.key");
    let command = move || {
        let mut command = process::tethered(&program)?;
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", ports.sandbox())]);
        command.args(["--smtp-listen", &format!("127.0.0.1:{}", ports.mail()), "--data"]).arg(&data);
        command.args(["--public-url", &ports.sandbox_url(), "--credential-file"]).arg(&credential);
        command.arg("--key-file").arg(&key);
        Ok(command)
    };
    Spec { name: "sandbox".to_owned(), command: Box::new(command), stop: Signal::TERM }
}

fn spec(name: &str, role: &'static str, program: PathBuf, config: PathBuf) -> Spec {
    let command = move || {
        let mut command = process::tethered(&program)?;
        command.args([role, "--config"]).arg(&config);
        Ok(command)
    };
    Spec { name: name.to_owned(), command: Box::new(command), stop: Signal::TERM }
}

/// Waits until each process says that it is ready.
fn wait_ready(supervisor: &mut Supervisor, processes: &[(&str, u16)], interrupt: &Interrupt) -> Outcome<()> {
    let deadline = Instant::now() + READY_PATIENCE;
    for (name, port) in processes {
        while http::status(*port, HEALTH.0) != Some(HEALTH.1) {
            interrupt.check()?;
            supervisor.require_running()?;
            if Instant::now() > deadline {
                let seconds = READY_PATIENCE.as_secs();
                return Err(Failure::new(format!("{name} was not ready within {seconds} s; see its log")));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
    Ok(())
}
