//! Security codes that wait for their one authorisation: in memory only, bounded, wiped on drop (M9).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use onfile_account_data::Cvc;

/// How long a code waits, in milliseconds: as long as its source lives.
pub const CVC_LIFE_MS: i64 = 15 * 60 * 1000;
/// The most codes that wait at a time. Beyond it the oldest is dropped, and its card is authorised without.
pub const CVCS_MAX: usize = 100_000;

/// The waiting codes, by the source that they were typed for. Source ids are unguessable and unique over all accounts.
#[derive(Default)]
pub struct Cvcs(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    by_source: HashMap<String, Held>,
    /// In the order of their coming; an entry whose code is gone is passed over.
    order: VecDeque<(i64, String)>,
}

/// A code, taken out.
#[derive(Debug)]
pub struct Held {
    cvc: Cvc,
    until_ms: i64,
}

impl Held {
    /// The code.
    pub fn cvc(&self) -> &Cvc {
        &self.cvc
    }
}

impl std::fmt::Debug for Cvcs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cvcs(..)")
    }
}

impl Cvcs {
    /// Keeps a code for its source.
    pub fn hold(&self, source: &str, cvc: Cvc, now_ms: i64) {
        self.insert(source, Held { cvc, until_ms: now_ms.saturating_add(CVC_LIFE_MS) });
    }

    /// Puts a code back that did not leave after all. It lives no longer for it.
    pub fn put_back(&self, source: &str, held: Held) {
        self.insert(source, held);
    }

    /// Takes the code out: whoever gets it is the only one.
    pub fn take(&self, source: &str, now_ms: i64) -> Option<Held> {
        self.lock().by_source.remove(source).filter(|held| held.until_ms > now_ms)
    }

    /// Whether a code waits for this source.
    pub fn holds(&self, source: &str, now_ms: i64) -> bool {
        self.lock().by_source.get(source).is_some_and(|held| held.until_ms > now_ms)
    }

    /// Drops the codes whose time is over.
    pub fn drop_expired(&self, now_ms: i64) {
        let mut waiting = self.lock();
        while waiting.order.front().is_some_and(|(until_ms, _)| *until_ms <= now_ms) {
            waiting.drop_oldest();
        }
        // A code that was put back late stands in the order behind younger ones.
        waiting.by_source.retain(|_, held| held.until_ms > now_ms);
    }

    fn insert(&self, source: &str, held: Held) {
        let mut waiting = self.lock();
        if waiting.order.len() >= CVCS_MAX {
            waiting.drop_oldest();
        }
        waiting.order.push_back((held.until_ms, source.to_owned()));
        waiting.by_source.insert(source.to_owned(), held);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn drop_oldest(&mut self) {
        let Some((until_ms, source)) = self.order.pop_front() else { return };
        // A code that was put back has two entries; the first to come up ends it, which is never too late.
        if self.by_source.get(&source).is_some_and(|held| held.until_ms <= until_ms) {
            self.by_source.remove(&source);
        }
    }
}

#[cfg(test)]
mod tests {
    use onfile_core::card::Brand;
    use zeroize::Zeroizing;

    use super::*;

    fn cvc(code: &str) -> Cvc {
        Cvc::parse(Zeroizing::new(code.to_owned()), Brand::Visa).unwrap()
    }

    #[test]
    fn a_code_is_given_out_once() {
        let cvcs = Cvcs::default();
        cvcs.hold("tok_1", cvc("123"), 0);
        assert!(cvcs.holds("tok_1", 1) && !cvcs.holds("tok_2", 1));
        assert_eq!(cvcs.take("tok_1", 1).unwrap().cvc().expose_to_processor(), "123");
        assert!(cvcs.take("tok_1", 1).is_none() && !cvcs.holds("tok_1", 1));
    }

    #[test]
    fn a_code_dies_after_fifteen_minutes_also_when_it_was_put_back() {
        let cvcs = Cvcs::default();
        cvcs.hold("tok_1", cvc("123"), 0);
        let held = cvcs.take("tok_1", CVC_LIFE_MS - 2).unwrap();
        cvcs.put_back("tok_1", held);
        assert!(cvcs.holds("tok_1", CVC_LIFE_MS - 1));
        assert!(!cvcs.holds("tok_1", CVC_LIFE_MS));
        assert!(cvcs.take("tok_1", CVC_LIFE_MS).is_none());
        cvcs.hold("tok_2", cvc("123"), 0);
        cvcs.drop_expired(CVC_LIFE_MS);
        assert!(cvcs.lock().by_source.is_empty() && cvcs.lock().order.is_empty());
    }

    #[test]
    fn a_code_that_is_put_back_after_its_time_does_not_stay_behind_younger_ones() {
        let cvcs = Cvcs::default();
        cvcs.hold("tok_1", cvc("123"), 0);
        let held = cvcs.take("tok_1", 1).unwrap();
        cvcs.hold("tok_2", cvc("123"), CVC_LIFE_MS - 1);
        cvcs.drop_expired(CVC_LIFE_MS);
        cvcs.put_back("tok_1", held);
        cvcs.drop_expired(CVC_LIFE_MS);
        assert_eq!(cvcs.lock().by_source.len(), 1);
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_code_goes_first() {
        let cvcs = Cvcs::default();
        for i in 0..=CVCS_MAX {
            cvcs.hold(&format!("tok_{i}"), cvc("123"), 0);
        }
        assert!(!cvcs.holds("tok_0", 1) && cvcs.holds("tok_1", 1));
        assert_eq!(cvcs.lock().by_source.len(), CVCS_MAX);
        for i in 0..=CVCS_MAX {
            let _ = cvcs.take(&format!("tok_{i}"), 1);
        }
        for i in 0..=CVCS_MAX {
            cvcs.hold(&format!("tik_{i}"), cvc("123"), 0);
        }
        assert_eq!(cvcs.lock().order.len(), CVCS_MAX);
    }
}
