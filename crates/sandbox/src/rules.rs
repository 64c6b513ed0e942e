//! How the stand-in issuer answers: pure rules from a card's behaviour and the request's circumstances.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::Offset;
use onfile_account_data::Pan;
use onfile_account_data::test_cards::{Behaviour, Challenge, TestCard, TestDecline};
use onfile_core::decline::Advice;
use serde::{Deserialize, Serialize};

/// Who started a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initiator {
    /// The customer is present and can answer a challenge.
    Customer,
    /// The merchant, under an agreement; nobody is there to answer.
    Merchant,
}

/// Why an issuer declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// In Stripe's vocabulary of decline codes.
    pub code: Cow<'static, str>,
    /// ISO 8583 field 39.
    pub network_code: Cow<'static, str>,
    /// What to do next, as Stripe words the networks' advice; none where only the customer can help.
    pub advice_code: Option<Cow<'static, str>>,
}

/// The number is no card's (response 14, "no such number").
pub const INCORRECT_NUMBER: Decline = decline("incorrect_number", "14", Some("confirm_card_data"));
/// The card's last month is over.
pub const EXPIRED_CARD: Decline = decline("expired_card", "54", Some("confirm_card_data"));
/// The holder must be asked and cannot be (response 1A, "additional customer authentication required").
pub const AUTHENTICATION_REQUIRED: Decline = decline("authentication_required", "1A", None);
/// The holder was asked and did not approve.
pub const AUTHENTICATION_FAILED: Decline = decline("authentication_failed", "1A", None);
/// The code of a decline for a wrong security code.
const INCORRECT_CVC: &str = "incorrect_cvc";

const fn decline(
    code: &'static str,
    network_code: &'static str,
    advice_code: Option<&'static str>,
) -> Decline {
    let advice_code = match advice_code {
        Some(advice) => Some(Cow::Borrowed(advice)),
        None => None,
    };
    Decline { code: Cow::Borrowed(code), network_code: Cow::Borrowed(network_code), advice_code }
}

impl From<TestDecline> for Decline {
    fn from(part: TestDecline) -> Self {
        decline(part.code, part.network_code, part.advice.map(Advice::as_str))
    }
}

/// What became of the security code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CvcCheck {
    /// Sent and right.
    Pass,
    /// Sent and wrong.
    Fail,
    /// Sent, but the issuer did not look.
    Unavailable,
    /// Not sent.
    Unchecked,
}

/// What a decision depends on besides the card's behaviour.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a request, not a state")]
pub struct Circumstances {
    /// Who started it.
    pub initiator: Initiator,
    /// Whether a challenge can be shown: the request said where to return to.
    pub can_challenge: bool,
    /// Whether the card's last month is over.
    pub expired: bool,
    /// Whether this merchant had the holder authenticated before.
    pub authenticated: bool,
    /// Whether it is a zero-amount check.
    pub verification: bool,
}

/// The issuer's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Decline(Decline),
    /// The holder must be asked; when they approve, this decline follows, or approval.
    Challenge(Option<Decline>),
}

/// What the issuer of this number does. A genuine number that is not in the table approves.
pub fn behaviour(number: &Pan) -> Behaviour {
    TestCard::with_number(number).map_or(Behaviour::Approves, |card| card.behaviour)
}

/// Decides a payment or a verification with a genuine number.
pub fn judge(card: Behaviour, given: Circumstances) -> Verdict {
    if given.expired {
        return Verdict::Decline(EXPIRED_CARD);
    }
    let then = match card {
        Behaviour::Approves | Behaviour::CvcFails | Behaviour::ChallengeRequired(_) => None,
        Behaviour::AttachesThenDeclines(_) if given.verification => None,
        Behaviour::Declines(why)
        | Behaviour::AttachesThenDeclines(why)
        | Behaviour::ChallengeThenDeclines(why) => Some(why.into()),
    };
    match (is_asked(card, given), then) {
        (true, then) if given.can_challenge && given.initiator == Initiator::Customer => {
            Verdict::Challenge(then)
        }
        (true, _) => Verdict::Decline(AUTHENTICATION_REQUIRED),
        (false, Some(why)) => Verdict::Decline(why),
        (false, None) => Verdict::Approve,
    }
}

/// Whether the issuer wants 3-D Secure.
fn is_asked(card: Behaviour, given: Circumstances) -> bool {
    let when = match card {
        Behaviour::ChallengeRequired(when) => when,
        Behaviour::ChallengeThenDeclines(_) => Challenge::Always,
        Behaviour::Approves
        | Behaviour::CvcFails
        | Behaviour::Declines(_)
        | Behaviour::AttachesThenDeclines(_) => return false,
    };
    match (when, given.initiator) {
        (Challenge::Always, _) | (_, Initiator::Customer) => true,
        (Challenge::UnlessSetUp, Initiator::Merchant) => !given.authenticated,
        (Challenge::OnSessionOnly, Initiator::Merchant) => false,
    }
}

/// What is said of the security code.
pub fn check_cvc(card: Behaviour, sent: bool) -> CvcCheck {
    let wrong = match card {
        Behaviour::CvcFails => true,
        Behaviour::Declines(why) => why.code == INCORRECT_CVC,
        _ => false,
    };
    match (sent, wrong) {
        (false, _) => CvcCheck::Unchecked,
        (true, true) => CvcCheck::Fail,
        (true, false) => CvcCheck::Pass,
    }
}

