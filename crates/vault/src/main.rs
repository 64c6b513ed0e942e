//! `onfile-vault`: the card-data environment.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use onfile_service::ambient::SystemRandom;
use onfile_service::config::{ConfigError, load};
use onfile_service::listen::{ListenError, serve};
use onfile_service::logs::LogsError;
use onfile_service::shutdown::Shutdown;
use onfile_service::{exit, logs, masked, process};
use onfile_vault::config::{Config, StartError};
use onfile_vault::{housekeeping, internal, public};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Keeps card numbers, and sends them to processors and to nobody else.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the keys that are missing, and says which.
    Init {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Serves the card frame and `onfile`.
    Serve {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

/// Why the process ends.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the operating system does not let the process protect its memory")]
    Protection(#[source] std::io::Error),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Logs(#[from] LogsError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Listen(#[from] ListenError),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit::run(match arguments.command {
        Command::Init { config } => init(&config),
        Command::Serve { config } => start(&config),
    })
}

fn init(path: &std::path::Path) -> Result<(), Failure> {
    let config: Config = load(path)?;
    for line in config.init(&SystemRandom)? {
        masked::write_stderr(&line);
    }
    Ok(())
}

fn start(path: &std::path::Path) -> Result<(), Failure> {
    process::protect_memory().map_err(Failure::Protection)?;
    let config: Config = load(path)?;
    logs::start(&config.log)?;
    if let Err(error) = process::raise_open_files() {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    runtime.block_on(run(config))
}

async fn run(config: Config) -> Result<(), Failure> {
    let shutdown = Shutdown::on_signals().map_err(Failure::Runtime)?;
    let credential = config.service_credential()?;
    let (public_listener, internal_listener) = (config.public_listener()?, config.internal_listener()?);
    let origin = config.public_origin()?;
    let vault = Arc::new(config.open().await?);
    let internal =
        serve(internal::router(Arc::clone(&vault), credential), &internal_listener, shutdown.clone()).await?;
    let public =
        serve(public::router(Arc::clone(&vault), &origin), &public_listener, shutdown.clone()).await?;
    tracing::info!(public = %public.address(), internal = %internal.address(), "serving");
    housekeeping::run(&vault, &shutdown).await;
    public.finished().await;
    internal.finished().await;
    Ok(())
}
