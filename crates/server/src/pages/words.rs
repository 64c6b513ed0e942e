//! What codes and moments are called: for customers in words that help, for staff also in words that explain.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onfile_core::operation::OperationState;

use crate::model::notice::NoticeState;
use crate::model::operation::Kind;
use crate::model::payment_intent::AttemptError;

/// `22 November 2026`, in UTC.
pub fn day(seconds: i64) -> String {
    show(seconds, "%-d %B %Y")
}

/// `22 November 2026, 14:03 UTC`.
pub fn moment(seconds: i64) -> String {
    show(seconds, "%-d %B %Y, %H:%M UTC")
}

/// `22 Nov 2026, 14:03:07`, for lists; the column says that it is UTC.
pub fn short_moment(seconds: i64) -> String {
    show(seconds, "%-d %b %Y, %H:%M:%S")
}

/// For `<time datetime>`.
pub fn machine_time(seconds: i64) -> String {
    show(seconds, "%Y-%m-%dT%H:%M:%SZ")
}

fn show(seconds: i64, format: &str) -> String {
    let moment = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

/// What a code is called and what follows from it.
struct Meaning {
    codes: &'static [&'static str],
    /// To the customer: what happened.
    happened: &'static str,
    /// To the customer: what to do.
    advice: &'static str,
}

/// A stolen or suspected card gets the general words: whoever holds it must not learn that it was reported (Stripe's
/// and the networks' advice alike).
const GENERAL: Meaning = Meaning {
    codes: &[],
    happened: "Your bank declined this card.",
    advice: "Pay with another card, or ask your bank why.",
};

const MEANINGS: &[Meaning] = &[
    Meaning {
        codes: &["insufficient_funds"],
        happened: "Your bank declined it: there is not enough money available.",
        advice: "Pay with another card, or try again once there is.",
    },
    Meaning {
        codes: &["expired_card", "invalid_expiry_month", "invalid_expiry_year"],
        happened: "This card has expired, or its date was not right.",
        advice: "Remove it and add the new one that your bank sent you.",
    },
    Meaning {
        codes: &["incorrect_cvc", "invalid_cvc"],
        happened: "The security code was not right.",
        advice: "Add the card again and check the digits on its back (American Express: on its front).",
    },
    Meaning {
        codes: &["incorrect_number", "invalid_number", "invalid_account"],
        happened: "Your bank does not know this card.",
        advice: "Check the number and add the card again, or use another one.",
    },
    Meaning {
        codes: &["authentication_failed"],
        happened: "The payment was not confirmed with your bank.",
        advice: "Try again and approve it when your bank asks, or use another card.",
    },
    Meaning {
        codes: &["authentication_required"],
        happened: "Your bank wants you to confirm this yourself.",
        advice: "Try again and approve it when your bank asks.",
    },
    Meaning {
        codes: &["processing_error", "issuer_not_available", "reenter_transaction", "try_again_later"],
        happened: "Your bank could not be asked just now.",
        advice: "Try again in a minute, or use another card.",
    },
    Meaning {
        codes: &["card_velocity_exceeded", "withdrawal_count_limit_exceeded"],
        happened: "Your bank declined it: this card has reached a limit.",
        advice: "Pay with another card, or try again tomorrow.",
    },
    Meaning {
        codes: &["account_closed", "no_account", "bank_account_restricted"],
        happened: "Your bank could not debit this account.",
        advice: "Check the account's numbers, or pay in another way.",
    },
    Meaning {
        codes: &[crate::notices::failures::NO_METHOD],
        happened: "There is no card or bank account that we could charge.",
        advice: "Pay with a card of yours.",
    },
    Meaning {
        codes: &["debit_not_authorized", "could_not_process"],
        happened: "Your bank returned the payment.",
        advice: "Pay in another way, or ask your bank why.",
    },
    Meaning {
        codes: &["card_not_supported", "transaction_not_allowed", "currency_not_supported"],
        happened: "This card cannot be used for this kind of payment.",
        advice: "Use another card.",
    },
];

/// To a customer: what happened, and what to do.
pub fn for_customer(error: &AttemptError) -> (&'static str, &'static str) {
    for_customer_by_code(error.decline_code.as_deref().unwrap_or(&error.code))
}

/// The same, where only the code is at hand: the decline code, or the error's.
pub fn for_customer_by_code(code: &str) -> (&'static str, &'static str) {
    let meaning = MEANINGS.iter().find(|m| m.codes.contains(&code)).unwrap_or(&GENERAL);
    (meaning.happened, meaning.advice)
}

