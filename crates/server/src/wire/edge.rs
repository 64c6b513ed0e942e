//! The wall at the edge: account data is refused before anything is stored, logged or passed on.
//!
//! By name, whatever the value: a parameter that would carry it. By shape, wherever it stands: digits like a card's.

use axum::http::StatusCode;
use onfile_service::lookalikes::holds_card_number;

use super::error::ApiError;
use super::form::Pair;

/// Names that carry account data wherever they stand, metadata included. Written as [`bare`] gives them.
const NEVER: [&str; 18] = [
    "cvc",
    "cvv",
    "cvc2",
    "cvv2",
    "cvn",
    "csc",
    "cardcvc",
    "cardcvv",
    "cvccode",
    "cvvcode",
    "securitycode",
    "cardsecuritycode",
    "verificationvalue",
    "cardnumber",
    "pan",
    "trackdata",
    "track1",
    "track2",
];
/// Names that carry account data in objects that hold some; in metadata they are the merchant's own numbers.
const IN_OBJECTS: [&str; 4] = ["accountnumber", "iban", "number", "dynamiclast4"];
/// The objects whose `number` is an account's.
const ACCOUNT_OBJECTS: [&str; 6] =
    ["card", "source", "external_account", "bank_account", "us_bank_account", "default_source"];

/// Looks at everything that the caller wrote.
///
/// # Errors
/// Status 402 as Stripe has it for raw card numbers; the message names the safe way.
pub fn check(path: &str, idempotency_key: Option<&[u8]>, pairs: &[Pair]) -> Result<(), ApiError> {
    let decoded_path: Vec<u8> = percent_encoding::percent_decode_str(path).collect();
    if holds_card_number(&String::from_utf8_lossy(&decoded_path)) {
        return Err(refused(None));
    }
    if idempotency_key.is_some_and(|key| holds_card_number(&String::from_utf8_lossy(key))) {
        return Err(refused(None));
    }
    for pair in pairs {
        if holds_card_number(&pair.name) {
            return Err(refused(None));
        }
        if carries_account_data(&pair.name) || holds_card_number(&pair.value) {
            return Err(refused(Some(&pair.name)));
        }
    }
    Ok(())
}

/// Looks at a file of comma-separated values: at every cell, so that neighbouring numbers are not taken for one, and at
/// the names of its columns.
///
/// # Errors
/// As [`check`].
pub fn check_document(text: &str) -> Result<(), ApiError> {
    let header = text.lines().next().unwrap_or_default();
    if let Some(column) = header
        .split([',', ';', '\t'])
        .map(|name| name.trim_matches(['"', ' ', '\u{feff}']))
        .find(|name| carries_account_data(name))
    {
        return Err(refused(Some(column)));
    }
    if text.split([',', ';', '\t', '"', '\n', '\r']).any(holds_card_number) {
        return Err(refused(None));
    }
    Ok(())
}

/// Whether a parameter is one that account data travels in.
fn carries_account_data(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let mut segments = lower.split(['[', ']']).filter(|segment| !segment.is_empty()).rev();
    let Some(last) = segments.next().map(bare) else { return false };
    if NEVER.contains(&last.as_str()) {
        return true;
    }
    if !IN_OBJECTS.contains(&last.as_str()) {
        return false;
    }
    let around: Vec<&str> = segments.collect();
    if around.contains(&"metadata") {
        return false;
    }
    last != "number" || around.is_empty() || around.iter().any(|segment| ACCOUNT_OBJECTS.contains(segment))
}

/// `card_number`, `card-number` and `cardNumber` are one name.
fn bare(segment: &str) -> String {
    segment.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn refused(param: Option<&str>) -> ApiError {
    let mut error = ApiError::new(
        StatusCode::PAYMENT_REQUIRED,
        "invalid_request_error",
        "Sending card or bank account numbers to this API is refused, and nothing of this request was stored. Create \
         the payment method at the vault's address with a publishable key, from the customer's browser, and send the \
         id that you get (pm_… or tok_…). In test mode, use a test token such as pm_card_visa or tok_visa.",
    );
    error.code = Some("raw_account_data_refused".to_owned());
    error.param = param.map(super::error::quoted);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that no number stands in this file or in the program.
    fn number() -> String {
        ["4242"; 4].concat()
    }

    fn pair(name: &str, value: &str) -> Pair {
        Pair { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn parameters_that_carry_account_data_are_refused_whatever_they_hold() {
        for name in [
            "card[number]",
            "card[cvc]",
            "card[CVC]",
            "number",
            "cvc",
            "source[number]",
            "source[cvc]",
            "payment_method_data[card][number]",
            "payment_method_data[card][cvc]",
            "bank_account[account_number]",
            "us_bank_account[account_number]",
            "payment_method_data[us_bank_account][account_number]",
            "sepa_debit[iban]",
            "external_account[number]",
            "external_account[account_number]",
            "account_number",
            "metadata[cvc]",
            "metadata[card_number]",
            "metadata[Card-Number]",
            "metadata[cardNumber]",
            "metadata[card cvc]",
            "metadata[csc]",
            "card[verification_value]",
            "a[0][cvv2]",
            "card[][number]",
        ] {
            let error = check("/v1/x", None, &[pair(name, "")]).unwrap_err();
            assert_eq!((error.status.as_u16(), error.kind), (402, "invalid_request_error"), "{name}");
            assert_eq!(error.param.as_deref(), Some(name));
        }
    }

    #[test]
    fn ordinary_parameters_pass() {
        for name in [
            "card[token]",
            "card[exp_month]",
            "metadata[number]",
            "metadata[account_number]",
            "metadata[order]",
            "us_bank_account[routing_number]",
            "shipping[tracking_number]",
            "phone",
            "limit",
            "invoice[number]",
            "payment_method_options[card][request_three_d_secure]",
        ] {
            check("/v1/x", None, &[pair(name, "1")]).unwrap_or_else(|_| panic!("{name}"));
        }
    }

    #[test]
    fn a_file_is_refused_for_a_column_or_a_cell_with_account_data() {
        let number = number();
        for text in [
            "name,card_number\nAda,x\n".to_owned(),
            "\u{feff}\"Account Number\",name\nx,Ada\n".to_owned(),
            "name,cvc\n".to_owned(),
            format!("name,method\nAda,{number}\n"),
            format!("name,method\nAda,\"see {number}\"\n"),
        ] {
            assert_eq!(check_document(&text).unwrap_err().status.as_u16(), 402, "{text}");
        }
        // Neighbours that would be a number together are none.
        check_document("a,b,c,d\n4242,4242,4242,4242\n4242\n4242\n4242\n4242\n").unwrap();
    }

    #[test]
    fn digits_like_a_cards_are_refused_wherever_they_stand() {
        let number = number();
        let spaced = ["4242"; 4].join(" ");
        let unbreaking = ["4242"; 4].join("\u{a0}");
        for text in [number.as_str(), &spaced, &unbreaking, &format!("card {number} please")] {
            let named = [pair(&format!("metadata[{text}]"), "1")];
            let valued = [pair("description", text)];
            for (path, key, pairs) in [
                (format!("/v1/customers/{}", text.replace(' ', "%20")), None, &[][..]),
                ("/v1/x".to_owned(), Some(text.as_bytes()), &[][..]),
                ("/v1/x".to_owned(), None, &named[..]),
                ("/v1/x".to_owned(), None, &valued[..]),
            ] {
                let error = check(&path, key, pairs).unwrap_err();
                assert_eq!(error.status.as_u16(), 402);
                assert!(!error.body().to_string().contains(text), "an error repeats it");
            }
        }
    }
}
