//! The body of a request, with the card or the bank account at its place.

use onfile_account_data::Cvc;
use serde_json::Value;
use zeroize::Zeroizing;

use super::placement::Placement;
use crate::record::{Instrument, Number};

/// More than a card or a bank account needs beside the payer's name.
const INSTRUMENT_BYTES: usize = 192;

/// Writes the body. The buffer never grows, so that the number lies in it alone; it is wiped on drop.
pub fn body(
    body: &Value,
    placement: Placement,
    card: Option<(&Instrument, Option<&Cvc>)>,
) -> Zeroizing<Vec<u8>> {
    let text = body.to_string();
    let Some((instrument, cvc)) = card else { return Zeroizing::new(text.into_bytes()) };
    let name = instrument.billing.name.as_deref().map(|name| Value::from(name).to_string());
    let name_bytes = name.as_ref().map_or(0, String::len);
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + name_bytes + INSTRUMENT_BYTES));
    let open = text.strip_suffix('}').unwrap_or(&text);
    let comma = if open.ends_with('{') { "" } else { "," };
    match (placement, &instrument.number) {
        (Placement::Card(member), Number::Card { pan, expiry }) => {
            push(&mut out, &[open, comma, "\"", member, "\":{\"number\":\"", pan.expose_to_processor()]);
            push(&mut out, &["\",\"exp_month\":", &expiry.month().to_string()]);
            push(&mut out, &[",\"exp_year\":", &expiry.year().to_string()]);
            if let Some(cvc) = cvc {
                push(&mut out, &[",\"cvc\":\"", cvc.expose_to_processor(), "\""]);
            }
        }
        (Placement::Bank(member), Number::Bank { number, routing, holder, kind }) => {
            push(&mut out, &[open, comma, "\"", member, "\":{\"routing_number\":\"", routing.as_str()]);
            push(&mut out, &["\",\"account_number\":\"", number.expose_to_processor()]);
            push(&mut out, &["\",\"account_holder_type\":\"", holder.as_str()]);
            push(&mut out, &["\",\"account_type\":\"", kind.as_str(), "\""]);
        }
        _ => return Zeroizing::new(text.into_bytes()),
    }
    if let Some(name) = name {
        out.extend_from_slice(b",\"name\":");
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"}}");
    out
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use onfile_account_data::{BankAccountNumber, Pan};
    use onfile_core::bank::RoutingNumber;
    use onfile_core::card::{Brand, Expiry};
    use onfile_core::vault_contract::Billing;
    use serde_json::json;

    use super::*;
    use crate::record::{AccountKind, Holder};

    #[test]
    fn the_card_stands_at_its_place_and_the_rest_is_untouched() {
        let pan = Pan::parse(Zeroizing::new("378282246310005".to_owned())).unwrap();
        let number = Number::Card { pan, expiry: Expiry::new(3, 2031).unwrap() };
        let name = Some("Ann \"A\" \\ Ünal".to_owned());
        let mut instrument =
            Instrument { number, billing: Billing { name, ..Billing::default() }, created: 0 };
        let cvc = Cvc::parse(Zeroizing::new("1234".to_owned()), Brand::Amex).unwrap();
        let place = Placement::Card("card");
        for (given, with_cvc) in [(json!({}), true), (json!({"amount": 5, "a": {"b": "}"}}), false)] {
            let bytes = body(&given, place, Some((&instrument, with_cvc.then_some(&cvc))));
            let mut sent: Value = serde_json::from_slice(&bytes).unwrap();
            let card = sent.as_object_mut().unwrap().shift_remove("card").unwrap();
            assert_eq!(sent, given);
            let mut want = json!({"number": "378282246310005", "exp_month": 3, "exp_year": 2031});
            if with_cvc {
                want["cvc"] = "1234".into();
            }
            want["name"] = "Ann \"A\" \\ Ünal".into();
            assert_eq!(card, want);
        }
        instrument.billing.name = None;
        let bytes = body(&json!({}), place, Some((&instrument, None)));
        assert!(!String::from_utf8(bytes.to_vec()).unwrap().contains("name"));
        assert_eq!(body(&json!({"a": 1}), Placement::Nowhere, None).as_slice(), b"{\"a\":1}");
        // What does not fit its place goes nowhere.
        let stray = body(&json!({"a": 1}), Placement::Bank("bank_account"), Some((&instrument, None)));
        assert_eq!(stray.as_slice(), b"{\"a\":1}");
    }

    #[test]
    fn a_bank_account_stands_at_its_place_and_the_rest_is_untouched() {
        let longest = "12345678901234567";
        let number = Number::Bank {
            number: BankAccountNumber::parse(Zeroizing::new(longest.to_owned())).unwrap(),
            routing: RoutingNumber::parse("110000000").unwrap(),
            holder: Holder::Individual,
            kind: AccountKind::Checking,
        };
        let billing = Billing { name: Some("Ann".into()), ..Billing::default() };
        let instrument = Instrument { number, billing, created: 0 };
        let given = json!({"amount": 5});
        let bytes = body(&given, Placement::Bank("bank_account"), Some((&instrument, None)));
        let room = given.to_string().len() + "\"Ann\"".len() + INSTRUMENT_BYTES;
        assert!(bytes.len() <= room && bytes.capacity() <= room, "the buffer grew");
        let mut sent: Value = serde_json::from_slice(&bytes).unwrap();
        let account = sent.as_object_mut().unwrap().shift_remove("bank_account").unwrap();
        assert_eq!(sent, given);
        let want = json!({
            "routing_number": "110000000", "account_number": longest, "account_holder_type": "individual",
            "account_type": "checking", "name": "Ann",
        });
        assert_eq!(account, want);
    }
}
