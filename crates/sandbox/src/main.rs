//! `onfile-sandbox`: a stand-in card processor with its own append-only ledger, for development and tests.
//!
//! Cards behave by their published test numbers; faults happen on order; what was answered survives a crash.

mod bank;
mod decide;
mod engine;
mod entry;
mod faults;
mod fields;
mod ids;
mod last4;
mod ledger;
mod mail;
mod money;
mod request;
mod routes;
mod rules;
mod secrets;
mod serve;
mod start;
mod state;
mod views;
mod wire;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(version, about)]
enum Command {
    /// Serves until SIGTERM or SIGINT.
    Serve(start::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Serve(options) = Command::parse();
    onfile_service::exit::run(start::run(options).await)
}
