//! The project's own commands; run as `cargo xtask COMMAND`.
//!
//! `dev` starts everything on embedded defaults, `demo` plays the main job, `test` runs all that continuous integration
//! runs, `prove` charges while processes are killed, `bench` measures, `cards` searches files for card numbers, and `wall`
//! and `tidy` are checks of the source that `test` includes.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on its standard output")]

mod bench;
mod cards;
mod demo;
mod dev;
mod environment;
mod failure;
mod metadata;
mod node;
mod postgres;
mod process;
mod progress;
mod prove;
mod python;
mod test;
mod tidy;
mod toolchain;
mod wall;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::{Failure, Outcome};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds and starts vault, server and sandbox on embedded defaults, and prints where to go.
    Dev(dev::DevArgs),
    /// Plays the main job: two hundred customers imported, billed, collected, and compared with the processor's ledger.
    Demo(demo::DemoArgs),
    /// Runs everything that continuous integration runs, installing what is missing (as root on Debian).
    Test(test::TestArgs),
    /// Measures a release build under load and appends the figures to bench/results.md.
    Bench(bench::BenchArgs),
    /// Charges while processes are killed, seed after seed, and writes what came of it to bench/proof.md.
    Prove(prove::ProveArgs),
    /// Searches files for test card numbers, bank account numbers and security codes, in whatever form they are written.
    Cards(cards::CardsArgs),
    /// Checks which crate reaches which: card numbers stay behind their wall.
    Wall,
    /// Checks the limits that only ever get tighter: length of files, leftover words, migrations.
    Tidy,
    /// Runs a program that ends when the process that started it ends.
    #[command(hide = true)]
    Tether(process::TetherArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Dev(args) => dev::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Prove(args) => prove::run(&args),
        Command::Cards(args) => cards::run(&args),
        Command::Wall => report(wall::check()),
        Command::Tidy => report(tidy::check()),
        Command::Tether(args) => process::tether(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_told() {
                eprintln!("error: {failure}");
            }
            failure.exit_code()
        }
    }
}

/// Prints what a source check found. A check answers with its summary, or with everything that is wrong.
fn report(found: Outcome<Result<String, Vec<String>>>) -> Outcome<()> {
    match found? {
        Ok(summary) => {
            println!("{summary}");
            Ok(())
        }
        Err(problems) => {
            for problem in &problems {
                println!("{problem}");
            }
            Err(Failure::new(format!("{} problem(s)", problems.len())))
        }
    }
}
