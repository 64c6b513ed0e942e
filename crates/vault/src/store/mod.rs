//! The vault's tables: functions on the caller's transaction. SQL is nowhere else.

pub mod accounts;
pub mod instruments;
pub mod orders;

use onfile_service::db::Migration;

/// The schema, oldest step first.
pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "0001_first", sql: include_str!("../../migrations/0001_first.sql") }];
