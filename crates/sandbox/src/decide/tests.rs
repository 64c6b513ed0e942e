use std::sync::Arc;

use onfile_core::ids::Id;
use proptest::prelude::*;

use super::*;
use crate::entry::{Entry, Stamp};
use crate::last4::Last4;
use crate::money::Currency;
use crate::rules::{CvcCheck, Initiator};
use crate::secrets::Secrets;
use crate::state::State;

/// A state with one payment of 1000, and what to do to it.
struct Case {
    state: State,
    id: PaymentId,
    done: u64,
}

impl Case {
    fn new(status: Status) -> Self {
        let id = PaymentId::from_trusted("pay_1".to_owned());
        let new = NewPayment {
            id: id.clone(),
            verification: status == Status::Verified,
            amount: 1000,
            currency: Currency::parse("eur").unwrap(),
            capture: status == Status::Captured,
            initiator: Initiator::Customer,
            last4: Last4::of("4242").unwrap(),
            card: Secrets::for_tests().mark("card", &[]),
            status,
            decline: None,
            cvc_check: CvcCheck::Pass,
            network_transaction_id: "n".into(),
            challenge: None,
        };
        let facts = facts_of(&new, status, None);
        let mut case = Self { state: State::empty(), id, done: 0 };
        case.apply(Event::Payment(Box::new(new)), facts);
        case
    }

    fn apply(&mut self, event: Event, facts: Vec<Fact>) {
        self.done += 1;
        let key: Arc<str> = format!("op_{}", self.done).into();
        let body = Secrets::for_tests().mark("body", &[]);
        let answered = matches!(event, Event::Answered { .. });
        let entry = Entry {
            seq: self.state.next_seq(),
            time: "2026-11-22T10:00:00Z".parse().unwrap(),
            merchant: "acct_1".into(),
            operation: (!answered).then(|| Stamp { key: key.clone(), reference: key, body }),
            event,
            facts,
        };
        self.state.apply(&entry).unwrap();
    }

    fn payment(&self) -> &Payment {
        self.state.payment("acct_1", &self.id).unwrap()
    }

    /// Does it, and says what was refused.
    fn act(&mut self, action: Action) -> Result<(), Refusal> {
        match decide(self.payment(), action) {
            Decision::Write(Event::Refused { code }, _) => Err(code),
            Decision::Write(event, facts) => {
                self.apply(event, facts);
                Ok(())
            }
            Decision::Unchanged(_) => Ok(()),
        }
    }
}

fn capture(amount: u64) -> Action {
    Action::Capture(CaptureId::from_trusted("cap_1".to_owned()), amount)
}

fn refund(amount: u64) -> Action {
    Action::Refund(RefundId::from_trusted("ref_1".to_owned()), amount)
}

fn void() -> Action {
    Action::Void(VoidId::from_trusted("void_1".to_owned()))
}

#[test]
fn each_state_allows_what_it_should_and_names_the_reason_otherwise() {
    use Refusal::{
        AlreadyCaptured, AlreadyVoided, AmountTooLarge, NotCapturable, NotRefundable, NotVoidable,
    };
    for (status, action, want) in [
        (Status::Authorised, capture(1000), Ok(())),
        (Status::Authorised, capture(1001), Err(AmountTooLarge)),
        (Status::Authorised, refund(1), Err(NotRefundable)),
        (Status::Authorised, void(), Ok(())),
        (Status::Captured, capture(1), Err(AlreadyCaptured)),
        (Status::Captured, refund(1000), Ok(())),
        (Status::Captured, refund(1001), Err(AmountTooLarge)),
        (Status::Captured, void(), Err(AlreadyCaptured)),
        (Status::Voided, capture(1), Err(AlreadyVoided)),
        (Status::Voided, refund(1), Err(NotRefundable)),
        (Status::Voided, void(), Err(AlreadyVoided)),
        (Status::Declined, capture(1), Err(NotCapturable)),
        (Status::Declined, refund(1), Err(NotRefundable)),
        (Status::Declined, void(), Err(NotVoidable)),
        (Status::Challenge, capture(1), Err(NotCapturable)),
        (Status::Challenge, void(), Ok(())),
        (Status::Verified, capture(1), Err(NotCapturable)),
        (Status::Verified, void(), Err(NotVoidable)),
    ] {
        assert_eq!(Case::new(status).act(action.clone()), want, "{status:?}, {action:?}");
    }
}

#[test]
fn a_partial_capture_limits_the_refunds() {
    let mut case = Case::new(Status::Authorised);
    assert_eq!(case.act(capture(600)), Ok(()));
    assert_eq!(case.act(refund(400)), Ok(()));
    assert_eq!(case.act(refund(201)), Err(Refusal::AmountTooLarge));
    assert_eq!(case.act(refund(200)), Ok(()));
    assert_eq!(case.act(refund(1)), Err(Refusal::AmountTooLarge));
}

proptest! {
    #[test]
    fn no_sequence_captures_more_than_authorised_or_refunds_more_than_captured(
        steps in prop::collection::vec((0..4u8, 1..1500u64), 1..40),
        at_once in any::<bool>(),
    ) {
        let mut case = Case::new(if at_once { Status::Captured } else { Status::Authorised });
        for (kind, amount) in steps {
            let before = (case.payment().captured, case.payment().refunded);
            let action = match kind {
                0 => capture(amount),
                1 => refund(amount),
                2 => void(),
                _ => Action::Complete,
            };
            let done = case.act(action);
            let now = case.payment();
            prop_assert!(now.first.amount >= now.captured && now.captured >= now.refunded);
            if done.is_err() {
                prop_assert_eq!(before, (now.captured, now.refunded));
            }
        }
    }
}
