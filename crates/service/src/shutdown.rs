//! How a process is told to stop: one flag that everybody who works can wait for.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Waits for the order to stop. Clones share the order.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// Gives the order to stop; dropping it gives the order as well, so that nobody outlives its owner.
#[derive(Debug)]
pub struct ShutdownTrigger(watch::Sender<bool>);

impl Shutdown {
    /// An order that is given by hand.
    pub fn manual() -> (ShutdownTrigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (ShutdownTrigger(sender), Self(receiver))
    }

    /// The order that SIGTERM or SIGINT gives. To be called within the runtime.
    ///
    /// # Errors
    /// When the operating system refuses to tell of signals.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (trigger, shutdown) = Self::manual();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!("{name}: finishing what is under way");
            trigger.stop();
        });
        Ok(shutdown)
    }

    /// Returns when the order was given, at once if it was given before.
    pub async fn requested(&self) {
        // An error says that the trigger is gone, which is an order too.
        let _ = self.0.clone().wait_for(|&stop| stop).await;
    }

    /// Whether the order was given.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

impl ShutdownTrigger {
    /// Gives the order.
    pub fn stop(&self) {
        // Kept for those who ask later, also when nobody waits at this moment.
        self.0.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_order_reaches_every_clone_whether_given_or_dropped() {
        for given in [true, false] {
            let (trigger, shutdown) = Shutdown::manual();
            let clone = shutdown.clone();
            assert!(!clone.is_requested());
            if given {
                trigger.stop();
            } else {
                drop(trigger);
            }
            shutdown.requested().await;
            clone.requested().await;
            assert!(clone.is_requested());
        }
    }
}
