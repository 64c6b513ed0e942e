//! The vault as its callers see it: the real routers over real HTTP, on SQLite and, where there is one, PostgreSQL,
//! before a processor that counts what reaches it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod cors;
mod forward;
mod frame;
mod leaks;
mod mutual_tls;
mod orders;
mod processor;
mod sources;
mod tampering;
mod tokens;
mod world;
