//! The body of a request, with the card at its place.

use onfile_account_data::Cvc;
use serde_json::Value;
use zeroize::Zeroizing;

use super::placement::Placement;
use crate::record::{Instrument, Number};

/// More than the card object needs beside the payer's name.
const CARD_BYTES: usize = 128;

/// Writes the body. The buffer never grows, so that the number lies in it alone; it is wiped on drop.
pub fn body(
    body: &Value,
    placement: Placement,
    card: Option<(&Instrument, Option<&Cvc>)>,
) -> Zeroizing<Vec<u8>> {
    let text = body.to_string();
    let (Placement::Card(member), Some((instrument, cvc))) = (placement, card) else {
        return Zeroizing::new(text.into_bytes());
    };
    let Number::Card { pan, expiry } = &instrument.number else { return Zeroizing::new(text.into_bytes()) };
    let name = instrument.billing.name.as_deref().map(|name| Value::from(name).to_string());
    let name_bytes = name.as_ref().map_or(0, String::len);
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + name_bytes + CARD_BYTES));
    let open = text.strip_suffix('}').unwrap_or(&text);
    let comma = if open.ends_with('{') { "" } else { "," };
    for part in
        [open, comma, "\"", member, "\":{\"number\":\"", pan.expose_to_processor(), "\",\"exp_month\":"]
    {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(expiry.month().to_string().as_bytes());
    out.extend_from_slice(b",\"exp_year\":");
    out.extend_from_slice(expiry.year().to_string().as_bytes());
    if let Some(cvc) = cvc {
        for part in [",\"cvc\":\"", cvc.expose_to_processor(), "\""] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    if let Some(name) = name {
        out.extend_from_slice(b",\"name\":");
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"}}");
    out
}

#[cfg(test)]
mod tests {
    use onfile_account_data::Pan;
    use onfile_core::card::{Brand, Expiry};
    use onfile_core::vault_contract::Billing;
    use serde_json::json;

    use super::*;

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
    }
}
