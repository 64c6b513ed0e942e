//! Why an issuer said no, and whether asking again can help.
//!
//! The tables are network and processor rules as of November 2026, read from public acquirers' pages: Visa's decline
//! categories, Mastercard's merchant advice codes, Stripe's decline and advice codes. The classes are ours.

/// What may follow a decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeclineClass {
    /// Never again with this card.
    Hard,
    /// Only after the card's data changed, or its holder authenticated.
    Fix,
    /// Later, within the limit of attempts.
    Soft,
    /// At most once more.
    SoftOnce,
    /// The fault is ours or the merchant's: alert them, not the customer.
    Operational,
}

impl DeclineClass {
    /// Whether a scheduled retry with the same card and the same data makes sense.
    pub fn is_retryable(self) -> bool {
        self.retries_max() > 0
    }

    /// How many scheduled retries may follow such a decline (two at most: the first attempt and they make three, M4).
    pub fn retries_max(self) -> u32 {
        match self {
            Self::Soft => crate::attempts::MERCHANT_ATTEMPTS_MAX - 1,
            Self::SoftOnce => 1,
            Self::Hard | Self::Fix | Self::Operational => 0,
        }
    }

    /// The word in the database and in explanations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Fix => "fix",
            Self::Soft => "soft",
            Self::SoftOnce => "soft_once",
            Self::Operational => "operational",
        }
    }

    /// The class with this word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Hard, Self::Fix, Self::Soft, Self::SoftOnce, Self::Operational];
        all.into_iter().find(|class| class.as_str() == word)
    }
}

/// A processor's advice, in Stripe's words (`advice_code`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Advice {
    /// `do_not_try_again`
    DoNotTryAgain,
    /// `try_again_later`
    TryAgainLater,
    /// `confirm_card_data`
    ConfirmCardData,
}

impl Advice {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DoNotTryAgain => "do_not_try_again",
            Self::TryAgainLater => "try_again_later",
            Self::ConfirmCardData => "confirm_card_data",
        }
    }

    /// The advice with this word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::DoNotTryAgain, Self::TryAgainLater, Self::ConfirmCardData];
        all.into_iter().find(|advice| advice.as_str() == word)
    }

    fn class(self) -> DeclineClass {
        match self {
            Self::DoNotTryAgain => DeclineClass::Hard,
            Self::TryAgainLater => DeclineClass::Soft,
            Self::ConfirmCardData => DeclineClass::Fix,
        }
    }
}

/// All that a processor said about a decline. Keep every part per attempt: the tables will change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeclineReason<'a> {
    /// In Stripe's decline-code vocabulary: `insufficient_funds`.
    pub code: Option<&'a str>,
    /// The issuer's own code, ISO 8583 field 39: `51`.
    pub network_code: Option<&'a str>,
    /// A processor's word ([`Advice`]) or Mastercard's merchant advice code: `try_again_later`, `03`.
    pub advice_code: Option<&'a str>,
}

impl DeclineReason<'_> {
    /// The class, by precedence: advice, then the issuer's code, then the processor's. Visa's categories are part of
    /// the table of issuers' codes. What nobody knows is not retried, and the card is not condemned either.
    pub fn class(&self) -> DeclineClass {
        let advised = self.advice_code.and_then(advice_class);
        let issuer = || self.network_code.and_then(|code| find(NETWORK_CODES, code));
        let processor = || self.code.and_then(|code| find(STRIPE_CODES, code));
        advised.or_else(issuer).or_else(processor).unwrap_or(DeclineClass::Fix)
    }
}

fn advice_class(code: &str) -> Option<DeclineClass> {
    Advice::parse(code).map(Advice::class).or_else(|| find(MERCHANT_ADVICE_CODES, code))
}

fn find(table: &[(DeclineClass, &[&str])], code: &str) -> Option<DeclineClass> {
    table.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class)
}

/// Mastercard merchant advice codes (field 48.84). 01 new account data, 02 and 24–30 retry after a time, 03 do not
/// retry, 04 token requirement, 21 agreement cancelled, 22 product not qualified, 40 and 41 cards that cannot be kept.
/// With the grouped codes 79, 82 and 83 the same numbers mean the same to us (83 + 01: authenticate). 43 (a virtual
/// card for many uses) says nothing about a retry, so the issuer's code decides.
const MERCHANT_ADVICE_CODES: &[(DeclineClass, &[&str])] = &[
    (DeclineClass::Hard, &["03", "21"]),
    (DeclineClass::Fix, &["01", "40", "41"]),
    (DeclineClass::Soft, &["02", "24", "25", "26", "27", "28", "29", "30"]),
    (DeclineClass::Operational, &["04", "22"]),
];

