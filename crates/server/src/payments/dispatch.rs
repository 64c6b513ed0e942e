//! Many operations at a time: sent with hundreds under way, and settled in sets.
//!
//! The outcomes that come while a set is being settled are the next set. So sets grow with the load by themselves, and
//! nobody waits for one to fill.

use std::sync::Arc;

use onfile_core::ids::Id;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

use crate::app::App;
use crate::model::operation::Operation;

use super::Cause;
use super::begin::lease_until;
use super::carry_out::send;
use super::settle::set::{Sent, settle_set};
use super::settle::settle;

/// How many requests are under way at a time: a processor that takes 300 ms is then asked 800 times a second.
pub const IN_FLIGHT: usize = 256;
/// How many outcomes are settled in one transaction, at the most: on SQLite the writer is held for some ten milliseconds.
const SET: usize = 100;
/// How many sets are settled at a time: enough to keep PostgreSQL busy while the next one is read.
const SETTLERS: usize = 4;

/// Operations of payments of one account, on their way.
#[derive(Debug)]
pub struct Dispatch {
    app: Arc<App>,
    cause: Cause,
    places: Arc<Semaphore>,
    sending: JoinSet<()>,
    settling: JoinSet<()>,
    outcomes: mpsc::Sender<Sent>,
}

impl Dispatch {
    /// None is on its way yet.
    pub fn new(app: &Arc<App>, cause: &Cause) -> Self {
        let (outcomes, coming) = mpsc::channel(IN_FLIGHT);
        let coming = Arc::new(Mutex::new(coming));
        let mut settling = JoinSet::new();
        for _ in 0..SETTLERS {
            settling.spawn(settle_all(Arc::clone(app), cause.clone(), Arc::clone(&coming)));
        }
        Self {
            app: Arc::clone(app),
            cause: cause.clone(),
            places: Arc::new(Semaphore::new(IN_FLIGHT)),
            sending: JoinSet::new(),
            settling,
            outcomes,
        }
    }

    /// Sends a begun operation of a payment as soon as there is a place.
    pub async fn send(&mut self, operation: Operation) {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let (app, outcomes) = (Arc::clone(&self.app), self.outcomes.clone());
        self.sending.spawn(async move {
            let report = send(&app, &operation, lease_until(&app, &operation)).await;
            let id = operation.id.clone();
            if outcomes.send(Sent { operation, report }).await.is_err() {
                tracing::error!(operation = %id, "nobody settles any more; it will be looked up");
            }
            drop(place);
        });
        // Those that are done are forgotten, so that memory does not grow with the run.
        while let Some(done) = self.sending.try_join_next() {
            note(done);
        }
    }

    /// Waits until everything has come back and is settled.
    pub async fn finish(mut self) {
        while let Some(done) = self.sending.join_next().await {
            note(done);
        }
        drop(self.outcomes);
        while let Some(done) = self.settling.join_next().await {
            note(done);
        }
        tracing::debug!(account = %self.cause.account.id, "all that was sent is settled");
    }
}

fn note(done: Result<(), JoinError>) {
    if let Err(error) = done {
        tracing::error!(%error, "an operation broke off; it will be looked up");
    }
}

/// Settles what comes, until nothing does any more.
async fn settle_all(app: Arc<App>, cause: Cause, coming: Arc<Mutex<mpsc::Receiver<Sent>>>) {
    let mut sent = Vec::with_capacity(SET);
    while coming.lock().await.recv_many(&mut sent, SET).await > 0 {
        if let Err(error) = settle_set(&app, &cause, &mut sent).await {
            tracing::warn!(%error, operations = sent.len(), "a set could not be settled together; each is alone");
            settle_each(&app, &cause, &sent).await;
        }
        sent.clear();
    }
}

/// One that cannot be settled holds up no other.
async fn settle_each(app: &App, cause: &Cause, sent: &[Sent]) {
    for Sent { operation, report } in sent {
        if let Err(error) = settle(app, cause, &operation.id, &operation.debt, report).await {
            tracing::error!(operation = %operation.id.as_str(), %error, "an outcome could not be stored; it will be looked up");
        }
    }
}
