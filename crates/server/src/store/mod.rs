//! The database, table by table: SQL is visible, the transaction and the time are the caller's.

pub mod accounts;
pub mod agreements;
pub mod api_keys;
pub mod card_declines;
pub mod card_looks;
pub mod catalog;
pub mod clocks;
pub mod debits;
pub mod deliveries;
pub mod destructions;
pub mod discounts;
pub mod event_order;
pub mod events;
pub mod idempotency;
pub mod imports;
pub mod invoice_items;
pub mod notices;
pub mod objects;
pub mod operations;
pub mod pages;
pub mod runs;
pub mod search;
pub mod sets;
pub mod staff;
pub mod webhooks;

use onfile_service::db::Migration;

/// The schema, step by step. Released steps never change.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "0001_first.sql", sql: include_str!("../../migrations/0001_first.sql") },
    Migration {
        version: 2,
        name: "0002_catalog.sql",
        sql: include_str!("../../migrations/0002_catalog.sql"),
    },
    Migration {
        version: 3,
        name: "0003_billing.sql",
        sql: include_str!("../../migrations/0003_billing.sql"),
    },
    Migration {
        version: 4,
        name: "0004_notices.sql",
        sql: include_str!("../../migrations/0004_notices.sql"),
    },
    Migration { version: 5, name: "0005_ach.sql", sql: include_str!("../../migrations/0005_ach.sql") },
    Migration {
        version: 6,
        name: "0006_webhooks.sql",
        sql: include_str!("../../migrations/0006_webhooks.sql"),
    },
    Migration {
        version: 7,
        name: "0007_card_declines.sql",
        sql: include_str!("../../migrations/0007_card_declines.sql"),
    },
    Migration {
        version: 8,
        name: "0008_card_looks.sql",
        sql: include_str!("../../migrations/0008_card_looks.sql"),
    },
    Migration {
        version: 9,
        name: "0009_imports.sql",
        sql: include_str!("../../migrations/0009_imports.sql"),
    },
    Migration { version: 10, name: "0010_search.sql", sql: include_str!("../../migrations/0010_search.sql") },
    Migration {
        version: 11,
        name: "0011_discounts.sql",
        sql: include_str!("../../migrations/0011_discounts.sql"),
    },
];
