//! The API from outside: the real router over real HTTP, on every database at hand, with a vault of the test's own.
#![expect(clippy::panic, reason = "a test may stop at the first surprise")]
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod ach;
mod challenges;
mod coupons;
mod customer_attempts;
mod customers;
mod discounts;
mod edge;
mod event_order;
mod events;
mod forget;
mod idempotency;
mod imports;
mod intents;
mod invoice_notices;
mod keys;
mod leases;
mod lists;
mod methods;
mod mutual_tls;
mod network_limits;
mod notices;
mod outcomes;
mod pages;
mod parameters;
mod pay_page;
mod prices;
mod products;
mod redemptions;
mod runs;
mod schedules;
mod sets;
mod shapes;
mod subscriptions;
mod support;
mod tax_rates;
mod vault_accounts;
mod verification_page;
mod walls;
mod webhook_endpoints;
mod webhook_failures;
mod webhooks;
