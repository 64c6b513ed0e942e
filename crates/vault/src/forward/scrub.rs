//! Answers of processors, with every echo of account data masked.
//!
//! The number that was sent is looked for digit by digit, whatever stands between its digits, in names and values; and
//! so is everything else that is shaped like a card number. A security code has three or four digits, which amounts and
//! codes have too: it is masked where it stands alone, in text as in numbers, but not in the few integers that are
//! money.

use onfile_account_data::Cvc;
use onfile_core::card_shaped;
use serde_json::{Map, Value};

use crate::record::{Instrument, Number};

/// Members that hold money. Masking them would turn an amount that happens to equal the code into nonsense.
const MONEY: [&str; 3] = ["amount", "captured", "refunded"];
/// Members whose digits may look like a card number by chance and must come back as they are: 15 digits, of which
/// the network makes what it wants. The number that was sent is masked in them all the same.
const OPAQUE: [&str; 1] = ["network_transaction_id"];
/// How many digits at the end stay.
const KEPT_DIGITS: usize = 4;

/// What must not come back.
pub struct Scrub<'a> {
    number: Option<&'a str>,
    cvc: Option<&'a str>,
}

impl<'a> Scrub<'a> {
    /// For an order that carried no card.
    pub fn without_card() -> Self {
        Self { number: None, cvc: None }
    }

    /// For an order that carried this card.
    pub fn of(card: Option<(&'a Instrument, Option<&'a Cvc>)>) -> Self {
        let number = card.map(|(instrument, _)| match &instrument.number {
            Number::Card { pan, .. } => pan.expose_to_processor(),
            Number::Bank { number, .. } => number.expose_to_processor(),
        });
        Self { number, cvc: card.and_then(|(_, cvc)| cvc).map(Cvc::expose_to_processor) }
    }

    /// The value without echoes.
    pub fn value(&self, value: Value) -> Value {
        self.member("", value)
    }

    fn member(&self, name: &str, value: Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value,
            Value::Number(number) => {
                let text = number.to_string();
                if MONEY.contains(&name) && number.is_u64() && text.len() < onfile_core::card::LENGTH_MIN {
                    return Value::Number(number);
                }
                let scrubbed = self.text(name, &text);
                if scrubbed == text { Value::Number(number) } else { Value::String(scrubbed) }
            }
            Value::String(text) => Value::String(self.text(name, &text)),
            Value::Array(values) => values.into_iter().map(|value| self.member(name, value)).collect(),
            Value::Object(members) => {
                let scrubbed = members.into_iter().map(|(name, value)| {
                    let value = self.member(&name, value);
                    (self.text("", &name), value)
                });
                Value::Object(scrubbed.collect::<Map<_, _>>())
            }
        }
    }

    fn text(&self, name: &str, text: &str) -> String {
        let text = match self.number {
            Some(number) => mask_digits(text, number),
            None => text.to_owned(),
        };
        let text = match self.cvc {
            Some(cvc) => mask_alone(&text, cvc),
            None => text,
        };
        if OPAQUE.contains(&name) { text } else { card_shaped::mask(&text).into_owned() }
    }
}

/// Masks every place where the digits of the text, read without what stands between them, are `number`; all but its
/// last four.
fn mask_digits(text: &str, number: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let places: Vec<usize> =
        (0..bytes.len()).filter(|&i| bytes.get(i).is_some_and(u8::is_ascii_digit)).collect();
    for window in places.windows(number.len().max(1)) {
        let same = window.iter().zip(number.bytes()).all(|(&place, digit)| bytes.get(place) == Some(&digit));
        if same {
            for &place in window.iter().take(number.len().saturating_sub(KEPT_DIGITS)) {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = b'*';
                }
            }
        }
    }
    // Only ASCII digits became ASCII stars, so this is UTF-8; were it not, nothing may be shown.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Masks the code where it stands alone: no letter, digit or underscore beside it; its digits may have single spaces
