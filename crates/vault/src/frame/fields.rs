//! What was typed into the frame, and what is wrong with it.

use jiff::Timestamp;
use onfile_account_data::{Cvc, CvcError, Pan, PanError};
use onfile_core::card::{Brand, Expiry, ExpiryError};
use onfile_core::vault_contract::Billing;
use onfile_service::lookalikes::holds_card_number;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::accounts::Account;
use crate::form::Form;
use crate::record::Number;
use crate::test_tokens;

/// The most characters of a name.
const NAME_CHARS_MAX: usize = 200;
/// As many digits as a security code has do not belong into a name.
const NAME_DIGITS_MAX: usize = 2;

/// The texts of mistakes. The page carries them for the script too, so that they stand in one place.
pub mod texts {
    /// Nothing typed.
    pub const NUMBER_EMPTY: &str = "Enter the card number";
    /// Typing is not finished.
    pub const NUMBER_SHORT: &str = "Enter the whole card number; some digits are missing";
    /// A wrong digit.
    pub const NUMBER_BAD: &str = "Check the card number; a digit seems to be wrong";
    /// No brand.
    pub const NUMBER_OTHER: &str = "Check the card number, or use another card; we do not know this type";
    /// Nothing typed.
    pub const EXPIRY_EMPTY: &str = "Enter the expiry date";
    /// Not a month and a year.
    pub const EXPIRY_BAD: &str = "Enter the expiry date as month and year, for example 09/28";
    /// Over.
    pub const EXPIRY_PAST: &str = "Enter an expiry date in the future, or use another card";
    /// Nothing typed.
    pub const CVC_EMPTY: &str = "Enter the security code";
    /// Wrong length.
    pub const CVC_BAD: &str = "Enter the security code: 3 digits on the back of the card";
    /// Wrong length, American Express.
    pub const CVC_BAD_FRONT: &str = "Enter the security code: 4 digits on the front of the card";
    /// Nothing typed.
    pub const NAME_EMPTY: &str = "Enter the name on the card";
    /// A number where the name goes.
    pub const NAME_BAD: &str = "Enter the name on the card, without numbers";
}

/// The test cards that the frame offers in test mode, by Stripe's names, and what to say of them.
pub const OFFERED: [(&str, &str); 3] = [
    ("pm_card_visa", "approves"),
    ("pm_card_chargeDeclined", "declines"),
    ("pm_card_authenticationRequiredOnSetup", "asks for 3-D Secure"),
];

/// What stays in the form when it is shown again. A number or a code is only ever that of a published test card.
#[derive(Debug, Default)]
pub struct Typed {
    /// A test card's number.
    pub number: Option<String>,
    /// A test card's code.
    pub cvc: &'static str,
    /// As typed.
    pub expiry: String,
    /// As typed.
    pub name: String,
    /// Whether the customer ticked the box.
    pub agreed: bool,
}

/// What is wrong, field by field.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// With the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<&'static str>,
    /// With the expiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<&'static str>,
    /// With the security code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvc: Option<&'static str>,
    /// With the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
}

impl Refused {
    /// The mistakes with the ids of their fields, in the order of the form.
    pub fn list(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let all = [("number", self.number), ("expiry", self.expiry), ("cvc", self.cvc), ("name", self.name)];
        all.into_iter().filter_map(|(field, text)| Some((field, text?)))
    }
}

/// A card that can be stored.
pub struct Card {
    /// The card.
    pub number: Number,
    /// Its code.
    pub cvc: Option<Cvc>,
    /// The name.
    pub billing: Billing,
}

/// The test card that a button asked for, in test mode.
pub fn test_card(account: &Account, form: &mut Form, now: Timestamp) -> Option<Typed> {
    let index = form.text("fill")?.parse::<usize>().ok()?;
    let (name, _) = OFFERED.get(index).filter(|_| !account.livemode)?;
    Some(Typed {
        number: Some(test_tokens::published_number(name)?),
        cvc: TEST_CVC,
        expiry: test_expiry(now),
        name: TEST_NAME.to_owned(),
        agreed: form.text("agreed").is_some(),
    })
}

