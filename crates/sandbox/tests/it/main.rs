//! Walks the sandbox over HTTP, as a process of its own.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod bank;
mod challenges;
mod durability;
mod faults;
mod mail;
mod operations;
mod rig;
