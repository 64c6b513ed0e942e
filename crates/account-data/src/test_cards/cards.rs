//! The table of test cards.

use onfile_core::decline::Advice;

use super::Behaviour::{
    Approves, AttachesThenDeclines, ChallengeRequired, ChallengeThenDeclines, CvcFails, Declines,
};
use super::Challenge::{Always, OnSessionOnly, UnlessSetUp};
use super::Funding::{Credit, Debit, Prepaid};
use super::{Behaviour, Funding, TestCard, TestDecline};

const GENERIC: TestDecline = decline("generic_decline", "05", None);
const NO_FUNDS: TestDecline = decline("insufficient_funds", "51", Some(Advice::TryAgainLater));
const LOST: TestDecline = decline("lost_card", "41", Some(Advice::DoNotTryAgain));
const STOLEN: TestDecline = decline("stolen_card", "43", Some(Advice::DoNotTryAgain));
const EXPIRED: TestDecline = decline("expired_card", "54", Some(Advice::ConfirmCardData));
const WRONG_CVC: TestDecline = decline("incorrect_cvc", "N7", Some(Advice::ConfirmCardData));
const PROCESSING: TestDecline = decline("processing_error", "96", Some(Advice::TryAgainLater));
const VELOCITY: TestDecline = decline("card_velocity_exceeded", "65", Some(Advice::TryAgainLater));
const FRAUD: TestDecline = decline("fraudulent", "59", Some(Advice::DoNotTryAgain));

