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
mod run;
mod scenarios;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

use run::Latency;
use target::{Failure, Target};

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
    /// The folders whose growth is read: NAME=FOLDER,…
    #[arg(long)]
    folders: String,
    /// The stand-in processor's address
    #[arg(long)]
    sandbox: String,
    /// The file with its credential
    #[arg(long)]
    sandbox_credential_file: PathBuf,
    /// The file that rows are appended to
    #[arg(long)]
    out: PathBuf,
    /// Seconds for each scenario
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Clients at a time
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Run only scenarios whose name contains this; the billing run is one
    #[arg(long)]
    only: Option<String>,
    /// Agreements of the billing run
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=AGREEMENTS_MAX))]
    agreements: u32,
    /// The processor's latency in the billing run: zero, lognormal (median 120 ms, 99th percentile 380 ms), or P50/P99 in
    /// milliseconds; a run for each of several
    #[arg(long, default_value = "zero", value_delimiter = ',')]
    latency: Vec<Latency>,
}

/// The most agreements: each is remembered while the run is prepared.
const AGREEMENTS_MAX: i64 = 10_000_000;

#[tokio::main]
async fn main() -> ExitCode {
    match measure(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onfile-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(args: Args) -> Result<(), Failure> {
    let pids = processes::parse(&args.pids)?;
    let folders = processes::parse(&args.folders)?;
    let target = Arc::new(Target::new(&args.api, &args.vault, &args.secret_key, &args.publishable_key)?);
    let sandbox = run::Sandbox::new(&args.sandbox, &args.sandbox_credential_file)?;
    let mut report = report::Report::open(&args.out)?;
    report.idle(&processes::memory(&pids)?)?;
    let wanted = |name: &str| args.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let scenarios: Vec<_> = scenarios::ALL.iter().filter(|scenario| wanted(scenario.name)).collect();
    if !scenarios.is_empty() {
        report.head()?;
    }
    for scenario in scenarios {
        println!("{} …", scenario.name);
        let fsync = disk::fdatasync_median(&args.out)?;
        let clients = scenario.clients.unwrap_or(args.clients);
        let before = processes::cpu(&pids)?;
        let measured = load::run(&target, scenario, clients, Duration::from_secs(args.seconds)).await?;
        let after = processes::cpu(&pids)?;
        report.row(scenario, clients, &measured, &processes::difference(&before, &after), fsync)?;
    }
    if wanted(run::NAME) {
        println!("{} …", run::NAME);
        let place = run::Place { target: &target, sandbox: &sandbox, pids: &pids, folders: &folders };
        let order =
            run::Order { agreements: args.agreements, clients: args.clients, latencies: args.latency };
        run::all(&place, &order, &mut report).await?;
    }
    Ok(())
}