/// What goes with a test card.
pub fn test_expiry(now: Timestamp) -> String {
    let expiry = test_tokens::expiry(now);
    expiry.map_or_else(String::new, |expiry| format!("{:02}/{:02}", expiry.month(), expiry.year() % 100))
}

/// What goes with a test card.
pub const TEST_CVC: &str = "123";
/// What goes with a test card.
pub const TEST_NAME: &str = "Test Customer";

/// Reads `number`, `expiry`, `cvc`, `name` and `agreed`.
pub fn read(form: &mut Form, now: Timestamp) -> (Typed, Result<Card, Refused>) {
    let typed = Typed {
        number: None,
        cvc: "",
        expiry: unless_card(form.text("expiry")),
        name: unless_card(form.text("name")),
        agreed: form.text("agreed").is_some(),
    };
    let number = form.secret("number");
    let guess = number.as_ref().and_then(|text| brand_of(text)).unwrap_or(Brand::Unknown);
    let pan = read_number(number);
    let expiry = read_expiry(form.text("expiry").unwrap_or_default(), now);
    let cvc = read_cvc(form.secret("cvc"), guess);
    let name = read_name(form.text("name").unwrap_or_default());
    let read = match (pan, expiry, cvc, name) {
        (Ok(pan), Ok(expiry), Ok(cvc), Ok(name)) => {
            let billing = Billing { name: Some(name), ..Billing::default() };
            Ok(Card { number: Number::Card { pan, expiry }, cvc, billing })
        }
        (pan, expiry, cvc, name) => {
            Err(Refused { number: pan.err(), expiry: expiry.err(), cvc: cvc.err(), name: name.err() })
        }
    };
    (typed, read)
}

/// A field as typed, but not a card number that was typed into the wrong one.
fn unless_card(text: Option<&str>) -> String {
    text.filter(|text| !holds_card_number(text)).unwrap_or_default().to_owned()
}

fn brand_of(number: &str) -> Option<Brand> {
    let mut leading = Zeroizing::new([0u8; 6]);
    for (slot, digit) in leading.iter_mut().zip(number.bytes().filter(u8::is_ascii_digit)) {
        *slot = digit;
    }
    Brand::of(leading.as_slice())
}

fn read_number(number: Option<Zeroizing<String>>) -> Result<Pan, &'static str> {
    let number = number.ok_or(texts::NUMBER_EMPTY)?;
    Pan::parse(number).map_err(|error| match error {
        PanError::Incomplete => texts::NUMBER_SHORT,
        PanError::NotDigits | PanError::WrongLength | PanError::Checksum => texts::NUMBER_BAD,
        PanError::UnknownBrand => texts::NUMBER_OTHER,
    })
}

/// `09/28`, `9 / 28`, `0928`, `09/2028`, `092028`: month and year as people and browsers write them.
fn read_expiry(text: &str, now: Timestamp) -> Result<Expiry, &'static str> {
    if text.is_empty() {
        return Err(texts::EXPIRY_EMPTY);
    }
    let separated = text.split_once(['/', '-', '.', ' ']);
    let parts = separated.or_else(|| matches!(text.len(), 4 | 6).then(|| text.split_at_checked(2)).flatten());
    let (month, year) = parts.ok_or(texts::EXPIRY_BAD)?;
    let year = year.trim_start_matches(['/', '-', '.', ' ']);
    Expiry::parse(month, year, now).map_err(|error| match error {
        ExpiryError::Past => texts::EXPIRY_PAST,
        ExpiryError::Month | ExpiryError::Year => texts::EXPIRY_BAD,
    })
}

fn read_cvc(code: Option<Zeroizing<String>>, brand: Brand) -> Result<Option<Cvc>, &'static str> {
    let Some(code) = code else {
        return if brand.cvc_may_be_missing() { Ok(None) } else { Err(texts::CVC_EMPTY) };
    };
    Cvc::parse(code, brand).map(Some).map_err(|error| match error {
        CvcError::NotDigits | CvcError::Incomplete | CvcError::TooLong if brand == Brand::Amex => {
            texts::CVC_BAD_FRONT
        }
        CvcError::NotDigits | CvcError::Incomplete | CvcError::TooLong => texts::CVC_BAD,
    })
}

