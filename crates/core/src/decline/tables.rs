//! The tables, as data with a date and a source: networks change them, and a change is a change of data.

use super::DeclineClass;

/// Codes and what may follow them.
#[derive(Debug)]
pub struct Table {
    /// When it was read, year and month.
    pub as_of: &'static str,
    /// Where it was read. The classes are ours.
    pub source: &'static str,
    /// Each code stands in one row.
    pub rows: &'static [(DeclineClass, &'static [&'static str])],
}

impl Table {
    /// The class of a code.
    pub fn class(&self, code: &str) -> Option<DeclineClass> {
        self.rows.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class)
    }
}

/// Mastercard merchant advice codes (field 48.84). 01 new account data, 02 and 24–30 retry after a time, 03 do not
/// retry, 04 token requirement, 21 agreement cancelled, 22 product not qualified, 40 and 41 cards that cannot be kept.
/// With the grouped codes 79, 82 and 83 the same numbers mean the same to us (83 + 01: authenticate). 43 (a virtual
/// card for many uses) says nothing about a retry, so the issuer's code decides.
pub const MERCHANT_ADVICE_CODES: Table = Table {
    as_of: "2026-11",
    source: "developer.paypal.com (Braintree) merchant-advice-codes; docs.everonet.com; developer.kalixa.com",
    rows: &[
        (DeclineClass::Hard, &["03", "21"]),
        (DeclineClass::Fix, &["01", "40", "41"]),
        (DeclineClass::Soft, &["02", "24", "25", "26", "27", "28", "29", "30"]),
        (DeclineClass::Operational, &["04", "22"]),
    ],
};

/// Visa's category 1: the issuer will never approve, and a retry costs a fee.
pub const VISA_NEVER: Table = Table {
    as_of: "2026-11",
    source: "Visa Core Rules of 18 April 2026, as told by developers.getevolved.com and payway.com",
    rows: &[(DeclineClass::Hard, &["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"])],
};

/// ISO 8583 field 39 as Visa and Mastercard use it, without [`VISA_NEVER`]. The first row is hard in practice (Visa's
/// category 2), the second is Visa's category 3. 59, 63 and 83 are suspicions: never blindly again.
pub const NETWORK_CODES: Table = Table {
    as_of: "2026-11",
    source: "developers.getevolved.com; docs.bill1st.com; docs.cielo.com.br (5C, 9G)",
    rows: &[
        (DeclineClass::Hard, &["39", "52", "53", "5C", "9G"]),
        (DeclineClass::Fix, &["54", "55", "75", "70", "1A", "82", "6P", "N7"]),
        (DeclineClass::Fix, &["59", "63", "83"]),
        (DeclineClass::Soft, &["51", "61", "65", "19", "86", "28", "91", "96", "N3", "N4"]),
        (DeclineClass::SoftOnce, &["01", "02", "05", "62", "78", "93"]),
        (DeclineClass::Operational, &["03", "13", "30", "58", "92", "94"]),
    ],
};

/// Stripe's decline codes. `authentication_failed` and the `incorrect_`/`invalid_` pairs of one meaning stand together.
pub const STRIPE_CODES: Table = Table {
    as_of: "2026-11",
    source: "docs.stripe.com/declines/codes",
    rows: &[
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
    ],
};

/// Authorize.Net's response reasons. 252 and 253 are held for review, which is no decline: they are not here.
pub const AUTHORIZE_NET_REASONS: Table = Table {
    as_of: "2026-11",
    source: "Authorize.Net response codes, from its published samples and api-evangelist/authorizenet",
    rows: &[
        (DeclineClass::Hard, &["4", "41", "251", "254"]),
        (DeclineClass::Fix, &["6", "7", "8", "37", "315", "316", "317", "27", "127", "44", "45", "65", "78"]),
        (
            DeclineClass::Soft,
            &["19", "20", "21", "22", "23", "25", "26", "57", "58", "59", "60", "61", "62", "63"],
        ),
        (DeclineClass::SoftOnce, &["2", "3"]),
        (DeclineClass::Operational, &["5", "11", "13", "17", "28", "33", "318"]),
    ],
};
