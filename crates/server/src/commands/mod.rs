//! The operator's commands.

mod account;
mod init;
mod keys;
mod serve;
mod staff;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use onfile_service::ambient::{SystemClock, SystemRandom};
use onfile_service::config::ConfigError;
use onfile_service::db::DbError;
use onfile_service::keyring::KeyFilesError;
use onfile_service::listen::ListenError;
use onfile_service::logs::LogsError;

use crate::app::{App, StartError};
use crate::config::Config;

/// Keeps cards on file and charges them.
#[derive(Debug, Parser)]
#[command(name = "onfile", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the first encryption key and the database. Harmless where they exist.
    Init(ConfigArgument),
    /// Serves the API and the pages, and does the work that goes on behind them, unless `[work] in_server` is false.
    Serve(ConfigArgument),
    /// Does the work that goes on behind the API and the pages, and nothing else; beside `serve`, on `PostgreSQL`.
    Work(ConfigArgument),
    /// Merchants' accounts.
    Account {
        #[command(subcommand)]
        command: account::AccountCommand,
    },
    /// The merchant's staff.
    Staff {
        #[command(subcommand)]
        command: staff::StaffCommand,
    },
    /// API keys.
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
    },
}

#[derive(Debug, clap::Args)]
struct ConfigArgument {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error("cannot read the configuration")]
    Config(#[from] ConfigError),
    #[error("cannot start")]
    Start(#[from] StartError),
    #[error("cannot use the keys")]
    Keys(#[from] KeyFilesError),
    #[error("cannot use the database")]
    Database(#[from] DbError),
    #[error("cannot listen")]
    Listen(#[from] ListenError),
    #[error("cannot log")]
    Log(#[from] LogsError),
    #[error("cannot ask the operating system")]
    System(#[from] std::io::Error),
    #[error("{0}")]
    Said(String),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return onfile_service::exit::run(Err(error)),
    };
    onfile_service::exit::run(runtime.block_on(run(arguments.command)))
}

async fn run(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Init(argument) => init::run(&argument.config).await,
        Command::Serve(argument) => serve::run(&argument.config).await,
        Command::Work(argument) => work::run(&argument.config).await,
        Command::Account { command } => account::run(command).await,
        Command::Staff { command } => staff::run(command).await,
        Command::Keys { command } => keys::run(command).await,
    }
}

/// The application, for a command that does one thing and ends.
async fn open(config: &std::path::Path) -> Result<Arc<App>, CommandError> {
    let config = Config::load(config)?;
    onfile_service::logs::start(&config.log)?;
    Ok(App::open(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?)
}

/// Writes a result to standard output, where scripts read it.
#[expect(clippy::print_stdout, reason = "the one place where a command's result leaves it")]
fn print(text: &str) {
    println!("{text}");
}
