use super::PaymentStatus as P;
use super::*;
use crate::operation::OperationState as O;

#[test]
fn a_status_allows_just_the_steps_that_stripe_documents() {
    for (status, confirm, settle, capture, cancel) in [
        (P::RequiresPaymentMethod, true, false, false, true),
        (P::RequiresConfirmation, true, false, false, true),
        (P::RequiresAction, true, true, false, true),
        (P::Processing, false, true, false, false),
        (P::RequiresCapture, false, false, true, true),
        (P::Canceled, false, false, false, false),
        (P::Succeeded, false, false, false, false),
    ] {
        assert_eq!(status.confirm().is_ok(), confirm, "confirm {status}");
        assert_eq!(status.settle(O::Succeeded, CaptureMethod::Automatic).is_ok(), settle, "settle {status}");
        assert_eq!(status.capture(O::Succeeded).is_ok(), capture, "capture {status}");
        assert_eq!(status.cancel().is_ok(), cancel, "cancel {status}");
        assert_eq!(PaymentStatus::parse(status.as_str()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
}

#[test]
fn a_payment_follows_its_authorisation() {
    for (operation, capture, want) in [
        (O::Sending, CaptureMethod::Automatic, P::Processing),
        (O::Pending, CaptureMethod::Automatic, P::Processing),
        (O::Unknown, CaptureMethod::Automatic, P::Processing),
        (O::Unknown, CaptureMethod::Manual, P::Processing),
        (O::RequiresAction, CaptureMethod::Automatic, P::RequiresAction),
        (O::Declined, CaptureMethod::Automatic, P::RequiresPaymentMethod),
        (O::NotSent, CaptureMethod::Automatic, P::RequiresConfirmation),
        (O::Absent, CaptureMethod::Automatic, P::RequiresConfirmation),
        (O::Succeeded, CaptureMethod::Automatic, P::Succeeded),
        (O::Succeeded, CaptureMethod::Manual, P::RequiresCapture),
    ] {
        assert_eq!(P::Processing.settle(operation, capture), Ok(want), "{operation}");
        assert_eq!(P::RequiresAction.settle(operation, capture), Ok(want), "{operation}");
    }
}

#[test]
fn money_stays_reserved_until_its_capture_succeeded() {
    for operation in O::ALL {
        let want = if operation == O::Succeeded { P::Succeeded } else { P::RequiresCapture };
        assert_eq!(P::RequiresCapture.capture(operation), Ok(want), "{operation}");
    }
}

#[test]
fn a_refused_step_says_what_stands_in_its_way() {
    let refused = P::Succeeded.cancel().unwrap_err();
    assert_eq!(refused.to_string(), "a payment whose status is succeeded cannot be canceled");
    assert!(PaymentStatus::ALL.into_iter().filter(|s| s.is_terminal()).all(|s| s.confirm().is_err()));
}