/// To staff: the plain meaning of a decline code.
pub fn for_staff(code: &str) -> &'static str {
    match code {
        "insufficient_funds" => "Not enough money on the card.",
        "lost_card" => "Reported lost. Do not tell the customer; ask for another card.",
        "stolen_card" => "Reported stolen. Do not tell the customer; ask for another card.",
        "pickup_card" | "restricted_card" => "The bank wants this card back or has blocked it.",
        "fraudulent" | "merchant_blacklist" => "Suspected fraud. Do not tell the customer.",
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => "The card has expired.",
        "incorrect_cvc" | "invalid_cvc" => "The security code was wrong.",
        "incorrect_number" | "invalid_number" | "invalid_account" => "The bank does not know the card.",
        "authentication_required" => "The bank wants the customer to confirm; nobody could.",
        "authentication_failed" => "The customer did not confirm with the bank.",
        "processing_error" | "issuer_not_available" | "reenter_transaction" => "The bank could not be asked.",
        "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => {
            "The card reached a limit of its bank."
        }
        "card_not_supported" | "transaction_not_allowed" | "currency_not_supported" => {
            "The card is not good for this kind of payment."
        }
        "revocation_of_authorization" | "revocation_of_all_authorizations" | "stop_payment_order" => {
            "The customer has stopped payments. Do not charge again."
        }
        "account_closed" => "The bank account is closed.",
        "no_account" => "There is no such bank account.",
        "debit_not_authorized" => {
            "The customer told the bank that this was not authorised. Do not debit again."
        }
        "bank_account_restricted" => "The bank account is frozen or takes no debits.",
        "guess_wrong" => "The amounts were not those that were sent.",
        "too_many_guesses" => "There were too many wrong guesses.",
        "deposits_expired" => "The amounts were told too late.",
        "call_issuer" | "do_not_honor" | "generic_decline" => "The bank said no without a reason.",
        _ => "The bank or the processor said no.",
    }
}

/// What an operation did, for staff.
pub fn operation(kind: Kind) -> &'static str {
    match kind {
        Kind::Authorise => "Payment attempt",
        Kind::Complete => "Finish after the bank’s check",
        Kind::Capture => "Capture",
        Kind::Void => "Release",
        Kind::Refund => "Refund",
        Kind::MicroDeposits => "Two small amounts sent to the bank account",
        Kind::VerifyMicroDeposits => "Amounts told by the customer",
        Kind::Verify => "Card check",
        Kind::CompleteVerify => "Finish card check after the bank’s check",
    }
}

/// Where an operation stands: the word, what it means, and its colour.
pub fn state(state: OperationState) -> (&'static str, &'static str, &'static str) {
    match state {
        OperationState::Sending => ("Sending", "On its way to the processor.", "warn"),
        OperationState::Pending => (
            "Pending",
            "It is with the customer’s bank, which takes some days. No money has arrived yet.",
            "warn",
        ),
        OperationState::Unknown => (
            "Unknown",
            "No answer came. Money may have moved; we keep asking the processor, and nothing else is sent meanwhile.",
            "warn",
        ),
        OperationState::Succeeded => ("Succeeded", "The processor approved it.", "good"),
        OperationState::Declined => ("Declined", "The bank or the processor said no. No money moved.", "bad"),
        OperationState::NotSent => ("Not sent", "It never left us. No money moved.", "calm"),
        OperationState::Absent => ("Never arrived", "The processor never got it. No money moved.", "calm"),
        OperationState::RequiresAction => {
            ("Waiting for the customer", "The bank asked the customer to confirm.", "warn")
        }
    }
}

/// What a notice says, for staff.
pub fn notice(kind: &str) -> &'static str {
    match kind {
        "receipt" => "Receipt",
        "payment_failed" => "Payment failed",
        "payment_failed_final" => "Payment still open",
        "card_expiring" => "Card ends soon",
        _ => "Notice",
    }
}

/// Where a notice stands: the word and its colour.
pub fn notice_state(state: NoticeState) -> (&'static str, &'static str) {
    match state {
        NoticeState::Queued => ("Waiting", "warn"),
        NoticeState::Sending => ("Being sent", "warn"),
        NoticeState::Sent => ("Sent", "good"),
        NoticeState::Failed => ("Failed", "bad"),
        NoticeState::Suppressed => ("Not sent", "calm"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, decline_code: Option<&str>) -> AttemptError {
        AttemptError {
            code: code.into(),
            decline_code: decline_code.map(str::to_owned),
            advice_code: None,
            network_code: None,
            message: String::new(),
            kind: "card_error".into(),
            charge: None,
            payment_method: None,
        }
    }

    #[test]
    fn customers_learn_what_helps_them_and_nothing_that_helps_a_thief() {
        let general = (GENERAL.happened, GENERAL.advice);
        for code in ["lost_card", "stolen_card", "fraudulent", "pickup_card", "not_yet_invented"] {
            assert_eq!(for_customer(&error("card_declined", Some(code))), general, "{code}");
        }
        assert!(for_customer(&error("card_declined", Some("insufficient_funds"))).0.contains("enough money"));
        assert!(for_customer(&error("incorrect_cvc", None)).0.contains("security code"));
    }

    #[test]
    fn moments_are_written_out_in_utc() {
        assert_eq!(day(1_795_341_783), "22 November 2026");
        assert_eq!(moment(1_795_341_783), "22 November 2026, 10:03 UTC");
        assert_eq!(machine_time(0), "1970-01-01T00:00:00Z");
        assert_eq!(day(i64::MAX), "1 January 1970");
    }
}
