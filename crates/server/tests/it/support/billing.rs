//! Agreements for tests: a price, a customer in a time of their own, a subscription, and the time moved.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::{Reply, Server};

/// How long a clock may take to arrive, in steps of 20 ms: generous, since only a failure waits for it.
const ARRIVES_WITHIN: u32 = 1_500;

impl Server {
    /// A recurring price in US dollars.
    pub async fn price(&self, minor: &str, interval: &str) -> String {
        let pairs = [
            ("currency", "usd"),
            ("unit_amount", minor),
            ("recurring[interval]", interval),
            ("product_data[name]", "Line"),
        ];
        self.post("/v1/prices", &pairs).await.ok().id()
    }

    /// A test clock at this Unix second.
    pub async fn clock(&self, at: i64) -> String {
        self.post("/v1/test_helpers/test_clocks", &[("frozen_time", &at.to_string())]).await.ok().id()
    }

    /// A customer in a clock's time whose default is this named test method.
    pub async fn customer_at(&self, clock: &str, source: &str) -> String {
        let pairs = [("test_clock", clock), ("email", "jenny@example.com")];
        let customer = self.post("/v1/customers", &pairs).await.ok().id();
        self.give_card(&customer, source).await;
        customer
    }

    /// Attaches a named test method and makes it the customer's default.
    pub async fn give_card(&self, customer: &str, source: &str) -> String {
        let path = format!("/v1/payment_methods/{source}/attach");
        let method = self.post(&path, &[("customer", customer)]).await.ok().id();
        let default = [("invoice_settings[default_payment_method]", method.as_str())];
        self.post(&format!("/v1/customers/{customer}"), &default).await.ok();
        method
    }

    /// Agreements at 29.00 a month of these customers, due every day half a day away: twice within two days.
    pub async fn due_daily(&self, customers: &[String]) -> Vec<String> {
        let price = self.price("2900", "month").await;
        let noon_away = self.app.clock.now().checked_add(SignedDuration::from_hours(12)).unwrap();
        let time = TimeZone::UTC.to_datetime(noon_away).strftime("%H:%M").to_string();
        let mut made = Vec::new();
        for customer in customers {
            let pairs = [
                ("customer", customer.as_str()),
                ("items[0][price]", price.as_str()),
                ("onfile[recurrence][rule]", "FREQ=DAILY"),
                ("onfile[recurrence][timezone]", "UTC"),
                ("onfile[recurrence][time]", time.as_str()),
            ];
            made.push(self.post("/v1/subscriptions", &pairs).await.ok().id());
        }
        made
    }

    /// New customers with this card as their default.
    pub async fn customers(&self, count: usize, card: &str) -> Vec<String> {
        let mut made = Vec::new();
        for _ in 0..count {
            let customer = self.post("/v1/customers", &[("email", "jenny@example.com")]).await.ok().id();
            self.give_card(&customer, card).await;
            made.push(customer);
        }
        made
    }

    /// How many requests have reached the processor.
    pub fn charges(&self) -> usize {
        self.vault.lock().unwrap().forwarded.len()
    }

    /// Moves a clock and waits until it is there.
    pub async fn advance(&self, clock: &str, to: i64) -> Reply {
        let path = format!("/v1/test_helpers/test_clocks/{clock}");
        self.post(&format!("{path}/advance"), &[("frozen_time", &to.to_string())]).await.ok();
        for _ in 0..ARRIVES_WITHIN {
            let reply = self.get(&path, &[]).await.ok();
            if reply.at("status") == "ready" {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the clock did not arrive");
    }

    /// The invoices of a subscription, oldest first.
    pub async fn invoices_of(&self, subscription: &str) -> Vec<serde_json::Value> {
        let pairs = [("subscription", subscription), ("limit", "100")];
        let list = self.get("/v1/invoices", &pairs).await.ok();
        let mut data = list.at("data").as_array().cloned().unwrap_or_default();
        data.reverse();
        data
    }
}

/// A Unix second by its civil date and time in UTC.
pub fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}