/// ISO 8583 field 39 as Visa and Mastercard use it. The first two rows are Visa's categories 1 and 2 (Core Rules of
/// April 2026), the third and fourth its category 3. 59, 63 and 83 are suspicions: never blindly again.
const NETWORK_CODES: &[(DeclineClass, &[&str])] = &[
    (DeclineClass::Hard, &["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"]),
    (DeclineClass::Hard, &["39", "52", "53", "5C", "9G"]),
    (DeclineClass::Fix, &["54", "55", "75", "70", "1A", "82", "6P", "N7"]),
    (DeclineClass::Fix, &["59", "63", "83"]),
    (DeclineClass::Soft, &["51", "61", "65", "19", "86", "28", "91", "96", "N3", "N4"]),
    (DeclineClass::SoftOnce, &["01", "02", "05", "62", "78", "93"]),
    (DeclineClass::Operational, &["03", "13", "30", "58", "92", "94"]),
];

/// Stripe's decline codes (docs.stripe.com/declines/codes). `authentication_failed` and the `incorrect_`/`invalid_`
/// pairs of one meaning stand together.
const STRIPE_CODES: &[(DeclineClass, &[&str])] = &[
    (
        DeclineClass::Hard,
        &[
            "lost_card",
            "stolen_card",
            "pickup_card",
            "restricted_card",
            "fraudulent",
            "revocation_of_authorization",
            "revocation_of_all_authorizations",
            "stop_payment_order",
            "invalid_account",
            "transaction_not_allowed",
            "card_not_supported",
            "currency_not_supported",
            "security_violation",
            "merchant_blacklist",
            "do_not_try_again",
        ],
    ),
    (
        DeclineClass::Fix,
        &[
            "expired_card",
            "incorrect_cvc",
            "invalid_cvc",
            "incorrect_number",
            "invalid_number",
            "invalid_expiry_month",
            "invalid_expiry_year",
            "incorrect_zip",
            "incorrect_address",
            "authentication_required",
            "authentication_failed",
            "new_account_information_available",
        ],
    ),
    (
        DeclineClass::Soft,
        &[
            "insufficient_funds",
            "card_velocity_exceeded",
            "withdrawal_count_limit_exceeded",
            "processing_error",
            "issuer_not_available",
            "reenter_transaction",
            "try_again_later",
        ],
    ),
    (DeclineClass::SoftOnce, &["generic_decline", "do_not_honor", "call_issuer"]),
    (DeclineClass::Operational, &["duplicate_transaction", "invalid_amount"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_outranks_the_issuers_code_which_outranks_the_processors() {
        use DeclineClass::{Fix, Hard, Operational, Soft, SoftOnce};
        for (code, network_code, advice_code, want) in [
            (Some("generic_decline"), Some("05"), None, SoftOnce),
            (Some("generic_decline"), Some("05"), Some("try_again_later"), Soft),
            (Some("insufficient_funds"), Some("51"), Some("do_not_try_again"), Hard),
            (Some("insufficient_funds"), Some("51"), Some("03"), Hard),
            (Some("insufficient_funds"), Some("51"), Some("43"), Soft),
            (Some("insufficient_funds"), Some("43"), None, Hard),
            (Some("insufficient_funds"), Some("??"), Some("??"), Soft),
            (Some("insufficient_funds"), None, None, Soft),
            (None, Some("83"), Some("01"), Fix),
            (None, Some("79"), Some("03"), Hard),
            (None, Some("82"), Some("01"), Fix),
            (None, Some("54"), None, Fix),
            (None, Some("94"), None, Operational),
            (Some("authentication_required"), Some("1A"), None, Fix),
            (Some("lost_card"), Some("41"), None, Hard),
            (Some("not_yet_invented"), None, None, Fix),
            (None, None, None, Fix),
        ] {
            let reason = DeclineReason { code, network_code, advice_code };
            assert_eq!(reason.class(), want, "{reason:?}");
        }
    }

    #[test]
    fn only_soft_declines_are_retried_and_never_beyond_three_attempts() {
        for (class, retries) in [
            (DeclineClass::Hard, 0),
            (DeclineClass::Fix, 0),
            (DeclineClass::Soft, 2),
            (DeclineClass::SoftOnce, 1),
            (DeclineClass::Operational, 0),
        ] {
            assert_eq!(class.retries_max(), retries, "{class:?}");
            assert_eq!(class.is_retryable(), retries > 0, "{class:?}");
            assert_eq!(DeclineClass::parse(class.as_str()), Some(class));
        }
    }

    #[test]
    fn no_code_stands_in_two_classes() {
        for table in [MERCHANT_ADVICE_CODES, NETWORK_CODES, STRIPE_CODES] {
            let mut codes: Vec<&str> = table.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
            let all = codes.len();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), all);
        }
    }
}
