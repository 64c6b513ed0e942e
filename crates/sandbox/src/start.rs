//! From the command line to a serving process, and its orderly end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onfile_core::ids::IdSource;
use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::config::LogConfig;
use onfile_service::headers::BadSource;
use onfile_service::logs::{self, LogsError};
use onfile_service::process;
use onfile_service::shutdown::Shutdown;
use tokio::net::TcpListener;

use crate::bank::MovableClock;
use crate::engine::{Engine, Failure};
use crate::faults::Faults;
use crate::ledger::{Ledger, OpenError, open};
use crate::mail::listen::catch;
use crate::mail::{Mailbox, MailboxError};
use crate::routes::{App, router};
use crate::secrets::{SecretError, Secrets};
use crate::serve::serve;
use crate::views::Views;

/// How long the bank rests before it looks again whether something is due.
const BANK_DAY_REST: Duration = Duration::from_secs(1);

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where to listen. Plain HTTP, hence loopback only; port 0 finds a free one.
    #[arg(long, default_value = "127.0.0.1:4244")]
    listen: SocketAddr,
    /// Where to catch mail by SMTP, on loopback only [default: nowhere]
    #[arg(long)]
    smtp_listen: Option<SocketAddr>,
    /// The directory of the ledger file and of caught mail; made when it is missing.
    #[arg(long)]
    data: PathBuf,
    /// How browsers reach this server, for challenge pages [default: http:// and the address it listens on]
    #[arg(long)]
    public_url: Option<String>,
    /// A file with the credential that callers show.
    #[arg(long)]
    credential_file: PathBuf,
    /// The key for marks of numbers and requests; made at the first start [default: the data directory's name with
    /// `.key` behind it]
    #[arg(long)]
    key_file: Option<PathBuf>,
}

/// Why the process does not start, or ends.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Others could read what is sent.
    #[error("{0} is not a loopback address: plain HTTP and SMTP are served on loopback only")]
    NotLoopback(SocketAddr),
    /// The key would be copied with what it protects.
    #[error("--key-file must not be inside --data: whoever copies the ledger must not get the key with it")]
    KeyInData,
    /// The data directory has no name to put `.key` behind.
    #[error("--data {0} has no name: please say --key-file")]
    NoName(PathBuf),
    /// The address of challenge pages is none.
    #[error("--public-url must start with http:// or https://")]
    PublicUrl,
    /// Logs.
    #[error(transparent)]
    Logs(#[from] LogsError),
    /// Credential or key.
    #[error(transparent)]
    Secrets(#[from] SecretError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] OpenError),
    /// The mail.
    #[error(transparent)]
    Mail(#[from] MailboxError),
    /// The address is taken, or the system refuses something else.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The system refuses what every process needs.
    #[error("the operating system refuses")]
    System(#[from] io::Error),
    /// A page's policy.
    #[error(transparent)]
    Policy(#[from] BadSource),
    /// The ledger cannot be written. Nothing was answered that is not on the disk.
    #[error("the ledger cannot be written: the process ends, and reads back at its next start what is there")]
    LedgerFailed(#[source] io::Error),
}

/// Serves until told to stop, or until the ledger cannot be written.
pub async fn run(options: Options) -> Result<(), StartError> {
    logs::start(&LogConfig::default())?;
    process::protect_memory()?;
    if let Err(error) = process::raise_open_files() {
        tracing::warn!("cannot raise the limit of open files: {error}");
    }
    for address in [Some(options.listen), options.smtp_listen].into_iter().flatten() {
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address));
        }
    }
    let secrets = Secrets::load(&options.credential_file, &key_file(&options)?, &SystemRandom)?;
    let (file, state, durable) = open(&options.data, secrets.key_check())?;
    let shutdown = Shutdown::on_signals()?;
    let mail = Arc::new(Mailbox::open(&options.data)?);
    let listener = bind(options.listen).await?;
    let address = listener.local_addr()?;
    let catcher = match options.smtp_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let public_url = public_url(options.public_url, address)?;
    let (ledger, mut writer) = Ledger::start(file, durable)?;
    let clock = Arc::new(SystemClock);
    let ahead = state.bank().ahead_seconds();
    let engine = Engine {
        secrets,
        faults: Faults::none(),
        ids: IdSource::new(clock.clone(), Arc::new(SystemRandom)),
        clock: MovableClock::ahead_of(clock, ahead),
        ledger,
        views: Views { public_url },
        mail,
        state: Mutex::new(state),
    };
    let engine = Arc::new(engine);
    let router = router(App { engine: Arc::clone(&engine), data: Arc::new(options.data) })?;
    announce("http", address)?;
    if let Some(catcher) = catcher {
        announce("smtp", catcher.local_addr()?)?;
        tokio::spawn(catch(catcher, Arc::clone(&engine), shutdown.clone()));
    }
    tokio::select! {
        () = serve(listener, router, shutdown) => {}
        () = bank_days(&engine) => {}
        error = writer.failure() => return Err(StartError::LedgerFailed(error)),
    }
    // The ledger's thread ends when nobody can write any more.
    drop(engine);
    tokio::task::spawn_blocking(|| writer.finish()).await.map_err(io::Error::other)?;
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error))
}

/// Does what falls due at the bank while nobody asks. Ends with the ledger, whose own end says why.
async fn bank_days(engine: &Engine) {
    loop {
        tokio::time::sleep(BANK_DAY_REST).await;
        match engine.bank_day().await {
            Ok(()) => {}
            Err(Failure::Stopped(_)) => std::future::pending().await,
            Err(error) => tracing::error!("a debit's step does not fit: {error}"),
        }
    }
}

fn key_file(options: &Options) -> Result<PathBuf, StartError> {
    let Some(file) = &options.key_file else {
        let Some(name) = options.data.file_name() else {
            return Err(StartError::NoName(options.data.clone()));
        };
        let mut name = name.to_owned();
        name.push(".key");
        return Ok(options.data.with_file_name(name));
    };
    if file.starts_with(&options.data) { Err(StartError::KeyInData) } else { Ok(file.clone()) }
}

fn public_url(wanted: Option<String>, address: SocketAddr) -> Result<String, StartError> {
    let url = wanted.unwrap_or_else(|| format!("http://{address}"));
    if url.starts_with("http://") || url.starts_with("https://") {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(StartError::PublicUrl)
    }
}

/// Tells whoever started the process, on standard output, that it serves, and where.
fn announce(scheme: &str, address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "onfile-sandbox: listening on {scheme}://{address}")?;
    out.flush()
}
