//! The database, table by table: SQL is visible, the transaction and the time are the caller's.

pub mod accounts;
pub mod api_keys;
pub mod deliveries;
pub mod destructions;
pub mod event_order;
pub mod events;
pub mod idempotency;
pub mod objects;
pub mod operations;
pub mod pages;
pub mod staff;
pub mod webhooks;

use onfile_service::db::Migration;

/// The schema, step by step. Released steps never change.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "0001_first.sql", sql: include_str!("../../migrations/0001_first.sql") },
    Migration {
        version: 2,
        name: "0002_webhooks.sql",
        sql: include_str!("../../migrations/0002_webhooks.sql"),
    },
];
