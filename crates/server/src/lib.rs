//! Onfile's server: API, pages, worker roles and the operator's commands. A library, so that tests drive the very
//! router that the program serves.

#![recursion_limit = "256"]

pub mod api;
pub mod app;
pub mod billing;
pub mod commands;
pub mod config;
pub mod event_order;
pub mod forget;
pub mod imports;
pub mod keys;
pub mod model;
pub mod notices;
pub mod pages;
pub mod payments;
pub mod render;
pub mod routes;
pub mod search;
pub mod store;
pub mod vault_accounts;
pub mod vault_client;
pub mod webhooks;
pub mod wire;
pub mod work;
