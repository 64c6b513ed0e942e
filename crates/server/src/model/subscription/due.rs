//! What is due of an agreement, and when the next thing is. Pure: the agreement and the time go in.

use jiff::Timestamp;
use jiff::civil::Date;
use onfile_core::recurrence::{BusinessDays, Occurrence, Recurrence};
use onfile_core::subscription::{INCOMPLETE_SECONDS, SubscriptionStatus};

use super::Subscription;
use crate::config::mail::CARD_EXPIRING_DAYS_MAX;
use crate::model::invoice::Period;

/// What is to be done about an agreement now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// This occurrence is to be billed.
    Bill(Occurrence),
    /// It has reached its end, at this Unix second.
    End(i64),
    /// Its first invoice was not paid in time.
    Expire,
}

/// Holidays are known to nobody yet; weekends are.
fn business_days() -> BusinessDays<'static> {
    BusinessDays::without(&[])
}

/// The occurrence that is billed next, if there is one.
pub fn next_occurrence(subscription: &Subscription) -> Option<Occurrence> {
    subscription.schedule.occurrence(subscription.next_occurrence, business_days())
}

/// An occurrence of a schedule by its number.
pub fn occurrence(schedule: &Recurrence, index: u32) -> Option<Occurrence> {
    schedule.occurrence(index, business_days())
}

/// What an occurrence pays for: from its own nominal moment to the next one's, wherever the charges were moved to.
pub fn period(schedule: &Recurrence, occurrence: &Occurrence) -> Period {
    Period { start: nominal(schedule, occurrence.date), end: nominal(schedule, occurrence.period_end) }
}

fn nominal(schedule: &Recurrence, date: Date) -> i64 {
    let moment = schedule.zone().to_timestamp(date.to_datetime(schedule.time()));
    moment.map_or(0, Timestamp::as_second)
}

/// What is due at this Unix second, if anything is. An end comes before a charge of the same moment.
pub fn due(subscription: &Subscription, now: i64) -> Option<Due> {
    let (at, what) = next(subscription)?;
    (at <= now).then_some(what)
}

/// When the next thing is due, Unix seconds.
pub fn next_due(subscription: &Subscription) -> Option<i64> {
    next(subscription).map(|(at, _)| at)
}

/// The occurrence that will be charged next, without the customer.
pub fn next_charge(subscription: &Subscription) -> Option<Occurrence> {
    match next(subscription)? {
        (_, Due::Bill(occurrence)) if subscription.collection_method == "charge_automatically" => {
            Some(occurrence)
        }
        _ => None,
    }
}

/// From when on it is worth looking whether the card lives to see the next charge, Unix seconds: the longest time ahead
/// that can be configured.
pub fn card_look(subscription: &Subscription) -> Option<i64> {
    let charge = next_charge(subscription)?;
    let ahead = i64::from(CARD_EXPIRING_DAYS_MAX) * 86_400;
    Some(charge.due.as_second().saturating_sub(ahead).max(0))
}

fn next(subscription: &Subscription) -> Option<(i64, Due)> {
    if subscription.status == SubscriptionStatus::Incomplete {
        return Some((subscription.created + INCOMPLETE_SECONDS, Due::Expire));
    }
    if !subscription.status.is_billed() {
        return None;
    }
    let occurrence = next_occurrence(subscription);
    let bill = occurrence.map(|occurrence| (occurrence.due.as_second(), Due::Bill(occurrence)));
    match (end(subscription, occurrence.is_some()), bill) {
        (Some(end), Some((at, _))) if end <= at => Some((end, Due::End(end))),
        (Some(end), None) => Some((end, Due::End(end))),
        (_, bill) => bill,
    }
}

/// When it ends: as was asked for, with the period that is paid, or because its schedule is over.
fn end(subscription: &Subscription, goes_on: bool) -> Option<i64> {
    // Before anything was paid or given there is no period that it could end with.
    let has_period = subscription.latest_invoice.is_some() || subscription.trial.is_some();
    let with_period = has_period && (subscription.cancel_at_period_end || !goes_on);
    let with_period = with_period.then_some(subscription.current_period.end);
    match (subscription.cancel_at, with_period) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The first occurrence that is due after a moment.
pub fn next_after(schedule: &Recurrence, moment: Timestamp) -> Option<Occurrence> {
    schedule.next_after(moment, business_days())
}
