//! A private `PostgreSQL` cluster from the distribution's programs: own folder, own port, own passwords.
//!
//! `PostgreSQL` refuses to run as root, so that root hands the folder and the process to the user `postgres`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, geteuid};

use crate::dev::layout;
use crate::failure::{Context, Failure, Outcome};
use crate::process::{self, Interrupt};

/// Where Debian keeps each version's programs.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";
/// Who runs `PostgreSQL` when we are root.
const SYSTEM_USER: &str = "postgres";
/// The cluster's own administrator.
const SUPERUSER: &str = "postgres";
/// Generous: each test has a process and a pool of its own.
const CONNECTIONS_MAX: u32 = 300;
const READY_PATIENCE: Duration = Duration::from_mins(1);
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// What a commit is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power failure.
    Full,
    /// It is gone with the cluster anyway: for tests.
    None,
}

/// A cluster's place on this machine; does not run by itself.
#[derive(Clone)]
pub struct Cluster {
    bin: PathBuf,
    dir: PathBuf,
    port: u16,
    password: String,
    durability: Durability,
}

/// The folder with the newest installed server programs.
pub fn find_bin() -> Option<PathBuf> {
    let complete = |bin: &PathBuf| ["postgres", "initdb", "psql"].iter().all(|name| bin.join(name).is_file());
    let version = |bin: &PathBuf| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let debian =
        fs::read_dir(DEBIAN_VERSIONS).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let newest = debian.filter(complete).max_by_key(version);
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.or_else(|| std::env::split_paths(&path).find(complete))
}

/// Fails with what to install when `PostgreSQL` is not there.
///
/// # Errors
/// [`Failure::missing_tools`].
pub fn require_installed() -> Outcome<PathBuf> {
    find_bin().ok_or_else(|| {
        Failure::missing_tools(
            "PostgreSQL's server programs (postgres, initdb, psql) are not installed; on Debian: apt-get install postgresql",
        )
    })
}