fn read_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err(texts::NAME_EMPTY);
    }
    // Digits of every script: the name leaves the vault, and a number of full width is a number all the same.
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    if digits > NAME_DIGITS_MAX || text.chars().count() > NAME_CHARS_MAX {
        return Err(texts::NAME_BAD);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_form(body: &str) -> Result<Card, Refused> {
        read(&mut Form::parse(body.as_bytes()).unwrap(), "2026-11-22T10:00:00Z".parse().unwrap()).1
    }

    #[test]
    fn every_mistake_is_named_at_its_field() {
        let good = ("4242 4242 4242 4242", "09/28", "123", "Ann Example");
        let none = Refused::default();
        for (number, expiry, cvc, name, want) in [
            (good.0, good.1, good.2, good.3, none),
            (good.0, "9/28", good.2, good.3, none),
            (good.0, "09 / 2028", good.2, good.3, none),
            (good.0, "0928", good.2, "Henry 3rd", none),
            ("378282246310005", good.1, "1234", good.3, none),
            ("6799990100000000019", good.1, "", good.3, none),
            ("", good.1, good.2, good.3, Refused { number: Some(texts::NUMBER_EMPTY), ..none }),
            ("4242 4242", good.1, good.2, good.3, Refused { number: Some(texts::NUMBER_SHORT), ..none }),
            ("4242424242424241", good.1, good.2, good.3, Refused { number: Some(texts::NUMBER_BAD), ..none }),
            (
                "9999999999999995",
                good.1,
                good.2,
                good.3,
                Refused { number: Some(texts::NUMBER_OTHER), ..none },
            ),
            (good.0, "", good.2, good.3, Refused { expiry: Some(texts::EXPIRY_EMPTY), ..none }),
            (good.0, "13/28", good.2, good.3, Refused { expiry: Some(texts::EXPIRY_BAD), ..none }),
            (good.0, "928", good.2, good.3, Refused { expiry: Some(texts::EXPIRY_BAD), ..none }),
            (good.0, "10/26", good.2, good.3, Refused { expiry: Some(texts::EXPIRY_PAST), ..none }),
            (good.0, good.1, "", good.3, Refused { cvc: Some(texts::CVC_EMPTY), ..none }),
            (good.0, good.1, "1234", good.3, Refused { cvc: Some(texts::CVC_BAD), ..none }),
            ("378282246310005", good.1, "123", good.3, Refused { cvc: Some(texts::CVC_BAD_FRONT), ..none }),
            (good.0, good.1, good.2, "", Refused { name: Some(texts::NAME_EMPTY), ..none }),
            (good.0, good.1, good.2, "123", Refused { name: Some(texts::NAME_BAD), ..none }),
            (good.0, good.1, good.2, "4242424242424242", Refused { name: Some(texts::NAME_BAD), ..none }),
            (good.0, good.1, good.2, "Ann ４２４２４２", Refused { name: Some(texts::NAME_BAD), ..none }),
        ] {
            let got = read_form(&format!("number={number}&expiry={expiry}&cvc={cvc}&name={name}")).err();
            assert_eq!(got.unwrap_or_default(), want, "{number} {expiry} {cvc} {name}");
        }
        let all = read_form("").err().unwrap();
        assert_eq!(
            all.list().map(|(field, _)| field).collect::<Vec<_>>(),
            ["number", "expiry", "cvc", "name"]
        );
    }

    #[test]
    fn a_card_number_in_the_wrong_field_is_not_shown_again() {
        let body = b"name=4242424242424242&expiry=4242+4242+4242+4242";
        let (typed, _) = read(&mut Form::parse(body).unwrap(), "2026-11-22T10:00:00Z".parse().unwrap());
        assert_eq!((typed.name.as_str(), typed.expiry.as_str()), ("", ""));
    }

    #[test]
    fn every_offered_test_card_exists() {
        for (name, _) in OFFERED {
            assert!(test_tokens::published_number(name).is_some(), "{name}");
        }
    }
}
