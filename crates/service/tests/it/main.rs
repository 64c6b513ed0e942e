//! The listener, met over real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod client;
mod db;
mod deadlines;
mod gathered;
mod places;
mod statistics;
mod tls;
mod transactions;
mod unix_socket;
