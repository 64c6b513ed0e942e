//! The work that goes on in the background, in `onfile serve`, in `onfile work`, or in several of them at the same time.
//!
//! Any number of processes may do it: each kind of work claims what it does by lease or by a key, and what a process
//! that died had claimed is another's once its lease is over.

use std::sync::Arc;
use std::time::Duration;

use onfile_service::listen::DRAIN_LIMIT;
use onfile_service::shutdown::Shutdown;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::{billing, event_order, forget, imports, notices, payments, search, vault_accounts, webhooks};

/// Work that was started.
#[derive(Debug)]
pub struct Work(JoinSet<()>);

/// Starts all of it. It ends after [`App::stop`].
pub fn start(app: &Arc<App>) -> Work {
    let mut work = numbering(app);
    work.0.spawn(vault_accounts::run(Arc::clone(app)));
    work.0.spawn(payments::resolve::run(Arc::clone(app)));
    work.0.spawn(payments::debits::poll::run(Arc::clone(app)));
    work.0.spawn(payments::destroy::run(Arc::clone(app)));
    work.0.spawn(billing::runs::schedule(Arc::clone(app)));
    work.0.spawn(notices::worker::run(Arc::clone(app)));
    work.0.spawn(notices::expiring::run(Arc::clone(app)));
    work.0.spawn(webhooks::run(Arc::clone(app)));
    work.0.spawn(imports::run(Arc::clone(app)));
    work.0.spawn(search::follow::run(Arc::clone(app)));
    work.0.spawn(forget::run(Arc::clone(app)));
    work
}

/// Starts only what every process does about its own writes: numbering events. Another process finds them too, but
/// seconds later.
pub fn numbering(app: &Arc<App>) -> Work {
    let mut work = JoinSet::new();
    work.spawn(event_order::run(Arc::clone(app)));
    Work(work)
}

impl Work {
    /// Returns when all has ended after [`App::stop`], and at the latest [`DRAIN_LIMIT`] after that. What has not ended
    /// by then is broken off: every step is a transaction of its own, leases run out, and what was sent is looked up.
    pub async fn finished(mut self, shutdown: &Shutdown) {
        shutdown.requested().await;
        let ended = async { while self.0.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_LIMIT, ended).await.is_err() {
            tracing::warn!(
                left = self.0.len(),
                "work was broken off; others take it over when its leases are over"
            );
        }
    }
}

/// Does a round at once and then with every tick, until the order to stop: a round that is under way then is finished.
/// One that fails is reported in these words, and done again with the next tick.
pub(crate) async fn rounds<E: std::fmt::Display, F: Future<Output = Result<(), E>>>(
    shutdown: Shutdown,
    every: Duration,
    failed: &'static str,
    mut round: impl FnMut() -> F,
) {
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = shutdown.requested() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = round().await {
            tracing::warn!(%error, "{failed}; trying again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rounds_go_on_after_a_failure_and_end_with_the_order_after_the_one_under_way() {
        let (trigger, shutdown) = Shutdown::manual();
        let mut done = 0;
        rounds(shutdown, Duration::from_millis(1), "it failed", || {
            done += 1;
            if done == 3 {
                trigger.stop();
            }
            std::future::ready(if done == 1 { Err("no") } else { Ok(()) })
        })
        .await;
        assert_eq!(done, 3);
    }
}