/// The first row with a name is the card behind it. A name is what follows `pm_card_` or `tok_`.
pub(super) const CARDS: &[TestCard] = &[
    // By brand.
    card("4242424242424242", &["visa", "us"], Credit, "US", Approves),
    card("4000056655665556", &["visa_debit"], Debit, "US", Approves),
    card("5555555555554444", &["mastercard"], Credit, "US", Approves),
    card("2223003122003222", &[], Credit, "US", Approves),
    card("5200828282828210", &["mastercard_debit"], Debit, "US", Approves),
    card("5105105105105100", &["mastercard_prepaid"], Prepaid, "US", Approves),
    card("378282246310005", &["amex", "amex_threeDSecureNotSupported"], Credit, "US", Approves),
    card("371449635398431", &[], Credit, "US", Approves),
    card("6011111111111117", &["discover"], Credit, "US", Approves),
    card("6011000990139424", &[], Credit, "US", Approves),
    card("6011981111111113", &["discover_debit"], Debit, "US", Approves),
    card("3056930009020004", &["diners"], Credit, "US", Approves),
    card("36227206271667", &[], Credit, "US", Approves),
    card("3566002020360505", &["jcb"], Credit, "JP", Approves),
    card("6200000000000005", &["unionpay"], Credit, "CN", Approves),
    card("6200000000000047", &["unionpay_debit"], Debit, "CN", Approves),
    card("6205500000000000004", &[], Credit, "CN", Approves),
    // By country.
    card("4000008260000000", &["gb"], Credit, "GB", Approves),
    card("4000002760000016", &["de"], Credit, "DE", Approves),
    card("4000002500000003", &["fr"], Credit, "FR", Approves),
    card("4000001240000000", &["ca"], Credit, "CA", Approves),
    // Declines.
    card("4000000000000002", &["chargeDeclined", "visa_chargeDeclined"], Credit, "US", Declines(GENERIC)),
    card(
        "4000000000009995",
        &["chargeDeclinedInsufficientFunds", "visa_chargeDeclinedInsufficientFunds"],
        Credit,
        "US",
        Declines(NO_FUNDS),
    ),
    card(
        "4000000000009987",
        &["chargeDeclinedLostCard", "visa_chargeDeclinedLostCard"],
        Credit,
        "US",
        Declines(LOST),
    ),
    card(
        "4000000000009979",
        &["chargeDeclinedStolenCard", "visa_chargeDeclinedStolenCard"],
        Credit,
        "US",
        Declines(STOLEN),
    ),
    card(
        "4000000000000069",
        &["chargeDeclinedExpiredCard", "visa_chargeDeclinedExpiredCard"],
        Credit,
        "US",
        Declines(EXPIRED),
    ),
    card(
        "4000000000000127",
        &["chargeDeclinedIncorrectCvc", "visa_chargeDeclinedIncorrectCvc"],
        Credit,
        "US",
        Declines(WRONG_CVC),
    ),
    card(
        "4000000000000119",
        &["chargeDeclinedProcessingError", "visa_chargeDeclinedProcessingError"],
        Credit,
        "US",
        Declines(PROCESSING),
    ),
    card(
        "4000000000006975",
        &["chargeDeclinedVelocityLimitExceeded", "visa_chargeDeclinedVelocityLimitExceeded"],
        Credit,
        "US",
        Declines(VELOCITY),
    ),
    card("4100000000000019", &["chargeDeclinedFraudulent", "radarBlock"], Credit, "US", Declines(FRAUD)),
    card("4000000000000341", &["chargeCustomerFail"], Credit, "US", AttachesThenDeclines(GENERIC)),
    card("4000000000000101", &["cvcCheckFail"], Credit, "US", CvcFails),
    // 3-D Secure. "Supported, not required" approves: no rule here asks for it.
    card("4000000000003220", &["threeDSecure2Required"], Credit, "US", ChallengeRequired(Always)),
    card("4000000000003063", &["threeDSecureRequired"], Credit, "US", ChallengeRequired(Always)),
    card(
        "4000008400001629",
        &["threeDSecureRequiredChargeDeclined"],
        Credit,
        "US",
        ChallengeThenDeclines(GENERIC),
    ),
    card("4000000000003055", &["threeDSecureOptional"], Credit, "US", Approves),
    card("4000002760003184", &["authenticationRequired"], Credit, "DE", ChallengeRequired(Always)),
    card(
        "4000002500003155",
        &["authenticationRequiredOnSetup"],
        Credit,
        "FR",
        ChallengeRequired(UnlessSetUp),
    ),
    card(
        "4000003800000446",
        &["authenticationRequiredSetupForOffSession"],
        Credit,
        "IT",
        ChallengeRequired(OnSessionOnly),
    ),
    card(
        "4000008260003178",
        &["authenticationRequiredChargeDeclinedInsufficientFunds"],
        Credit,
        "GB",
        ChallengeThenDeclines(NO_FUNDS),
    ),
    // Authorize.Net's and other processors' numbers, without names.
    card("4111111111111111", &[], Credit, "US", Approves),
    card("4012888888881881", &[], Credit, "US", Approves),
    card("4222222222222", &[], Credit, "US", Approves),
    card("4007000000027", &[], Credit, "US", Approves),
    card("5424000000000015", &[], Credit, "US", Approves),
    card("2223000010309703", &[], Credit, "US", Approves),
    card("370000000000002", &[], Credit, "US", Approves),
    card("6011000000000012", &[], Credit, "US", Approves),
    card("30569309025904", &[], Credit, "US", Approves),
    card("38520000023237", &[], Credit, "US", Approves),
    card("3530111333300000", &[], Credit, "JP", Approves),
    card("3088000000000017", &[], Credit, "US", Approves),
    card("6221499053360818", &[], Credit, "CN", Approves),
    card("6799990100000000019", &[], Debit, "GB", Approves),
];

const fn card(
    number: &'static str,
    names: &'static [&'static str],
    funding: Funding,
    country: &'static str,
    behaviour: Behaviour,
) -> TestCard {
    TestCard { number, names, funding, country, behaviour }
}

const fn decline(code: &'static str, network_code: &'static str, advice: Option<Advice>) -> TestDecline {
    TestDecline { code, network_code, advice }
}
