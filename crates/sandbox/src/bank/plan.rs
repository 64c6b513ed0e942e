//! The course of a debit, by the account's part in the table of test accounts.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use onfile_account_data::test_cards::BankBehaviour;

use super::entry::{DebitStatus, DebitStep};

/// Hours in a day. The bank works every day: weekends and holidays are not played.
const DAY: i64 = 24;
/// When a debit has left for the customer's bank.
const PENDING_AFTER_HOURS: i64 = DAY;
/// When a debit that fails comes back: most returns come within two banking days.
const RETURNED_AFTER_HOURS: i64 = 2 * DAY;
/// When a debit has settled (Stripe: about four business days).
const SETTLED_AFTER_HOURS: i64 = 4 * DAY;
/// When a settled debit that its holder disputes comes back: within 60 calendar days.
const DISPUTED_AFTER_HOURS: i64 = 14 * DAY;
/// What a dispute comes back with: not authorised.
const DISPUTE_CODE: &str = "R10";
/// When micro-deposits arrive.
const DEPOSITS_AFTER_HOURS: i64 = 2 * DAY;
/// When they can no longer be told (Stripe: ten days).
const DEPOSITS_EXPIRE_AFTER_HOURS: i64 = 10 * DAY;
/// How many wrong guesses there may be (Stripe for amounts, and what Nacha asks for: few).
pub const GUESSES_MAX: u32 = 3;

/// What will become of a debit that is submitted now; why not, when it is refused at once.
pub fn course(behaviour: BankBehaviour, now: Timestamp) -> Result<Vec<DebitStep>, &'static str> {
    let step = |hours, to, code: Option<&str>| DebitStep {
        at: after(now, hours),
        to,
        return_code: code.map(Arc::from),
    };
    let pending = step(PENDING_AFTER_HOURS, DebitStatus::Pending, None);
    let settled = step(SETTLED_AFTER_HOURS, DebitStatus::Settled, None);
    Ok(match behaviour {
        BankBehaviour::Settles | BankBehaviour::NoMicroDeposits => vec![pending, settled],
        BankBehaviour::StaysPending => vec![pending],
        BankBehaviour::SettlesThenDisputed => {
            let back = step(DISPUTED_AFTER_HOURS, DebitStatus::Returned, Some(DISPUTE_CODE));
            vec![pending, settled, back]
        }
        BankBehaviour::Returned(code) => {
            vec![pending, step(RETURNED_AFTER_HOURS, DebitStatus::Returned, Some(code))]
        }
        BankBehaviour::Refused(why) => return Err(why),
    })
}

/// When micro-deposits that are sent now arrive, and when they expire.
pub fn deposits(now: Timestamp) -> (Timestamp, Timestamp) {
    (after(now, DEPOSITS_AFTER_HOURS), after(now, DEPOSITS_EXPIRE_AFTER_HOURS))
}

fn after(now: Timestamp, hours: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_course_and_the_steps_stand_in_order() {
        use DebitStatus::{Pending, Returned, Settled};
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        for (behaviour, want) in [
            (BankBehaviour::Settles, Ok(vec![(1, Pending, None), (4, Settled, None)])),
            (BankBehaviour::StaysPending, Ok(vec![(1, Pending, None)])),
            (
                BankBehaviour::SettlesThenDisputed,
                Ok(vec![(1, Pending, None), (4, Settled, None), (14, Returned, Some("R10"))]),
            ),
            (BankBehaviour::Returned("R01"), Ok(vec![(1, Pending, None), (2, Returned, Some("R01"))])),
            (BankBehaviour::Refused("x"), Err("x")),
        ] {
            let got = course(behaviour, now).map(|steps| {
                assert!(steps.is_sorted_by_key(|step| step.at));
                let days = |step: &DebitStep| step.at.duration_since(now).as_hours() / DAY;
                steps
                    .iter()
                    .map(|step| (days(step), step.to, step.return_code.as_deref().map(str::to_owned)))
                    .collect::<Vec<_>>()
            });
            let want = want.map(|steps| {
                steps.into_iter().map(|(d, to, code)| (d, to, code.map(str::to_owned))).collect::<Vec<_>>()
            });
            assert_eq!(got, want, "{behaviour:?}");
        }
    }
}