/// Whether a card is over: its last month has ended everywhere on Earth (UTC−12).
pub fn is_expired(exp_month: i8, exp_year: i16, now: Timestamp) -> bool {
    let there = Offset::constant(-12).to_datetime(now);
    (exp_year, exp_month) < (there.year(), there.month())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    const PRESENT: Circumstances = Circumstances {
        initiator: Initiator::Customer,
        can_challenge: true,
        expired: false,
        authenticated: false,
        verification: false,
    };
    const ABSENT: Circumstances =
        Circumstances { initiator: Initiator::Merchant, can_challenge: false, ..PRESENT };
    const POOR: TestDecline =
        TestDecline { code: "insufficient_funds", network_code: "51", advice: Some(Advice::TryAgainLater) };

    #[test]
    fn a_challenge_is_asked_only_of_a_customer_who_can_answer_it() {
        use Challenge::{Always, OnSessionOnly, UnlessSetUp};
        let refused = || Verdict::Decline(AUTHENTICATION_REQUIRED);
        let known = Circumstances { authenticated: true, ..ABSENT };
        let nowhere = Circumstances { can_challenge: false, ..PRESENT };
        let odd = Circumstances { can_challenge: true, ..ABSENT };
        for (when, given, want) in [
            (UnlessSetUp, PRESENT, Verdict::Challenge(None)),
            (UnlessSetUp, nowhere, refused()),
            (UnlessSetUp, ABSENT, refused()),
            (UnlessSetUp, odd, refused()),
            (UnlessSetUp, known, Verdict::Approve),
            (OnSessionOnly, PRESENT, Verdict::Challenge(None)),
            (OnSessionOnly, ABSENT, Verdict::Approve),
            (Always, PRESENT, Verdict::Challenge(None)),
            (Always, known, refused()),
            (Always, Circumstances { authenticated: true, ..PRESENT }, Verdict::Challenge(None)),
        ] {
            assert_eq!(judge(Behaviour::ChallengeRequired(when), given), want, "{when:?}, {given:?}");
        }
    }

    #[test]
    fn the_other_verdicts_follow_the_card_and_its_expiry() {
        let poor = || Verdict::Decline(POOR.into());
        let check = Circumstances { verification: true, ..PRESENT };
        let expired = Circumstances { expired: true, ..PRESENT };
        for (card, given, want) in [
            (Behaviour::Approves, PRESENT, Verdict::Approve),
            (Behaviour::Approves, ABSENT, Verdict::Approve),
            (Behaviour::CvcFails, PRESENT, Verdict::Approve),
            (Behaviour::Declines(POOR), PRESENT, poor()),
            (Behaviour::Declines(POOR), check, poor()),
            (Behaviour::AttachesThenDeclines(POOR), PRESENT, poor()),
            (Behaviour::AttachesThenDeclines(POOR), check, Verdict::Approve),
            (Behaviour::ChallengeThenDeclines(POOR), PRESENT, Verdict::Challenge(Some(POOR.into()))),
            (Behaviour::ChallengeThenDeclines(POOR), ABSENT, Verdict::Decline(AUTHENTICATION_REQUIRED)),
            (Behaviour::Approves, expired, Verdict::Decline(EXPIRED_CARD)),
            (Behaviour::ChallengeRequired(Challenge::Always), expired, Verdict::Decline(EXPIRED_CARD)),
        ] {
            assert_eq!(judge(card, given), want, "{card:?}, {given:?}");
        }
    }

    #[test]
    fn a_security_code_is_judged_only_when_it_was_sent() {
        let wrong = Behaviour::Declines(TestDecline { code: INCORRECT_CVC, ..POOR });
        for (card, sent, want) in [
            (Behaviour::Approves, true, CvcCheck::Pass),
            (Behaviour::Approves, false, CvcCheck::Unchecked),
            (Behaviour::CvcFails, true, CvcCheck::Fail),
            (Behaviour::CvcFails, false, CvcCheck::Unchecked),
            (Behaviour::Declines(POOR), true, CvcCheck::Pass),
            (wrong, true, CvcCheck::Fail),
        ] {
            assert_eq!(check_cvc(card, sent), want, "{card:?}, sent: {sent}");
        }
    }

    #[test]
    fn a_card_is_over_when_its_last_month_has_ended_everywhere() {
        for (now, want) in [
            ("2026-11-30T23:59:59Z", false),
            ("2026-12-01T11:59:59Z", false),
            ("2026-12-01T12:00:00Z", true),
            ("2027-01-01T00:00:00Z", true),
            ("2025-12-31T00:00:00Z", false),
        ] {
            assert_eq!(is_expired(11, 2026, now.parse().unwrap()), want, "{now}");
        }
    }

    #[test]
    fn a_number_of_the_table_has_its_part_and_any_other_approves() {
        for (number, want) in [
            ("4000002500003155", Behaviour::ChallengeRequired(Challenge::UnlessSetUp)),
            ("4000002760003184", Behaviour::ChallengeRequired(Challenge::Always)),
            ("4242424242424242", Behaviour::Approves),
            ("4539578763621486", Behaviour::Approves),
        ] {
            let number = Pan::parse(Zeroizing::new(number.to_owned())).unwrap();
            assert_eq!(behaviour(&number), want);
        }
    }
}
