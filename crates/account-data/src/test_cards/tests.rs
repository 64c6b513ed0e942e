use std::collections::HashSet;

use onfile_core::card::luhn;
use onfile_core::decline::{DeclineClass, DeclineReason};

use super::*;

#[test]
fn every_test_card_is_a_genuine_number_with_its_own_names() {
    let (mut numbers, mut names) = (HashSet::new(), HashSet::new());
    for card in TestCard::all() {
        let pan = card.pan().unwrap_or_else(|| panic!("{}", card.number));
        assert!(luhn(pan.expose_to_keyed_hash()), "{}", card.number);
        assert_eq!(pan.brand(), card.brand());
        assert!(numbers.insert(card.number), "{} twice", card.number);
        assert!(card.names.iter().all(|name| names.insert(*name)), "{:?} twice", card.names);
        assert_eq!(TestCard::with_number(&pan).map(|c| c.number), Some(card.number));
    }
}

#[test]
fn a_name_leads_to_its_card_as_method_and_as_token() {
    for (name, brand, last4, funding) in [
        ("visa", Brand::Visa, "4242", Funding::Credit),
        ("visa_debit", Brand::Visa, "5556", Funding::Debit),
        ("mastercard", Brand::Mastercard, "4444", Funding::Credit),
        ("mastercard_debit", Brand::Mastercard, "8210", Funding::Debit),
        ("mastercard_prepaid", Brand::Mastercard, "5100", Funding::Prepaid),
        ("amex", Brand::Amex, "0005", Funding::Credit),
        ("discover", Brand::Discover, "1117", Funding::Credit),
        ("diners", Brand::Diners, "0004", Funding::Credit),
        ("jcb", Brand::Jcb, "0505", Funding::Credit),
        ("unionpay", Brand::UnionPay, "0005", Funding::Credit),
        ("chargeCustomerFail", Brand::Visa, "0341", Funding::Credit),
        ("threeDSecure2Required", Brand::Visa, "3220", Funding::Credit),
    ] {
        for name in [format!("pm_card_{name}"), format!("tok_{name}")] {
            let card = TestCard::named(&name).unwrap_or_else(|| panic!("{name}"));
            let pan = card.pan().unwrap();
            assert_eq!((card.brand(), pan.last4(), card.funding), (brand, last4, funding), "{name}");
            assert!(card.is_named());
        }
    }
    for bad in ["", "pm_card_", "tok_", "visa", "pm_visa", "pm_card_Visa", "tok_card_visa", "pm_card_nobody"]
    {
        assert!(TestCard::named(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn a_declining_test_card_falls_in_the_class_it_is_meant_to_show() {
    for (name, code, class) in [
        ("chargeDeclined", "generic_decline", DeclineClass::SoftOnce),
        ("visa_chargeDeclined", "generic_decline", DeclineClass::SoftOnce),
        ("visa_chargeDeclinedInsufficientFunds", "insufficient_funds", DeclineClass::Soft),
        ("visa_chargeDeclinedLostCard", "lost_card", DeclineClass::Hard),
        ("visa_chargeDeclinedStolenCard", "stolen_card", DeclineClass::Hard),
        ("chargeDeclinedExpiredCard", "expired_card", DeclineClass::Fix),
        ("chargeDeclinedIncorrectCvc", "incorrect_cvc", DeclineClass::Fix),
        ("chargeDeclinedProcessingError", "processing_error", DeclineClass::Soft),
        ("radarBlock", "fraudulent", DeclineClass::Hard),
    ] {
        let card = TestCard::named(&format!("pm_card_{name}")).unwrap();
        let Behaviour::Declines(decline) = card.behaviour else { panic!("{name}: {:?}", card.behaviour) };
        let advice_code = decline.advice.map(Advice::as_str);
        let reason =
            DeclineReason { code: Some(decline.code), network_code: Some(decline.network_code), advice_code };
        assert_eq!((decline.code, reason.class()), (code, class), "{name}");
        // Without the advice the issuer's code and the processor's must not contradict each other about the card.
        let processor = DeclineReason { code: Some(decline.code), ..DeclineReason::default() };
        assert_eq!(processor.class(), class, "{name}");
    }
}

#[test]
fn every_test_bank_account_can_be_found_by_name_and_by_number() {
    for account in TestBankAccount::all() {
        let (routing, number) = (account.routing_number().unwrap(), account.number().unwrap());
        let found = TestBankAccount::with_number(&routing, &number).map(|a| a.name);
        assert_eq!(found, Some(account.name));
        let named = TestBankAccount::named(&format!("pm_usBankAccount_{}", account.name));
        assert_eq!(named.map(|a| a.name), Some(account.name));
        let elsewhere = RoutingNumber::parse("021000021").unwrap();
        assert!(TestBankAccount::with_number(&elsewhere, &number).is_none());
    }
    assert_eq!(TestBankAccount::named("pm_usBankAccount").map(|a| a.behaviour), Some(BankBehaviour::Settles));
    for bad in ["pm_usBankAccountsuccess", "pm_usBankAccount_", "pm_usBankAccount_nobody", "usBankAccount"] {
        assert!(TestBankAccount::named(bad).is_none(), "{bad:?}");
    }
}
