use proptest::prelude::*;

use super::OperationState as S;
use super::{InvalidTransition, OperationState, Outcome};

const OUTCOMES: [Outcome; 7] = [
    Outcome::Approved,
    Outcome::Declined,
    Outcome::Pending,
    Outcome::Challenge,
    Outcome::NotSent,
    Outcome::NoAnswer,
    Outcome::Absent,
];

#[test]
fn every_pair_of_state_and_outcome_has_its_answer() {
    // In the order of OUTCOMES; None where the outcome contradicts the state.
    let table: [(OperationState, [Option<OperationState>; 7]); 8] = [
        (
            S::Sending,
            [
                Some(S::Succeeded),
                Some(S::Declined),
                Some(S::Pending),
                Some(S::RequiresAction),
                Some(S::NotSent),
                Some(S::Unknown),
                Some(S::Absent),
            ],
        ),
        (
            S::Pending,
            [
                Some(S::Succeeded),
                Some(S::Declined),
                Some(S::Pending),
                Some(S::RequiresAction),
                Some(S::Pending),
                Some(S::Pending),
                None,
            ],
        ),
        (
            S::Unknown,
            [
                Some(S::Succeeded),
                Some(S::Declined),
                Some(S::Pending),
                Some(S::RequiresAction),
                Some(S::Unknown),
                Some(S::Unknown),
                Some(S::Absent),
            ],
        ),
        (
            S::RequiresAction,
            [
                Some(S::Succeeded),
                Some(S::Declined),
                None,
                Some(S::RequiresAction),
                Some(S::RequiresAction),
                Some(S::RequiresAction),
                None,
            ],
        ),
        (S::Succeeded, [Some(S::Succeeded), None, None, None, Some(S::Succeeded), Some(S::Succeeded), None]),
        (S::Declined, [None, Some(S::Declined), None, None, Some(S::Declined), Some(S::Declined), None]),
        (S::NotSent, [None, None, None, None, Some(S::NotSent), Some(S::NotSent), None]),
        (S::Absent, [None, None, None, None, Some(S::Absent), Some(S::Absent), Some(S::Absent)]),
    ];
    for (from, row) in table {
        for (outcome, want) in OUTCOMES.into_iter().zip(row) {
            let want = want.ok_or(InvalidTransition { from, outcome });
            assert_eq!(from.settle(outcome), want, "{from} + {outcome:?}");
        }
    }
}

#[test]
fn what_is_open_what_is_over_and_what_counts_as_an_attempt() {
    for (state, open, terminal, attempt) in [
        (S::Sending, true, false, true),
        (S::Pending, true, false, true),
        (S::Unknown, true, false, true),
        (S::RequiresAction, false, false, true),
        (S::Succeeded, false, true, true),
        (S::Declined, false, true, true),
        (S::NotSent, false, true, false),
        (S::Absent, false, true, false),
    ] {
        let got = (state.is_open(), state.is_terminal(), state.may_have_reached_issuer());
        assert_eq!(got, (open, terminal, attempt), "{state}");
        assert_eq!(OperationState::parse(state.as_str()), Some(state));
    }
    assert_eq!(OperationState::parse("Sending"), None);
}

proptest! {
    #[test]
    fn no_sequence_of_outcomes_leaves_a_terminal_state(
        start in prop::sample::select(&OperationState::ALL[..]),
        outcomes in prop::collection::vec(prop::sample::select(&OUTCOMES[..]), 0..24),
    ) {
        let mut state = start;
        for outcome in outcomes {
            let before = state;
            state = state.settle(outcome).unwrap_or(state);
            prop_assert!(!before.is_terminal() || state == before, "{before} became {state} by {outcome:?}");
        }
    }

    #[test]
    fn an_unknown_operation_never_fails_without_a_processors_answer(
        outcomes in prop::collection::vec(prop::sample::select(&OUTCOMES[..]), 0..24),
    ) {
        let mut state = S::Unknown;
        let mut answered = false;
        for outcome in outcomes {
            answered |= !matches!(outcome, Outcome::NotSent | Outcome::NoAnswer);
            state = state.settle(outcome).unwrap_or(state);
            prop_assert!(state != S::NotSent);
            prop_assert!(answered || state == S::Unknown, "{state} without an answer");
        }
    }

    #[test]
    fn what_has_reached_the_processor_is_never_taken_for_not_sent(
        outcomes in prop::collection::vec(prop::sample::select(&OUTCOMES[..]), 1..24),
    ) {
        let mut state = S::Sending;
        let mut may_have_left = false;
        for outcome in outcomes {
            may_have_left |= outcome != Outcome::NotSent && state == S::Sending;
            state = state.settle(outcome).unwrap_or(state);
            prop_assert!(!(may_have_left && state == S::NotSent));
        }
    }
}