/// or dashes between them. The host and port of a URL are left alone.
fn mask_alone(text: &str, code: &str) -> String {
    let start =
        text.find("://").and_then(|scheme| text.get(scheme + 3..)?.find('/').map(|path| scheme + 3 + path));
    let mut bytes = text.as_bytes().to_vec();
    let mut at = start.unwrap_or(0);
    while at < bytes.len() {
        match code_at(&bytes, at, code.as_bytes()) {
            Some(end) => {
                for byte in bytes.iter_mut().take(end).skip(at).filter(|byte| byte.is_ascii_digit()) {
                    *byte = b'*';
                }
                at = end;
            }
            None => at += 1,
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// The end of the code, if it begins here and stands alone.
fn code_at(bytes: &[u8], start: usize, code: &[u8]) -> Option<usize> {
    let is_word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    if start.checked_sub(1).is_some_and(is_word) {
        return None;
    }
    let mut at = start;
    for (i, digit) in code.iter().enumerate() {
        if i > 0 && bytes.get(at).is_some_and(|b| matches!(b, b' ' | b'-')) {
            at += 1;
        }
        if bytes.get(at) != Some(digit) {
            return None;
        }
        at += 1;
    }
    (!is_word(at)).then_some(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NUMBER: &str = "4242424242424242";

    fn scrubbed(value: Value) -> String {
        Scrub { number: Some(NUMBER), cvc: Some("737") }.value(value).to_string()
    }

    #[test]
    fn every_echo_of_the_number_is_masked() {
        let integer: u64 = NUMBER.parse().unwrap();
        for value in [
            json!({"number": NUMBER}),
            json!({"number": integer}),
            json!({"amount": integer}),
            json!({"note": "card 4242 4242 4242 4242 declined"}),
            json!({"note": "4242-4242.4242/4242"}),
            json!({"note": "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2"}),
            json!({"note": format!("x9{NUMBER}9x")}),
            json!({"network_transaction_id": NUMBER}),
            json!({"deep": [[{"a": [NUMBER, {"b": NUMBER}]}]]}),
            json!({NUMBER: 1}),
            json!({"4242 4242 4242 4242": {"x": 1}}),
            json!(NUMBER),
            json!(integer),
        ] {
            let text = scrubbed(value.clone());
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            assert!(!digits.contains("424242424"), "{value} became {text}");
        }
    }

    #[test]
    fn the_code_is_masked_where_it_stands_alone_and_money_and_ids_stay() {
        for value in [
            json!({"cvc": "737"}),
            json!({"cvc": 737}),
            json!({"message": "code 737 is wrong"}),
            json!({"message": "cvc=737"}),
            json!({"message": "7 3 7"}),
            json!({"message": "7-3-7."}),
            json!({"737": true}),
            json!(["737"]),
            json!({"url": "http://h:737/x?cvc=737"}),
        ] {
            let text = scrubbed(value.clone()).replace("h:737", "");
            assert!(
                !text.contains("737") && !text.contains("7 3 7") && !text.contains("7-3-7"),
                "{value} became {text}"
            );
        }
        for value in [
            json!({"amount": 737, "captured": 737, "refunded": 737}),
            json!({"id": "pay_a737b", "challenge_url": "http://127.0.0.1:737/challenge/pay_1"}),
            json!({"amount": 73700, "total": 1737}),
        ] {
            assert_eq!(scrubbed(value.clone()), value.to_string());
        }
    }

    #[test]
    fn every_echo_of_a_bank_account_number_is_masked_and_its_amount_stays() {
        let number = "000222222227";
        let scrub = Scrub { number: Some(number), cvc: None };
        for value in [
            json!({"account_number": number}),
            json!({"note": "account 0002 2222-2227 was refused"}),
            json!({"bank_account": {"numbers": [number]}}),
            json!({number: 1}),
            json!(format!("x{number}y")),
        ] {
            let text = scrub.value(value.clone()).to_string();
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            assert!(!digits.contains("22222"), "{value} became {text}");
            assert!(text.contains("2227"), "{text}");
        }
        let answer =
            json!({"object": "debit", "id": "pay_1", "amount": 222_222_227, "arrives": 1_795_341_783});
        assert_eq!(scrub.value(answer.clone()), answer);
    }

    #[test]
    fn another_card_is_masked_too_but_not_what_the_network_calls_a_transaction() {
        let other = ["5555", "5555", "5555", "4444"].concat();
        let scrub = Scrub::without_card();
        assert!(!scrub.value(json!({"a": other})).to_string().contains(&other));
        let transaction = json!({"network_transaction_id": "378282246310005", "network_code": "00"});
        assert_eq!(scrub.value(transaction.clone()), transaction);
    }

    proptest::proptest! {
        #[test]
        fn no_text_around_the_number_hides_it(before in "\\PC{0,20}", after in "\\PC{0,20}", gap in "[^0-9]{0,2}") {
            let spaced: Vec<String> = NUMBER.chars().map(String::from).collect();
            let text = format!("{before}{}{after}", spaced.join(&gap));
            let digits: String = mask_digits(&text, NUMBER).chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
            proptest::prop_assert!(!digits.contains(NUMBER), "{digits}");
        }
    }
}
