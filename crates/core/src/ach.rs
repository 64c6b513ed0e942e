//! Returned bank debits: what each Nacha return code means, and what may follow it.
//!
//! An ACH debit has no authorisation. It is submitted, pending, settled, and may still come back: mostly within two
//! banking days, when a consumer says that it was not authorised within 60 calendar days.
//!
//! Sources, as of November 2026: Nacha Operating Rules, appendix four (return codes); subsection 2.13.4
//! (reinitiation: twice at most, within 180 days of the original settlement, for R01 and R09 alone); Stripe's failure
//! codes and the reasons of its ACH disputes (docs.stripe.com/payments/ach-direct-debit).

/// How often a debit that came back for lack of funds may be presented again.
pub const REPRESENTMENTS_MAX: u32 = 2;
/// Within how many days of the original settlement.
pub const REPRESENT_WITHIN_DAYS: i64 = 180;
/// For how many days after its settlement a debit is watched: the 60 calendar days in which a consumer may have an
/// unauthorised one returned, and some for the bank to pass it on.
pub const RETURN_WINDOW_DAYS: i64 = 65;

/// What a return means for the debt, the account and the mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReturnClass {
    /// No money at that moment: the same debit may be presented again, within limits.
    Represent,
    /// The account is no good: other details are needed.
    NewDetails,
    /// The account's holder says that it was not authorised: the mandate is over.
    Revoked,
    /// The holder stopped this payment: never again without their new consent.
    NewConsent,
    /// Not as it was agreed (amount, date): correct it first, then send it within 60 days.
    Correct,
    /// Deceased, frozen: a person must look.
    Manual,
    /// A mistake in the file, or the bank asked for it: for the operator.
    Operator,
}

/// One return code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnCode {
    /// `R01`
    pub code: &'static str,
    /// What follows.
    pub class: ReturnClass,
    /// The failure code of the charge, in Stripe's vocabulary.
    pub failure_code: &'static str,
    /// For people.
    pub meaning: &'static str,
}

const fn row(
    code: &'static str,
    class: ReturnClass,
    failure_code: &'static str,
    meaning: &'static str,
) -> ReturnCode {
    ReturnCode { code, class, failure_code, meaning }
}

use ReturnClass::{Correct, Manual, NewConsent, NewDetails, Operator, Represent, Revoked};

const FUNDS: &str = "insufficient_funds";
const CLOSED: &str = "account_closed";
const NONE: &str = "no_account";
const UNAUTHORISED: &str = "debit_not_authorized";
const RESTRICTED: &str = "bank_account_restricted";
const OTHER: &str = "could_not_process";

/// Every code that a debit can come back with.
pub const RETURN_CODES: &[ReturnCode] = &[
    row("R01", Represent, FUNDS, "There was not enough money in the account."),
    row("R02", NewDetails, CLOSED, "The account is closed."),
    row("R03", NewDetails, NONE, "There is no such account, or it is somebody else's."),
    row("R04", NewDetails, NONE, "The account number is not valid."),
    row("R05", Revoked, UNAUTHORISED, "A business debit of a consumer's account was not authorised."),
    row("R06", Operator, OTHER, "The return was asked for by our own bank."),
    row("R07", Revoked, UNAUTHORISED, "The customer revoked the authorisation."),
    row("R08", NewConsent, UNAUTHORISED, "The customer stopped this payment."),
    row("R09", Represent, FUNDS, "The money in the account was not available yet."),
    row("R10", Revoked, UNAUTHORISED, "The customer says that the debit was not authorised."),
    row("R11", Correct, UNAUTHORISED, "The debit was not as it was agreed."),
    row("R12", NewDetails, NONE, "The account was sold to another bank."),
    row("R13", NewDetails, NONE, "The bank takes no ACH entries."),
    row("R14", Manual, OTHER, "The account's representative is deceased."),
    row("R15", Manual, OTHER, "The account's holder is deceased."),
    row("R16", Manual, RESTRICTED, "The account is frozen."),
    row("R17", Operator, OTHER, "The bank could not process the entry's fields."),
    row("R18", Operator, OTHER, "The entry's date was not valid."),
    row("R19", Operator, OTHER, "The entry's amount was not valid."),
    row("R20", NewDetails, RESTRICTED, "The account takes no debits."),
    row("R21", Operator, OTHER, "The company's identification was not valid."),
    row("R22", Operator, OTHER, "The customer's identification was not valid."),
    row("R23", Operator, OTHER, "The entry was refused."),
    row("R24", Operator, OTHER, "The entry is a duplicate."),
    row("R25", Operator, OTHER, "The addenda were wrong."),
    row("R26", Operator, OTHER, "A mandatory field was wrong."),
    row("R28", NewDetails, NONE, "The routing number is not valid."),
    row("R29", Revoked, UNAUTHORISED, "The company says that the debit was not authorised."),
    row("R51", Revoked, UNAUTHORISED, "A re-presented cheque was not eligible or not authorised."),
];

