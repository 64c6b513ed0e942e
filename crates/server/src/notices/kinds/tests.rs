//! What the mails say, in words.

use onfile_core::currency::Currency;
use onfile_core::ids::{Id, PaymentMethodId};
use onfile_core::vault_contract::Details;
use serde_json::json;

use super::payment_failed::WhatNext;
use super::*;
use crate::notices::frame::Letter;

/// 22 November 2026.
const FIRST: i64 = 1_795_341_783;
const DAY: i64 = 86_400;

fn desk_of(account: &Account) -> Desk<'_> {
    Desk { account, public_url: "https://pay.shop.example" }
}

fn shop(livemode: bool) -> Account {
    let id = onfile_core::ids::AccountId::from_trusted("acct_1".into());
    Account { id, name: "Shop".into(), livemode, demo: false }
}

fn usd() -> Currency {
    Currency::parse("usd").unwrap()
}

fn failed(code: &str, next: WhatNext) -> Letter {
    let content = PaymentFailed {
        amount: 2900,
        currency: usd(),
        description: Some("Fibre 500".into()),
        method: Some("Visa •••• 4242".into()),
        code: code.into(),
        next,
    };
    content.letter(desk_of(&shop(true)))
}

/// Both parts have all of `parts`, the second one escaped as HTML has it.
#[track_caller]
fn says(letter: &Letter, parts: &[&str]) {
    for part in parts {
        assert!(letter.text.contains(part), "{part:?} in {}", letter.text);
        let escaped = maud::html! { (part) }.into_string();
        assert!(letter.html.contains(&escaped), "{escaped:?} in {}", letter.html);
    }
}

#[test]
fn a_failed_payment_says_why_in_plain_words_and_what_happens_next() {
    let url = || Some("https://pay.shop.example/i/1?a&b".to_owned());
    let retry = |last, url| WhatNext::Retry { at: FIRST, last, url };
    for (code, next, parts) in [
        ("insufficient_funds", retry(None, None), vec!["not enough money", "try again on 22 November 2026."]),
        (
            "expired_card",
            retry(Some(FIRST + 5 * DAY), url()),
            vec!["has expired", "22 November 2026, and for the last time on 27 November 2026.", "/i/1?a&b"],
        ),
        // The only try is not the last of several.
        ("do_not_honor", retry(Some(FIRST), None), vec!["Your bank declined", "on 22 November 2026. You"]),
        (
            "stolen_card",
            WhatNext::Act { url: "https://pay.shop.example/i/2".into() },
            vec!["Your bank declined this card.", "do not try this payment again", "/i/2"],
        ),
    ] {
        let letter = failed(code, next);
        assert_eq!(letter.subject, "Your payment of $29.00 to Shop did not go through", "{code}");
        says(&letter, &["$29.00", "Fibre 500", "Visa •••• 4242"]);
        says(&letter, &parts);
        for part in [&letter.text, &letter.html] {
            assert!(!part.contains(code) && !part.contains("Test mode"), "{code}: no raw code, no test mode");
        }
    }
}

#[test]
fn the_last_word_promises_no_further_try_and_links_to_where_one_can_pay() {
    let content = PaymentFailedFinal {
        amount: 2900,
        currency: Currency::parse("jpy").unwrap(),
        description: None,
        method: None,
        code: "insufficient_funds".into(),
        pay_url: "https://pay.shop.example/i/3".into(),
        otherwise: Some("Without it your line ends on 1 December.".into()),
    };
    let letter = content.letter(desk_of(&shop(false)));
    assert_eq!(letter.subject, "Please pay ¥2,900 to Shop");
    says(&letter, &["¥2,900", "/i/3", "Without it your line ends", "We do not try it again", "Test mode"]);
    assert!(!letter.text.contains("We will try"), "{}", letter.text);
}

#[test]
fn a_card_is_good_through_its_last_day_and_its_date_is_not_told() {
    let card = |month: u8| -> Details {
        serde_json::from_value(json!({
            "type": "card", "brand": "visa", "first6": "424242", "last4": "4242", "exp_month": month,
            "exp_year": 2026, "funding": "credit", "fingerprint": "x", "country": "US", "cvc_held": false,
        }))
        .unwrap()
    };
    let content = |charge_due| CardExpiring {
        method: PaymentMethodId::from_trusted("pm_1".into()),
        subscription: None,
        charge_due,
        amount: Some(2900),
        currency: usd(),
        description: Some("Fibre 500".into()),
        update_url: Some("https://pay.shop.example/c".into()),
    };
    for (month, due, ends) in [
        (11, "2026-11-30T23:59:59Z", false),
        // The last place on earth where the last day ends.
        (11, "2026-12-01T11:59:59Z", false),
        (11, "2026-12-01T12:00:00Z", true),
        (12, "2026-12-01T12:00:00Z", false),
        (10, "2026-11-22T00:00:00Z", true),
    ] {
        let due = due.parse::<jiff::Timestamp>().unwrap().as_second();
        assert_eq!(content(due).ends_before_the_charge(&card(month)), ends, "{month} {due}");
    }
    let letter = content(FIRST).letter(desk_of(&shop(true)), "Visa •••• 4242");
    assert_eq!(letter.subject, "Your card ends before your next payment to Shop");
    says(
        &letter,
        &["Visa •••• 4242", "on 22 November 2026.", "$29.00", "Fibre 500", "https://pay.shop.example/c"],
    );
    assert!(!letter.text.contains("2026/") && !letter.text.contains("/2026"), "{}", letter.text);
}
