//! Webhooks: events on their way to the merchant's own servers.
//!
//! Nothing is written for them when an event is: each endpoint has a cursor in the account's order
//! ([`crate::event_order`]), and a delivery gets its row when it was tried. Events go out in order, one at a time, while
//! an endpoint keeps up. One that has fallen behind gets several objects' events at the same time, each object's in
//! order. As with Stripe, a delivery that failed blocks nothing: it is tried again later, so a consumer applies an event
//! when its `object_version` is newer than what it has, or reads `/v1/onfile/events` from a cursor.

pub mod address;
mod deliver;
mod load;
mod parcel;
mod schedule;
mod sender;
mod signature;
mod target;
mod turn;

pub use deliver::{once, run};
pub use parcel::Outstanding;
pub use schedule::GIVE_UP_AFTER_MS;
pub use sender::{Names, Sender, SenderError, SystemNames};
pub use target::{TargetError, Trust};

use std::sync::Arc;

use onfile_core::ids::IdSource;
use onfile_core::random::Random;
use onfile_service::secret::Secret;
use tokio::sync::Notify;

/// What a webhook's secret begins with, as Stripe's do.
const SECRET_PREFIX: &str = "whsec_";
/// How many base-62 digits follow it: 190 bits.
const SECRET_DIGITS: usize = 32;

/// What a process sends webhooks with.
pub struct Webhooks {
    /// Opens the connections.
    pub sender: Sender,
    random: Arc<dyn Random>,
    wake: Notify,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhooks(..)")
    }
}

impl Webhooks {
    /// With this sender, and this randomness for spreading retries.
    pub fn new(sender: Sender, random: Arc<dyn Random>) -> Self {
        Self { sender, random, wake: Notify::new() }
    }

    /// There is something to send.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

/// A new secret of an endpoint.
pub fn new_secret(ids: &IdSource) -> Secret {
    Secret::new(format!("{SECRET_PREFIX}{}", ids.secret(SECRET_DIGITS)))
}
