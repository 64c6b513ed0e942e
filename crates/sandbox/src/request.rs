//! From a request's JSON to what it asks for.

use std::sync::Arc;

use onfile_account_data::{Cvc, Pan};
use zeroize::Zeroizing;

use crate::fields::{Fields, ShapeError, TOKEN_RULE, is_token};
use crate::last4::Last4;
use crate::money::{AMOUNT_MAX, Currency};
use crate::rules::Initiator;

/// ISO/IEC 7812 knows numbers of 8 to 19 digits.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 8..=19;
/// The longest address to return to.
const RETURN_URL_MAX: usize = 2048;
/// The longest name on a card.
const NAME_MAX: usize = 255;

const NUMBER_RULE: &str = "8 to 19 digits";
const AMOUNT_RULE: &str = "a whole number from 1 to 999999999999";

/// A payment or a verification, as asked for.
pub struct PaymentRequest {
    /// The caller's reference.
    pub reference: Arc<str>,
    /// Whether it is a zero-amount check.
    pub verification: bool,
    /// Minor units; 0 for a verification.
    pub amount: u64,
    /// Of the amount.
    pub currency: Currency,
    /// Whether approval captures at once.
    pub capture: bool,
    /// Who started it.
    pub initiator: Initiator,
    /// Where a challenge returns to; none can be asked without.
    pub return_url: Option<Arc<str>>,
    /// The card.
    pub card: PresentedCard,
}

/// A card as presented. Lives as long as the decision takes.
pub struct PresentedCard {
    /// The number as sent.
    pub digits: Zeroizing<String>,
    /// Its end.
    pub last4: Last4,
    /// The same, when a card can have it.
    pub number: Option<Pan>,
    /// 1 to 12.
    pub exp_month: i8,
    /// Four digits.
    pub exp_year: i16,
    /// Whether a security code came along. Which one is of no interest: the number decides.
    pub cvc_sent: bool,
}

impl PaymentRequest {
    /// `POST /v1/payments`.
    pub fn payment(body: &[u8]) -> Result<Self, ShapeError> {
        let mut fields = Fields::parse(body)?;
        let amount = fields.integer("amount", AMOUNT_RULE, 1, AMOUNT_MAX)?;
        let capture = fields.flag("capture", true)?;
        Self::rest(fields, false, amount, capture)
    }

    /// `POST /v1/verifications`.
    pub fn verification(body: &[u8]) -> Result<Self, ShapeError> {
        Self::rest(Fields::parse(body)?, true, 0, false)
    }

    fn rest(mut fields: Fields, verification: bool, amount: u64, capture: bool) -> Result<Self, ShapeError> {
        let reference = reference(&mut fields)?;
        let currency = fields.text("currency", "three lower-case letters", |_| true)?;
        let currency = Currency::parse(&currency)
            .ok_or_else(|| fields.invalid("currency", "three lower-case letters"))?;
        let initiator = initiator(&mut fields)?;
        let return_url = fields.optional_text("return_url", "an http or https URL", is_url)?;
        let card = card(fields.object("card")?)?;
        fields.finish()?;
        let return_url = return_url.map(|url| url.as_str().into());
        Ok(Self { reference, verification, amount, currency, capture, initiator, return_url, card })
    }
}

/// `POST …/captures` and `…/refunds`: the reference and the amount.
pub fn amount_request(body: &[u8]) -> Result<(Arc<str>, u64), ShapeError> {
    let mut fields = Fields::parse(body)?;
    let asked = (reference(&mut fields)?, fields.integer("amount", AMOUNT_RULE, 1, AMOUNT_MAX)?);
    fields.finish()?;
    Ok(asked)
}

/// `POST …/complete` and `…/void`: the reference.
pub fn plain_request(body: &[u8]) -> Result<Arc<str>, ShapeError> {
    let mut fields = Fields::parse(body)?;
    let reference = reference(&mut fields)?;
    fields.finish()?;
    Ok(reference)
}

/// Who started it.
pub fn initiator(fields: &mut Fields) -> Result<Initiator, ShapeError> {
    let rule = "`customer` or `merchant`";
    match fields.text("initiator", rule, |_| true)?.as_str() {
        "customer" => Ok(Initiator::Customer),
        "merchant" => Ok(Initiator::Merchant),
        _ => Err(fields.invalid("initiator", rule)),
    }
}

fn reference(fields: &mut Fields) -> Result<Arc<str>, ShapeError> {
    Ok(fields.text("reference", TOKEN_RULE, is_token)?.as_str().into())
}

