//! The orders that this process is sending at this moment.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most orders under way. Beyond it the caller is told to come back; each waits for a processor for seconds.
pub const ORDERS_MAX: usize = 2048;

/// Who is under way.
#[derive(Debug)]
pub struct InFlight {
    keys: Mutex<HashSet<String>>,
    places: Arc<Semaphore>,
}

impl Default for InFlight {
    fn default() -> Self {
        Self { keys: Mutex::default(), places: Arc::new(Semaphore::new(ORDERS_MAX)) }
    }
}

/// An order is under way as long as this lives.
#[derive(Debug)]
pub struct Entered<'a> {
    all: &'a InFlight,
    key: String,
}

impl InFlight {
    /// A place for one more order; none when there are too many.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Enters an order; none when it is under way.
    pub fn enter(&self, account: &str, operation: &str) -> Option<Entered<'_>> {
        let key = format!("{account}/{operation}");
        let entered = self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        entered.then(|| Entered { all: self, key })
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.all.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
