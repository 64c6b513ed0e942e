//! What a run would do, without doing it.

use std::collections::BTreeMap;

use onfile_core::ids::{AccountId, Id, TestClockId};

use crate::app::App;
use crate::model::invoice::Invoice;
use crate::model::subscription::due::{self, Due};
use crate::model::subscription::{self, Subscription};
use crate::store::agreements::{self, REAL_TIME};

use super::super::world::World;
use super::super::{Error, draft};

/// How many agreements are read at a time.
const PAGE: u32 = 500;
/// The most agreements that one preview looks at: enough for a page of totals within seconds.
pub const AGREEMENTS_MAX: usize = 100_000;
/// The most single invoices that a preview shows.
const SHOWN_MAX: usize = 100;

/// What would be billed.
#[derive(Debug, Default)]
pub struct Forecast {
    /// By currency: how many invoices, and their sum in minor units.
    pub totals: BTreeMap<String, (i64, i64)>,
    /// How many would be charged to a method, by themselves.
    pub charged: i64,
    /// How many agreements would end instead.
    pub ending: i64,
    /// Those that could not be billed, with the reason.
    pub parked: Vec<(String, String)>,
    /// Invoices of customers without a method.
    pub without_method: i64,
    /// The first of the invoices.
    pub invoices: Vec<Invoice>,
    /// Whether there is more than a preview looks at.
    pub truncated: bool,
}

/// Looks at everything that is due until a moment (Unix seconds), for the customers of a clock, or of real time. Of an
/// agreement with several occurrences due, the first counts. Nothing is changed: this reads, and only reads.
///
/// # Errors
/// When the database fails.
pub async fn preview(
    app: &App,
    account: &AccountId,
    clock: Option<&TestClockId>,
    until: i64,
) -> Result<Forecast, Error> {
    let clock = clock.map_or(REAL_TIME, Id::as_str);
    let mut forecast = Forecast::default();
    let mut after = String::new();
    let mut looked_at = 0;
    loop {
        let mut tx = app.db.read().await?;
        let page =
            agreements::peek(&mut tx, account, clock, until.saturating_mul(1000), &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(forecast) };
        after = last.object.id.as_str().to_owned();
        let world = World::of(&mut tx, account, page.iter().map(|found| &found.object)).await?;
        for found in &page {
            forecast.add(app, &world, &found.object, until);
        }
        looked_at += page.len();
        if looked_at >= AGREEMENTS_MAX {
            forecast.truncated = true;
            return Ok(forecast);
        }
    }
}

impl Forecast {
    fn add(&mut self, app: &App, world: &World, subscription: &Subscription, until: i64) {
        let occurrence = match due::due(subscription, until) {
            Some(Due::Bill(occurrence)) => occurrence,
            Some(Due::End(_) | Due::Expire) => {
                self.ending += 1;
                return;
            }
            None => return,
        };
        let invoice = match world.customer(&subscription.customer) {
            Some(_) => {
                draft::of_occurrence(app, world, subscription, &occurrence, occurrence.due.as_second())
            }
            None => Err(subscription::CUSTOMER_GONE.to_owned()),
        };
        match invoice {
            Err(reason) => self.parked.push((subscription.id.as_str().to_owned(), reason)),
            Ok(invoice) => {
                let total = self.totals.entry(invoice.currency.as_str().to_owned()).or_default();
                total.0 += 1;
                total.1 = total.1.saturating_add(invoice.amount_due());
                if invoice.collection_method == "charge_automatically" {
                    match world.method(subscription) {
                        Some(_) => self.charged += 1,
                        None => self.without_method += 1,
                    }
                }
                if self.invoices.len() < SHOWN_MAX {
                    self.invoices.push(invoice);
                }
            }
        }
    }
}