/// What is assumed of a code that is not in the table: nobody tries again before a person has looked.
const UNKNOWN: ReturnCode =
    row("", Manual, OTHER, "The bank returned the debit for a reason that is not known here.");

impl ReturnCode {
    /// The code of this text, such as `R01`; for any other the careful assumption.
    pub fn of(code: &str) -> Self {
        RETURN_CODES.iter().find(|row| row.code == code).copied().unwrap_or(UNKNOWN)
    }

    /// The reason of the dispute as which Stripe shows a return after settlement.
    pub fn dispute_reason(self) -> &'static str {
        match self.failure_code {
            FUNDS => "insufficient_funds",
            CLOSED | NONE => "incorrect_account_details",
            UNAUTHORISED => "debit_not_authorized",
            _ => "bank_cannot_process",
        }
    }

    /// Why the account must not be debited any more, as Stripe words it; none when it may.
    pub fn blocks(self) -> Option<&'static str> {
        match self.class {
            Represent | Correct | Operator => None,
            Revoked | NewConsent => Some("debit_not_authorized"),
            NewDetails if self.failure_code == CLOSED => Some("bank_account_closed"),
            NewDetails => Some("bank_account_invalid_details"),
            Manual if self.failure_code == RESTRICTED => Some("bank_account_frozen"),
            Manual => Some("bank_account_unusable"),
        }
    }

    /// Whether the same debit may be presented once more, after so many presentments and so many days since the
    /// original one settled or came back.
    pub fn may_represent(self, presentments: u32, days: i64) -> bool {
        self.class == Represent
            && (1..=REPRESENTMENTS_MAX).contains(&presentments)
            && (0..=REPRESENT_WITHIN_DAYS).contains(&days)
    }
}

impl ReturnClass {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Represent => "represent",
            NewDetails => "new_details",
            Revoked => "revoked",
            NewConsent => "new_consent",
            Correct => "correct",
            Manual => "manual",
            Operator => "operator",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_return_has_its_consequence() {
        for (code, class, failure, reason, blocked) in [
            ("R01", Represent, "insufficient_funds", "insufficient_funds", None),
            ("R09", Represent, "insufficient_funds", "insufficient_funds", None),
            ("R02", NewDetails, "account_closed", "incorrect_account_details", Some("bank_account_closed")),
            (
                "R03",
                NewDetails,
                "no_account",
                "incorrect_account_details",
                Some("bank_account_invalid_details"),
            ),
            ("R05", Revoked, "debit_not_authorized", "debit_not_authorized", Some("debit_not_authorized")),
            ("R07", Revoked, "debit_not_authorized", "debit_not_authorized", Some("debit_not_authorized")),
            ("R08", NewConsent, "debit_not_authorized", "debit_not_authorized", Some("debit_not_authorized")),
            ("R10", Revoked, "debit_not_authorized", "debit_not_authorized", Some("debit_not_authorized")),
            ("R29", Revoked, "debit_not_authorized", "debit_not_authorized", Some("debit_not_authorized")),
            ("R51", Revoked, "debit_not_authorized", "debit_not_authorized", Some("debit_not_authorized")),
            ("R11", Correct, "debit_not_authorized", "debit_not_authorized", None),
            ("R16", Manual, "bank_account_restricted", "bank_cannot_process", Some("bank_account_frozen")),
            ("R17", Operator, "could_not_process", "bank_cannot_process", None),
            ("R99", Manual, "could_not_process", "bank_cannot_process", Some("bank_account_unusable")),
        ] {
            let found = ReturnCode::of(code);
            let got = (found.class, found.failure_code, found.dispute_reason(), found.blocks());
            assert_eq!(got, (class, failure, reason, blocked), "{code}");
        }
    }

    #[test]
    fn only_a_lack_of_funds_is_presented_again_and_only_twice_within_180_days() {
        for (code, presentments, days, want) in [
            ("R01", 1, 0, true),
            ("R09", 2, 180, true),
            ("R01", 3, 1, false),
            ("R01", 0, 1, false),
            ("R01", 1, 181, false),
            ("R01", 1, -1, false),
            ("R02", 1, 1, false),
            ("R10", 1, 1, false),
            ("R99", 1, 1, false),
        ] {
            assert_eq!(
                ReturnCode::of(code).may_represent(presentments, days),
                want,
                "{code} {presentments} {days}"
            );
        }
    }

    #[test]
    fn no_code_stands_twice() {
        assert!(RETURN_CODES.is_sorted_by(|a, b| a.code < b.code));
    }
}