impl Cluster {
    /// Creates the cluster in `dir` unless it is there already.
    ///
    /// # Errors
    /// When `PostgreSQL` is missing, refuses, or (as root) its user cannot reach the folder.
    pub fn prepare(dir: &Path, port: u16, password: &str, durability: Durability) -> Outcome<Self> {
        let bin = require_installed()?;
        layout::create_dir(dir, 0o700)?;
        let cluster = Self { bin, dir: dir.to_path_buf(), port, password: password.to_owned(), durability };
        hand_over(dir)?;
        require_reachable(dir)?;
        if !cluster.data().join("PG_VERSION").exists() {
            eprintln!("creating a PostgreSQL cluster in {}", dir.display());
            let password_file = dir.join("superuser.password");
            layout::write_private(&password_file, password)?;
            hand_over(&password_file)?;
            let mut initdb = as_system_user(&cluster.bin.join("initdb"));
            initdb.arg("--pgdata").arg(cluster.data()).arg("--pwfile").arg(&password_file);
            initdb.args(["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]);
            if durability == Durability::None {
                initdb.arg("--no-sync");
            }
            let made = process::output(initdb.current_dir("/"));
            fs::remove_file(&password_file).context("removing the password file")?;
            made?;
        }
        Ok(cluster)
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The command that serves the cluster in the foreground and ends with the thread that starts it.
    ///
    /// # Errors
    /// When our own program file cannot be found.
    pub fn command(&self) -> Outcome<Command> {
        let postgres = self.bin.join("postgres");
        let mut command =
            if geteuid().is_root() { as_system_user(&postgres) } else { process::tethered(&postgres)? };
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.arg("-D").arg(self.data()).current_dir("/");
        let fsync = if self.durability == Durability::Full { "on" } else { "off" };
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            "unix_socket_directories=".to_owned(),
            format!("max_connections={CONNECTIONS_MAX}"),
            format!("fsync={fsync}"),
            format!("synchronous_commit={fsync}"),
            format!("full_page_writes={fsync}"),
        ] {
            command.args(["-c", &setting]);
        }
        Ok(command)
    }

    /// Waits until it takes connections; `alive` is asked in between and may end the waiting.
    ///
    /// # Errors
    /// When it does not come up in time, `alive` fails, or we are interrupted.
    pub fn wait_ready(&self, interrupt: &Interrupt, mut alive: impl FnMut() -> Outcome<()>) -> Outcome<()> {
        let deadline = Instant::now() + READY_PATIENCE;
        loop {
            interrupt.check()?;
            alive()?;
            match self.sql("postgres", "SELECT 1") {
                Ok(_) => return Ok(()),
                Err(failure) if Instant::now() > deadline => return Err(failure),
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// Runs SQL as the cluster's administrator and returns what it prints.
    fn sql(&self, database: &str, sql: &str) -> Outcome<String> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", SUPERUSER, "-d", database]);
        // By standard input, since others can read a command line, and there are passwords in some of these.
        psql.env("PGPASSWORD", &self.password).env("PGCONNECT_TIMEOUT", "5").args(["--file", "-"]);
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = psql.spawn().context("starting psql")?;
        if let Some(mut input) = child.stdin.take() {
            std::io::Write::write_all(&mut input, sql.as_bytes()).context("writing to psql")?;
        }
        let output = child.wait_with_output().context("waiting for psql")?;
        if output.status.success() {
            return String::from_utf8(output.stdout).context("output of psql");
        }
        Err(Failure::new(format!("psql: {}", String::from_utf8_lossy(&output.stderr).trim_end())))
    }

    /// Creates a role that may log in and a database that it owns and no other role may enter.
    ///
    /// # Errors
    /// When `PostgreSQL` refuses.
    pub fn ensure_database(&self, name: &str, password: &str) -> Outcome<()> {
        let has = |catalogue: &str, column: &str| -> Outcome<bool> {
            let sql = format!("SELECT 1 FROM {catalogue} WHERE {column} = '{name}'");
            Ok(!self.sql("postgres", &sql)?.trim().is_empty())
        };
        let verb = if has("pg_roles", "rolname")? { "ALTER" } else { "CREATE" };
        self.sql("postgres", &format!("{verb} ROLE \"{name}\" LOGIN PASSWORD '{password}'"))?;
        if !has("pg_database", "datname")? {
            self.sql("postgres", &format!("CREATE DATABASE \"{name}\" OWNER \"{name}\""))?;
            self.sql("postgres", &format!("REVOKE ALL ON DATABASE \"{name}\" FROM PUBLIC"))?;
        }
        Ok(())
    }

    /// The URL by which a role of [`Self::ensure_database`] connects to its own database.
    pub fn url(&self, name: &str, password: &str) -> String {
        format!("postgres://{name}:{password}@127.0.0.1:{}/{name}", self.port)
    }
}

/// A running throw-away cluster for tests; dropping it stops it and removes its folder.
pub struct Scratch {
    child: Child,
    dir: PathBuf,
    url: String,
}

impl Scratch {
    /// Creates and starts a cluster in the system's folder for temporary files, which its user can reach, with a
    /// role that may create databases.
    ///
    /// # Errors
    /// When `PostgreSQL` is missing or does not come up.
    pub fn start(port: u16, interrupt: &Interrupt) -> Outcome<Self> {
        const ROLE: &str = "onfile_test";
        let dir = std::env::temp_dir().join(format!("onfile-test-pg-{}", std::process::id()));
        let cluster = Cluster::prepare(&dir, port, "administrator", Durability::None)?;
        let log_path = dir.join("postgres.log");
        let log = fs::File::create(&log_path).context(format!("creating {}", log_path.display()))?;
        let errors = log.try_clone().context("opening the log twice")?;
        let child = cluster.command()?.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        let child = child.context("starting postgres")?;
        let mut scratch = Self { child, dir, url: cluster.url(ROLE, "test") };
        cluster.wait_ready(interrupt, || match scratch.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(Failure::new(fs::read_to_string(&log_path).unwrap_or_default())),
        })?;
        cluster.ensure_database(ROLE, "test")?;
        cluster.sql("postgres", &format!("ALTER ROLE \"{ROLE}\" CREATEDB CREATEROLE"))?;
        Ok(scratch)
    }

    /// Where tests connect.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        process::stop(&mut self.child, Signal::INT, STOP_PATIENCE);
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            eprintln!("removing {}: {error}", self.dir.display());
        }
    }
}

/// A command that runs as `PostgreSQL`'s user when we are root, else as ourselves. The kernel passes the death of our
/// thread on as SIGINT, the fast shut-down; it forgets that wish at a change of user, hence `setpriv`, which makes
/// it afterwards.
fn as_system_user(program: &Path) -> Command {
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let user = [format!("--reuid={SYSTEM_USER}"), format!("--regid={SYSTEM_USER}")];
    command.args(user).args(["--init-groups", "--pdeathsig=INT"]);
    command.args([OsStr::new("--"), program.as_os_str()]);
    command
}

/// As root, gives a file to the user that runs `PostgreSQL`.
fn hand_over(path: &Path) -> Outcome<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let id = |flag| -> Outcome<u32> {
        process::output(Command::new("id").args([flag, SYSTEM_USER]))?.trim().parse().context("output of id")
    };
    chown(path, Some(id("-u")?), Some(id("-g")?))
        .context(format!("giving {} to {SYSTEM_USER}", path.display()))
}

/// As root, fails when some folder on the way is closed to `PostgreSQL`'s user.
fn require_reachable(dir: &Path) -> Outcome<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    for folder in dir.ancestors().skip(1) {
        let mode = fs::metadata(folder).context(format!("looking at {}", folder.display()))?.mode();
        if mode & 0o001 == 0 {
            return Err(Failure::new(format!(
                "PostgreSQL runs as the user {SYSTEM_USER}, which may not enter {}: choose another --dir, \
                 for example /var/tmp/onfile-dev",
                folder.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_closed_to_others_is_named() {
        if !geteuid().is_root() {
            return;
        }
        let closed = tempfile::tempdir().unwrap();
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let inner = closed.path().join("pg");
        fs::create_dir(&inner).unwrap();
        let failure = require_reachable(&inner).unwrap_err().to_string();
        assert!(failure.contains(&closed.path().display().to_string()), "{failure}");
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(require_reachable(&inner).is_ok());
    }
}
