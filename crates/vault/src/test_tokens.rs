//! Stripe's named test tokens, `pm_card_visa` and the like: each stands for a fresh copy of a published test card.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onfile_account_data::test_cards::{TestBankAccount, TestCard};
use onfile_core::card::Expiry;
use onfile_core::vault_contract::Billing;

use crate::record::{AccountKind, Holder, Instrument, Number};

/// How many years ahead test cards expire.
const YEARS_AHEAD: u16 = 4;

/// The instrument behind a name, as if typed now.
pub fn instrument(name: &str, now: Timestamp) -> Option<Instrument> {
    let number = card(name, now).or_else(|| bank_account(name))?;
    Some(Instrument { number, billing: Billing::default(), created: now.as_second() })
}

/// The last month of test cards that are made now.
pub fn expiry(now: Timestamp) -> Option<Expiry> {
    let year = u16::try_from(now.to_zoned(TimeZone::UTC).year()).ok()?;
    Expiry::new(12, year.saturating_add(YEARS_AHEAD)).ok()
}

/// The digits of a published test card, to be put into a form in test mode.
pub fn published_number(name: &str) -> Option<String> {
    Some(TestCard::named(name)?.pan()?.expose_to_processor().to_owned())
}

fn card(name: &str, now: Timestamp) -> Option<Number> {
    Some(Number::Card { pan: TestCard::named(name)?.pan()?, expiry: expiry(now)? })
}

fn bank_account(name: &str) -> Option<Number> {
    let account = TestBankAccount::named(name)?;
    Some(Number::Bank {
        number: account.number()?,
        routing: account.routing_number()?,
        holder: Holder::Individual,
        kind: AccountKind::Checking,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_cards_and_bank_accounts_and_other_words_for_nothing() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        for name in ["pm_card_visa", "tok_visa", "pm_card_amex", "tok_chargeDeclined"] {
            let Some(Instrument { number: Number::Card { expiry, .. }, .. }) = instrument(name, now) else {
                panic!("{name} is no card");
            };
            assert_eq!((expiry.month(), expiry.year()), (12, 2030));
        }
        assert!(matches!(instrument("pm_usBankAccount_success", now).unwrap().number, Number::Bank { .. }));
        for name in ["pm_card_nothing", "pm_card_", "visa", "", "pm_1Nq3lK"] {
            assert!(instrument(name, now).is_none(), "{name}");
        }
    }
}