fn card(mut fields: Fields) -> Result<PresentedCard, ShapeError> {
    let digits = fields.text("number", NUMBER_RULE, |text| {
        NUMBER_DIGITS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    })?;
    let last4 = Last4::of(&digits).ok_or_else(|| fields.invalid("number", NUMBER_RULE))?;
    let number = Pan::parse(digits.clone()).ok();
    let month = fields.integer("exp_month", "a month from 1 to 12", 1, 12)?;
    let year = fields.integer("exp_year", "a year of four digits", 1000, 9999)?;
    let cvc = fields.optional_text("cvc", "three or four digits", |text| {
        (3..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    })?;
    fields.optional_text("name", "a text of at most 255 bytes", |text| text.len() <= NAME_MAX)?;
    let cvc_sent = match (cvc, &number) {
        (Some(cvc), Some(number)) => Cvc::parse(cvc, number.brand())
            .map(|_| true)
            .map_err(|_| fields.invalid("cvc", "as long as the card's brand has it"))?,
        (cvc, _) => cvc.is_some(),
    };
    fields.finish()?;
    let exp_month = i8::try_from(month).unwrap_or(i8::MAX);
    let exp_year = i16::try_from(year).unwrap_or(i16::MAX);
    Ok(PresentedCard { digits, last4, number, exp_month, exp_year, cvc_sent })
}

/// Whether `text` is an absolute http(s) URL that can stand in a `Location` header.
fn is_url(text: &str) -> bool {
    let scheme = text.starts_with("https://") || text.starts_with("http://");
    let host = text.split('/').nth(2).is_some_and(|host| !host.is_empty());
    scheme && host && text.len() <= RETURN_URL_MAX && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn good() -> Value {
        json!({
            "reference": "op_1", "amount": 1200, "currency": "eur", "capture": true, "initiator": "customer",
            "return_url": "https://shop.example/back?x=1",
            "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123", "name": "A B"},
        })
    }

    fn error(change: impl FnOnce(&mut Value)) -> String {
        let mut body = good();
        change(&mut body);
        PaymentRequest::payment(body.to_string().as_bytes()).err().map_or_else(String::new, |e| e.to_string())
    }

    #[test]
    fn a_whole_request_is_read() {
        let request = PaymentRequest::payment(good().to_string().as_bytes()).unwrap();
        assert_eq!((request.amount, request.capture, request.card.exp_year), (1200, true, 2030));
        assert!(request.card.cvc_sent && request.card.number.is_some());
    }

    #[test]
    fn every_wrong_field_is_named_and_no_value_is_told() {
        let number = "4242424242424242";
        for (path, value, want) in [
            ("/amount", json!(0), "The field `amount` must be a whole number from 1 to 999999999999."),
            ("/amount", json!(1.5), "The field `amount` must be a whole number from 1 to 999999999999."),
            ("/amount", json!(number), "The field `amount` must be a whole number from 1 to 999999999999."),
            ("/amount", json!(null), "The field `amount` is missing."),
            ("/currency", json!("EUR"), "The field `currency` must be three lower-case letters."),
            ("/capture", json!(number), "The field `capture` must be true or false."),
            ("/initiator", json!(number), "The field `initiator` must be `customer` or `merchant`."),
            (
                "/return_url",
                json!("javascript:alert(1)"),
                "The field `return_url` must be an http or https URL.",
            ),
            ("/return_url", json!("https:///x"), "The field `return_url` must be an http or https URL."),
            (
                "/return_url",
                json!("https://a\r\nb: c"),
                "The field `return_url` must be an http or https URL.",
            ),
            (
                "/reference",
                json!("a b"),
                "The field `reference` must be 1 to 255 letters, digits, `_` or `-`.",
            ),
            ("/card", json!(number), "The field `card` must be an object."),
            ("/card/number", json!("4242-4242"), "The field `card.number` must be 8 to 19 digits."),
            ("/card/exp_month", json!(13), "The field `card.exp_month` must be a month from 1 to 12."),
            ("/card/cvc", json!("1234"), "The field `card.cvc` must be as long as the card's brand has it."),
        ] {
            assert_eq!(error(|body| *body.pointer_mut(path).unwrap() = value), want, "{path}");
        }
    }

    #[test]
    fn an_unknown_field_is_named_unless_its_name_could_hold_a_number() {
        assert_eq!(error(|body| body["tip"] = json!(1)), "There is no field `tip` here.");
        assert_eq!(error(|body| body["card"]["pin"] = json!("1")), "There is no field `card.pin` here.");
        let hidden = error(|body| body["4242424242424242"] = json!(1));
        assert_eq!(hidden, "There is no field `(its name is not shown)` here.");
        assert_eq!(
            PaymentRequest::payment(b"[4242424242424242").err(),
            Some(ShapeError::NotAnObject),
            "the parser's own message would quote the text"
        );
    }

    #[test]
    fn a_number_that_no_card_has_is_a_matter_for_the_issuer() {
        let mut body = good();
        body["card"]["number"] = json!("4242424242424241");
        let request = PaymentRequest::payment(body.to_string().as_bytes()).unwrap();
        assert!(request.card.number.is_none());
    }
}
