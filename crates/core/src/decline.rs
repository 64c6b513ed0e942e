//! Why an issuer said no, and whether asking again can help.
//!
//! The tables ([`tables`]) are network and processor rules with their dates and sources: Visa's decline categories,
//! Mastercard's merchant advice codes, Stripe's and Authorize.Net's codes. The classes are ours.

pub mod tables;

use jiff::SignedDuration;

use crate::card::Brand;

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
    /// The class, by precedence: advice, then Visa's category, then the issuer's code, then the processor's. What nobody
    /// knows is not retried, and the card is not condemned either.
    pub fn class(&self) -> DeclineClass {
        let advised = self.advice_code.and_then(advice_class);
        let never = || self.network_code.and_then(|code| tables::VISA_NEVER.class(code));
        let issuer = || self.network_code.and_then(|code| tables::NETWORK_CODES.class(code));
        let processor = || self.code.and_then(|code| tables::STRIPE_CODES.class(code));
        advised.or_else(never).or_else(issuer).or_else(processor).unwrap_or(DeclineClass::Fix)
    }

    /// Whether the card's network charges for any further attempt: Visa after its category 1, Mastercard after the
    /// advice codes 03 and 21.
    pub fn is_never(&self, brand: Brand) -> bool {
        match brand {
            Brand::Visa => self.network_code.is_some_and(|code| tables::VISA_NEVER.class(code).is_some()),
            Brand::Mastercard | Brand::Maestro => matches!(self.advice_code, Some("03" | "21")),
            _ => false,
        }
    }

    /// Whether the customer took back the agreement itself (R0, R1, R3, advice code 21). It ends; nothing is retried.
    pub fn is_revocation(&self) -> bool {
        let words = ["revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order"];
        self.advice_code == Some("21")
            || self.network_code.is_some_and(|code| matches!(code, "R0" | "R1" | "R3"))
            || self.code.is_some_and(|code| words.contains(&code))
    }

    /// How long the issuer, or the network for it, wants to be left alone: 72 hours without funds or after advice 02,
    /// and what the advice codes 24 to 30 say. None where nothing is said.
    pub fn wait(&self) -> Option<SignedDuration> {
        let hours = match self.advice_code {
            Some("24") => 1,
            Some("25") => 24,
            Some("26") => 48,
            Some("02") => 72,
            Some("27") => 96,
            Some("28") => 144,
            Some("29") => 192,
            Some("30") => 240,
            _ if self.network_code == Some("51") || self.code == Some("insufficient_funds") => 72,
            _ => return None,
        };
        let least =
            if self.network_code == Some("51") || self.code == Some("insufficient_funds") { 72 } else { 0 };
        Some(SignedDuration::from_hours(hours.max(least)))
    }
}

fn advice_class(code: &str) -> Option<DeclineClass> {
    Advice::parse(code).map(Advice::class).or_else(|| tables::MERCHANT_ADVICE_CODES.class(code))
}

/// What may follow one of Authorize.Net's response reasons; none where it is held for review (252, 253), which is no
/// decline. An unknown one is tried once more at most: Authorize.Net often hides the issuer's own code.
pub fn authorize_net_class(reason: &str) -> Option<DeclineClass> {
    let held = matches!(reason, "252" | "253");
    (!held).then(|| tables::AUTHORIZE_NET_REASONS.class(reason).unwrap_or(DeclineClass::SoftOnce))
}

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
        use tables::{AUTHORIZE_NET_REASONS, MERCHANT_ADVICE_CODES, NETWORK_CODES, STRIPE_CODES, VISA_NEVER};
        let issuers = NETWORK_CODES.rows.iter().chain(VISA_NEVER.rows).copied().collect::<Vec<_>>();
        let others =
            [MERCHANT_ADVICE_CODES, STRIPE_CODES, AUTHORIZE_NET_REASONS].map(|table| table.rows.to_vec());
        for rows in others.into_iter().chain([issuers]) {
            let mut codes: Vec<&str> = rows.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
            let all = codes.len();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), all);
        }
    }

    #[test]
    fn a_network_says_how_long_to_wait() {
        for (code, network_code, advice_code, hours) in [
            (Some("insufficient_funds"), None, None, Some(72)),
            (None, Some("51"), None, Some(72)),
            (None, Some("51"), Some("24"), Some(72)),
            (None, Some("05"), Some("24"), Some(1)),
            (None, Some("05"), Some("25"), Some(24)),
            (None, Some("05"), Some("02"), Some(72)),
            (None, Some("51"), Some("30"), Some(240)),
            (None, Some("91"), None, None),
        ] {
            let reason = DeclineReason { code, network_code, advice_code };
            assert_eq!(reason.wait().map(|wait| wait.as_hours()), hours, "{reason:?}");
        }
    }

    #[test]
    fn each_network_has_a_final_no_of_its_own() {
        for (brand, network_code, advice_code, want) in [
            (Brand::Visa, "14", None, true),
            (Brand::Visa, "51", Some("03"), false),
            (Brand::Mastercard, "14", None, false),
            (Brand::Mastercard, "51", Some("03"), true),
            (Brand::Mastercard, "05", Some("21"), true),
            (Brand::Amex, "14", Some("03"), false),
        ] {
            let reason = DeclineReason { network_code: Some(network_code), advice_code, code: None };
            assert_eq!(reason.is_never(brand), want, "{brand:?} {reason:?}");
        }
    }

    #[test]
    fn authorize_nets_reasons_have_classes_and_a_held_payment_is_no_decline() {
        for (reason, want) in [
            ("2", Some(DeclineClass::SoftOnce)),
            ("4", Some(DeclineClass::Hard)),
            ("8", Some(DeclineClass::Fix)),
            ("11", Some(DeclineClass::Operational)),
            ("63", Some(DeclineClass::Soft)),
            ("999", Some(DeclineClass::SoftOnce)),
            ("252", None),
            ("253", None),
        ] {
            assert_eq!(authorize_net_class(reason), want, "{reason}");
        }
    }
}
