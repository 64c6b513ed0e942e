//! Tables of histories, and what holds for all of them.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

use super::bank::Returned;
use super::network::{DAY, MONTH, NetworkLimit, PastDecline, network_limit};
use super::*;
use crate::ach::REPRESENTMENTS_MAX;
use crate::card::Brand;

fn hour(hours: i64) -> Timestamp {
    "2027-01-01T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

fn reason(code: &'static str) -> DeclineReason<'static> {
    DeclineReason { network_code: Some(code), ..DeclineReason::default() }
}

fn advised(code: &'static str, advice: &'static str) -> DeclineReason<'static> {
    DeclineReason { advice_code: Some(advice), ..reason(code) }
}

/// A merchant's attempt with card `a`.
fn tried(hours: i64, outcome: Outcome<'static>) -> Attempt<'static> {
    Attempt { at: hour(hours), initiator: Initiator::Merchant, card: "a", outcome }
}

fn no(hours: i64, code: &'static str) -> Attempt<'static> {
    tried(hours, Outcome::Declined(reason(code)))
}

fn card(fingerprint: &str) -> Card<'_> {
    Card { fingerprint, changed_at: None }
}

/// A word for the kind, and the hour of a retry.
fn short(plan: &Plan) -> (&'static str, i64) {
    match plan {
        Plan::Retry { at, .. } => ("retry", at.duration_since(hour(0)).as_hours()),
        Plan::Wait(_) => ("wait", 0),
        Plan::Stop(_) => ("stop", 0),
        Plan::AskCustomer(_) => ("ask", 0),
    }
}

#[test]
fn a_decline_is_followed_by_what_its_class_allows() {
    let outage = |hours| tried(hours, Outcome::Outage);
    for (history, now, want) in [
        (vec![], 0, ("retry", 0)),
        (vec![no(0, "51")], 0, ("retry", 72)),
        (vec![no(0, "91")], 0, ("retry", 72)),
        (vec![no(0, "51"), no(72, "51")], 72, ("retry", 168)),
        (vec![no(0, "51"), no(120, "51")], 120, ("retry", 192)),
        (vec![no(0, "51"), no(72, "51"), no(168, "51")], 168, ("ask", 0)),
        (vec![no(0, "51")], 500, ("retry", 500)),
        (vec![no(0, "05")], 0, ("retry", 72)),
        (vec![no(0, "05"), no(72, "05")], 72, ("ask", 0)),
        (vec![no(0, "05"), no(72, "51")], 72, ("ask", 0)),
        (vec![no(0, "51"), no(72, "05")], 72, ("retry", 168)),
        (vec![no(0, "41")], 0, ("ask", 0)),
        (vec![no(0, "54")], 0, ("ask", 0)),
        (vec![no(0, "94")], 0, ("stop", 0)),
        (vec![no(0, "R1")], 0, ("stop", 0)),
        (vec![tried(0, Outcome::Declined(advised("51", "30")))], 0, ("retry", 240)),
        (vec![tried(0, Outcome::Declined(advised("51", "24")))], 0, ("retry", 72)),
        (vec![tried(0, Outcome::Declined(advised("51", "03")))], 0, ("ask", 0)),
        (vec![tried(0, Outcome::Declined(advised("05", "21")))], 0, ("stop", 0)),
        (vec![tried(0, Outcome::Declined(advised("51", "22")))], 0, ("stop", 0)),
        (vec![tried(0, Outcome::Open)], 0, ("wait", 0)),
        (vec![no(0, "51"), tried(72, Outcome::Paid)], 72, ("stop", 0)),
        // An outage counts for nothing but a short wait.
        (vec![outage(0), outage(1), outage(2), outage(3)], 3, ("retry", 3)),
        (vec![no(0, "51"), outage(72)], 72, ("retry", 72)),
        (vec![no(0, "51"), no(72, "51"), outage(168)], 168, ("retry", 168)),
        (vec![outage(0); 16], 0, ("stop", 0)),
    ] {
        let plan = RetryPolicy::default().next(&history, card("a"), hour(now));
        assert_eq!(short(&plan), want, "{history:?}: {plan:?}");
    }
}

#[test]
fn an_outage_is_waited_out_longer_each_time() {
    let outages = [tried(0, Outcome::Outage); 3];
    for (count, minutes) in [(1, 5), (2, 10), (3, 20)] {
        let plan = RetryPolicy::default().next(&outages[..count], card("a"), hour(0));
        assert!(
            matches!(plan, Plan::Retry { at, .. } if at.duration_since(hour(0)).as_mins() == minutes),
            "{plan:?}"
        );
    }
}

#[test]
fn another_card_is_tried_at_once_within_the_same_three() {
    for (history, want) in [
        (vec![no(0, "41")], ("retry", 1)),
        (vec![no(0, "54")], ("retry", 1)),
        (vec![no(0, "05"), no(0, "05")], ("retry", 1)),
        (vec![no(0, "41"), no(0, "41"), no(0, "41")], ("ask", 0)),
        (vec![no(0, "R0")], ("stop", 0)),
    ] {
        let plan = RetryPolicy::default().next(&history, card("b"), hour(1));
        assert_eq!(short(&plan), want, "{history:?}: {plan:?}");
    }
}

#[test]
fn changed_data_reopens_what_needed_it_and_nothing_else() {
    for (code, changed, want) in
        [("54", 1, ("retry", 2)), ("54", 0, ("ask", 0)), ("41", 1, ("ask", 0)), ("51", 1, ("retry", 72))]
    {
        let changed = Card { fingerprint: "a", changed_at: Some(hour(changed)) };
        let plan = RetryPolicy::default().next(&[no(0, code)], changed, hour(2));
        assert_eq!(short(&plan), want, "{code}: {plan:?}");
    }
}

#[test]
fn attempts_with_the_customer_present_use_no_budget_and_still_condemn_a_card() {
    let present = |code| Attempt { initiator: Initiator::Customer, ..no(0, code) };
    let history = [present("51"), present("51"), present("51"), present("51")];
    assert_eq!(short(&RetryPolicy::default().next(&history, card("a"), hour(0))).0, "retry");
    assert_eq!(short(&RetryPolicy::default().next(&[present("43")], card("a"), hour(0))).0, "ask");
}

#[test]
fn a_policy_has_at_most_two_retries_in_order() {
    for (days, want) in [
        (vec![], Ok(())),
        (vec![1, 60], Ok(())),
        (vec![3, 7, 9], Err(RetryPolicyError::TooMany)),
        (vec![7, 3], Err(RetryPolicyError::Days)),
        (vec![3, 3], Err(RetryPolicyError::Days)),
        (vec![0], Err(RetryPolicyError::Days)),
        (vec![61], Err(RetryPolicyError::Days)),
    ] {
        assert_eq!(RetryPolicy::new(days.clone()).map(|_| ()), want, "{days:?}");
    }
    let once = RetryPolicy::new(vec![3]).unwrap();
    assert_eq!(short(&once.next(&[no(0, "51"), no(72, "51")], card("a"), hour(72))).0, "ask");
}

#[test]
fn a_returned_debit_is_presented_again_for_missing_funds_alone() {
    for (code, represented, now, want) in [
        ("R01", 0, 48, ("retry", 72)),
        ("R09", 1, 96, ("retry", 168)),
        ("R01", REPRESENTMENTS_MAX, 200, ("ask", 0)),
        ("R01", 0, 24 * 180, ("retry", 24 * 180)),
        ("R01", 0, 24 * 180 + 1, ("ask", 0)),
        ("R02", 0, 48, ("ask", 0)),
        ("R08", 0, 48, ("ask", 0)),
        ("R10", 0, 48, ("stop", 0)),
        ("R11", 0, 48, ("stop", 0)),
        ("R16", 0, 48, ("stop", 0)),
        ("R17", 0, 48, ("stop", 0)),
        ("R99", 0, 48, ("stop", 0)),
    ] {
        let returned = Returned { code, settled_at: hour(0), represented };
        let plan = RetryPolicy::default().after_return(returned, hour(now));
        assert_eq!(short(&plan), want, "{code}: {plan:?}");
    }
}

#[test]
fn a_networks_limit_is_kept_until_its_window_has_moved_on() {
    let past = |count: i64, same_amount| -> Vec<PastDecline> {
        (0..count).map(|hours| PastDecline { at: hour(hours), never: false, same_amount }).collect()
    };
    let never = vec![PastDecline { at: hour(0), never: true, same_amount: false }];
    for (brand, declines, now, want) in [
        (Brand::Visa, past(19, false), 20, Ok(None)),
        (Brand::Visa, past(20, false), 20, Ok(Some(hour(0) + MONTH))),
        (Brand::Visa, past(21, false), 21, Ok(Some(hour(1) + MONTH))),
        (Brand::Visa, past(20, false), 24 * 30, Ok(None)),
        (Brand::Visa, never.clone(), 1, Err(())),
        (Brand::Mastercard, never.clone(), 1, Ok(Some(hour(0) + MONTH))),
        (Brand::Mastercard, never.clone(), 24 * 30, Ok(None)),
        (Brand::Amex, never, 1, Ok(None)),
        (Brand::Mastercard, past(9, false), 9, Ok(None)),
        (Brand::Mastercard, past(10, false), 10, Ok(Some(hour(0) + DAY))),
        (Brand::Mastercard, past(35, true), 24 * 20, Ok(Some(hour(0) + MONTH))),
        (Brand::Mastercard, past(35, false), 24 * 20, Ok(None)),
        (Brand::Amex, past(99, true), 99, Ok(None)),
    ] {
        let got = match network_limit(brand, &declines, hour(now)) {
            NetworkLimit::Allowed => Ok(None),
            NetworkLimit::WaitUntil { at, .. } => Ok(Some(at)),
            NetworkLimit::Stop(_) => Err(()),
        };
        assert_eq!(got, want, "{brand:?}, {} declines, hour {now}", declines.len());
    }
}

const CODES: [&str; 12] = ["51", "91", "05", "62", "41", "54", "1A", "59", "94", "R1", "65", "??"];
const ADVICE: [Option<&str>; 8] =
    [None, None, None, Some("01"), Some("02"), Some("24"), Some("28"), Some("03")];

prop_compose! {
    fn event()(
        outage in proptest::bool::weighted(0.3),
        code in select(&CODES[..]),
        advice_code in select(&ADVICE[..]),
        card in select(&["a", "b"][..]),
        changed in any::<bool>(),
    ) -> (Outcome<'static>, &'static str, bool) {
        let reason = DeclineReason { network_code: Some(code), advice_code, code: None };
        (if outage { Outcome::Outage } else { Outcome::Declined(reason) }, card, changed)
    }
}

proptest! {
    /// Whatever banks answer and customers change, a schedule that obeys its plans keeps the promises.
    #[test]
    fn no_course_of_events_breaks_a_promise(events in proptest::collection::vec(event(), 1..30)) {
        let (policy, mut now) = (RetryPolicy::default(), hour(0));
        let mut history: Vec<Attempt<'static>> = Vec::new();
        for (outcome, fingerprint, changed) in events {
            let changed_at = changed.then_some(now);
            let Plan::Retry { at, because } = policy.next(&history, Card { fingerprint, changed_at }, now) else { continue };
            prop_assert!(at >= now && !because.is_empty());
            let own = history.iter().filter(|attempt| attempt.card == fingerprint).filter_map(|a| Some((a.at, declined(a)?)));
            let own: Vec<_> = own.collect();
            prop_assert!(own.iter().all(|(_, reason)| reason.class() != DeclineClass::Hard), "{:?}", own);
            if let Some((last, reason)) = own.last() {
                prop_assert!(reason.wait().is_none_or(|wait| at >= *last + wait), "too early: {:?}", own);
                prop_assert!(reason.class() != DeclineClass::Operational);
                prop_assert!(reason.class() != DeclineClass::Fix || changed_at.is_some_and(|changed| changed > *last));
            }
            let soft_once = own.iter().filter(|(_, reason)| reason.class() == DeclineClass::SoftOnce).count();
            prop_assert!(soft_once <= 1, "{:?}", own);
            now = at + SignedDuration::from_secs(1);
            history.push(Attempt { at, initiator: Initiator::Merchant, card: fingerprint, outcome });
        }
        let reached = history.iter().filter(|attempt| attempt.outcome != Outcome::Outage).count();
        prop_assert!(reached <= 3, "{} attempts reached a bank", reached);
    }
}
