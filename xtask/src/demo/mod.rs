//! `cargo xtask demo`: the main job, played from beginning to end against the stand-in processor.
//!
//! Two hundred customers are imported from a file onto a test clock, the run is previewed, executed and brought through
//! its retries; in the end the product's own totals must be those of the processor's ledger, to the cent.

mod api;
mod books;
mod place;
mod play;
mod summary;

use std::fs;
use std::path::PathBuf;

use clap::Args;

use self::place::Place;
use self::play::Play;
use crate::failure::{Context, Failure, Outcome};
use crate::process::Interrupt;
use crate::progress::Progress;
use crate::toolchain;

/// The customers of the demo, in the checkout.
const CUSTOMERS: &str = "examples/customers.csv";

/// Options of `demo`.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub struct DemoArgs {
    /// Data folder of the running `cargo xtask dev` to play against [default: dev-data if one runs there, else one of
    /// its own]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The file of customers [default: examples/customers.csv in the checkout]
    #[arg(long)]
    file: Option<PathBuf>,
    /// Prints the summary as one last line of JSON
    #[arg(long)]
    json: bool,
    /// Says what it would do, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Starts what was built last
    #[arg(long)]
    no_build: bool,
    /// Builds and starts the optimised programs
    #[arg(long)]
    release: bool,
}

/// Plays, prints the summary, and fails when the two sets of books differ.
///
/// # Errors
/// When something cannot be started or refuses its work, and when the totals are not equal.
pub fn run(args: &DemoArgs) -> Outcome<()> {
    let interrupt = Interrupt::install()?;
    let file = args.file.clone().unwrap_or_else(|| toolchain::root().join(CUSTOMERS));
    let customers = fs::read_to_string(&file).context(format!("reading {}", file.display()))?;
    let running = place::running(args.dir.as_deref())?;
    if args.dry_run {
        let rows = csv::Reader::from_reader(customers.as_bytes()).records().count();
        println!("{}", intention(running.as_ref(), &file.display().to_string(), rows));
        return Ok(());
    }
    let place = match running {
        Some(place) => place,
        None => Place::start(args.release, args.no_build, &interrupt)?,
    };
    println!("Playing against {} ({}).", place.api, place.origin());
    let mut play = Play::begin(&place, &interrupt, Progress::new())?;
    let summary = play.all(&customers)?;
    println!("{}", summary.table());
    if args.json {
        println!("{}", summary.json());
    }
    if let Some(difference) = summary.difference() {
        return Err(Failure::new(format!("the books do not agree: {difference}")));
    }
    Ok(())
}

fn intention(running: Option<&Place>, file: &str, rows: usize) -> String {
    let place = match running {
        Some(place) => format!("play against the running {}", place.api),
        None => "start an installation of its own in a temporary folder, and end it".to_owned(),
    };
    format!(
        "It would {place}; create a test clock; import the {rows} customers of {file} onto it; preview the run of \
         {day}; execute it; move the stand-in bank's clock by days until its debits are settled or returned, and the test \
         clock through the retries; and compare the totals with the processor's ledger. No other customer is touched.",
        day = play::RUN_DAY,
    )
}
