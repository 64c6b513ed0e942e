//! Load generator for the benchmarks: starts nothing, measures what runs, appends rows to a file.
//!
//! Rates are of a closed loop (each client sends its next request when it has its answer); latencies are the clients'
//! own; CPU per request is what the kernel charged to each process while a scenario ran. All of it shares the
//! machine with the load generator: quote ratios and CPU, and compare only within one run.
#![expect(clippy::print_stdout, reason = "a command line tool")]

mod disk;
mod load;
mod processes;
mod report;
mod scenarios;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

/// Measures a running Onfile.
#[derive(Parser)]
struct Args {
    /// The API's address
    #[arg(long)]
    api: String,
    /// The vault's public address
    #[arg(long)]
    vault: String,
    /// A secret key
    #[arg(long)]
    secret_key: String,
    /// A publishable key of the same account
    #[arg(long)]
    publishable_key: String,
    /// The processes whose CPU and memory are read: NAME=PID,…
    #[arg(long)]
    pids: String,
    /// The file that rows are appended to
    #[arg(long)]
    out: PathBuf,
    /// Seconds for each scenario
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Clients at a time
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Run only scenarios whose name contains this
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onfile-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), scenarios::Failure> {
    let pids = processes::parse(&args.pids)?;
    let target =
        Arc::new(scenarios::Target::new(&args.api, &args.vault, &args.secret_key, &args.publishable_key)?);
    let mut report = report::Report::open(&args.out)?;
    report.idle(&processes::memory(&pids)?)?;
    for scenario in scenarios::ALL {
        if args.only.as_ref().is_some_and(|only| !scenario.name.contains(only.as_str())) {
            continue;
        }
        println!("{} …", scenario.name);
        let fsync = disk::fdatasync_median(&args.out)?;
        let clients = scenario.clients.unwrap_or(args.clients);
        let before = processes::cpu(&pids)?;
        let measured = load::run(&target, scenario, clients, Duration::from_secs(args.seconds)).await?;
        let after = processes::cpu(&pids)?;
        report.row(scenario, clients, &measured, &processes::difference(&before, &after), fsync)?;
    }
    Ok(())
}
