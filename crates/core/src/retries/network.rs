//! The networks' own limits per card, counted over all debts of a merchant, whoever started the attempts.
//!
//! Visa: 20 attempts in 30 days after declines of categories 2 to 4, none after category 1 (Core Rules of 18 April
//! 2026, as told by developer.tabapay.com/excessive-retry-rules; older pages say 15). Mastercard: more than 10 declines
//! of a card in 24 hours, or more than 35 of the same card, merchant and amount in 30 days, cost a fee each, and any
//! attempt within 30 days of advice 03 or 21
//! (developer.paypal.com, Braintree: Mastercard excessive attempts). Read in November 2026.

use jiff::{SignedDuration, Timestamp};

use super::after;
use crate::card::Brand;

/// Visa's limit within [`MONTH`].
pub const VISA_MONTH_MAX: usize = 20;
/// Mastercard's limit within [`DAY`].
pub const MASTERCARD_DAY_MAX: usize = 10;
/// Mastercard's limit within [`MONTH`] for the same amount.
pub const MASTERCARD_MONTH_MAX: usize = 35;
/// A rolling day.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A rolling month as the networks count it: 30 days.
pub const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A decline of this card at this merchant within the last 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastDecline {
    /// When.
    pub at: Timestamp,
    /// Whether it was one after which the network wants no other ([`crate::decline::DeclineReason::is_never`]).
    pub never: bool,
    /// Whether the amount was the one that is about to be charged.
    pub same_amount: bool,
}

/// What a network allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkLimit {
    /// An attempt.
    Allowed,
    /// None before this moment.
    WaitUntil {
        /// The first moment at which it is allowed.
        at: Timestamp,
        /// For people.
        because: String,
    },
    /// None with this card.
    Stop(String),
}

/// Whether one more attempt stays within the network's limits, given the card's earlier declines in any order.
pub fn network_limit(brand: Brand, declines: &[PastDecline], now: Timestamp) -> NetworkLimit {
    if brand == Brand::Visa && declines.iter().any(|decline| decline.never) {
        return NetworkLimit::Stop("Visa forbids another attempt after this bank's final no.".into());
    }
    let never = declines.iter().filter(|decline| decline.never);
    let same = |decline: &&PastDecline| decline.same_amount;
    let limits = match brand {
        Brand::Visa => vec![free_from(declines.iter(), VISA_MONTH_MAX, MONTH, now)],
        Brand::Mastercard | Brand::Maestro => vec![
            free_from(never, 1, MONTH, now),
            free_from(declines.iter(), MASTERCARD_DAY_MAX, DAY, now),
            free_from(declines.iter().filter(same), MASTERCARD_MONTH_MAX, MONTH, now),
        ],
        _ => vec![],
    };
    match limits.into_iter().flatten().max() {
        None => NetworkLimit::Allowed,
        Some(at) => NetworkLimit::WaitUntil {
            at,
            because: "The card was declined as often as its network allows; the next attempt has to wait."
                .into(),
        },
    }
}

/// When fewer than `most` of these lie within the window; none when that is so now.
fn free_from<'a>(
    declines: impl Iterator<Item = &'a PastDecline>,
    most: usize,
    window: SignedDuration,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut times: Vec<Timestamp> = declines.map(|decline| decline.at).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    // When the oldest of the latest `most` has left the window, there is room again.
    let oldest = times.get(most.checked_sub(1)?)?;
    Some(after(*oldest, window)).filter(|free| *free > now)
}
