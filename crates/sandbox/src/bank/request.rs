//! From a request's JSON to what it asks of the bank.

use std::sync::Arc;

use onfile_account_data::BankAccountNumber;
use onfile_account_data::test_cards::{BankBehaviour, MicroDepositGuess, TestBankAccount};
use onfile_core::bank::RoutingNumber;
use serde_json::Value;

use crate::fields::{Fields, ShapeError, TOKEN_RULE, is_token};
use crate::last4::Last4;
use crate::money::{AMOUNT_MAX, Currency};
use crate::request::initiator;
use crate::rules::Initiator;

const NAME_MAX: usize = 255;
const CODE_LEN: usize = 6;
const CODE_RULE: &str = "six letters and digits";
const AMOUNTS_RULE: &str = "two whole numbers from 1 to 99";
/// The largest micro-deposit is below one dollar (Nacha: micro-entries).
const MICRO_AMOUNT_MAX: u64 = 99;

/// A debit, as asked for.
pub struct DebitRequest {
    /// The caller's reference.
    pub reference: Arc<str>,
    /// Minor units.
    pub amount: u64,
    /// Of the amount.
    pub currency: Currency,
    /// Who started it.
    pub initiator: Initiator,
    /// From where.
    pub account: PresentedAccount,
}

/// Micro-deposits, as asked for.
pub struct MicroDepositsRequest {
    /// The caller's reference.
    pub reference: Arc<str>,
    /// To where.
    pub account: PresentedAccount,
}

/// What somebody says the micro-deposits were.
pub struct GuessRequest {
    /// The caller's reference.
    pub reference: Arc<str>,
    /// What it would bring about at first.
    pub guess: MicroDepositGuess,
}

/// A bank account as presented: all that the decision needs. The number itself is not kept.
pub struct PresentedAccount {
    /// Its end.
    pub last4: Last4,
    /// Its part.
    pub behaviour: BankBehaviour,
}

impl DebitRequest {
    /// `POST /v1/debits`.
    pub fn parse(body: &[u8]) -> Result<Self, ShapeError> {
        let mut fields = Fields::parse(body)?;
        let reference = reference(&mut fields)?;
        let amount = fields.integer("amount", "a whole number from 1 to 999999999999", 1, AMOUNT_MAX)?;
        let currency = fields.text("currency", "three lower-case letters", |_| true)?;
        let currency = Currency::parse(&currency)
            .ok_or_else(|| fields.invalid("currency", "three lower-case letters"))?;
        let initiator = initiator(&mut fields)?;
        let account = account(fields.object("bank_account")?)?;
        fields.finish()?;
        Ok(Self { reference, amount, currency, initiator, account })
    }
}

impl MicroDepositsRequest {
    /// `POST /v1/micro_deposits`.
    pub fn parse(body: &[u8]) -> Result<Self, ShapeError> {
        let mut fields = Fields::parse(body)?;
        let reference = reference(&mut fields)?;
        let account = account(fields.object("bank_account")?)?;
        fields.finish()?;
        Ok(Self { reference, account })
    }
}

impl GuessRequest {
    /// `POST /v1/micro_deposits/{id}/verify`: two amounts, or the code on the statement.
    pub fn parse(body: &[u8]) -> Result<Self, ShapeError> {
        let mut fields = Fields::parse(body)?;
        let reference = reference(&mut fields)?;
        let amounts = fields.optional("amounts");
        let code = fields.optional_text("descriptor_code", CODE_RULE, |text| {
            text.len() == CODE_LEN && text.bytes().all(|b| b.is_ascii_alphanumeric())
        })?;
        let guess = match (amounts, code) {
            (Some(amounts), None) => {
                let pair = pair(&amounts).ok_or_else(|| fields.invalid("amounts", AMOUNTS_RULE))?;
                MicroDepositGuess::of_amounts(pair)
            }
            (None, Some(code)) => MicroDepositGuess::of_code(&code),
            (None, None) => return Err(ShapeError::Missing("amounts".to_owned())),
            (Some(_), Some(_)) => return Err(fields.invalid("amounts", "sent without `descriptor_code`")),
        };
        fields.finish()?;
        Ok(Self { reference, guess })
    }
}

fn pair(value: &Value) -> Option<[u64; 2]> {
    let [one, other] = value.as_array()?.as_slice() else { return None };
    let amount = |value: &Value| value.as_u64().filter(|n| (1..=MICRO_AMOUNT_MAX).contains(n));
    Some([amount(one)?, amount(other)?])
}

fn reference(fields: &mut Fields) -> Result<Arc<str>, ShapeError> {
    Ok(fields.text("reference", TOKEN_RULE, is_token)?.as_str().into())
}

fn account(mut fields: Fields) -> Result<PresentedAccount, ShapeError> {
    let routing = fields.text("routing_number", "a routing number", |_| true)?;
    let routing = RoutingNumber::parse(&routing)
        .map_err(|_| fields.invalid("routing_number", "a routing number with its check digit"))?;
    let number = fields.text("account_number", "4 to 17 digits", |_| true)?;
    let number =
        BankAccountNumber::parse(number).map_err(|_| fields.invalid("account_number", "4 to 17 digits"))?;
    fields.text("account_holder_type", "`individual` or `company`", |word| {
        ["individual", "company"].contains(&word)
    })?;
    fields.text("account_type", "`checking` or `savings`", |word| ["checking", "savings"].contains(&word))?;
    fields.optional_text("name", "a text of at most 255 bytes", |text| text.len() <= NAME_MAX)?;
    let last4 =
        Last4::of(number.last4()).ok_or_else(|| fields.invalid("account_number", "4 to 17 digits"))?;
    fields.finish()?;
    // A number that is not in the table is a good account's.
    let behaviour = TestBankAccount::with_number(&routing, &number)
        .map_or(BankBehaviour::Settles, |account| account.behaviour);
    Ok(PresentedAccount { last4, behaviour })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "reference": "op_1", "amount": 1200, "currency": "usd", "initiator": "merchant",
            "bank_account": {
                "routing_number": "110000000", "account_number": "000222222227",
                "account_holder_type": "individual", "account_type": "checking", "name": "A B",
            },
        })
    }

    #[test]
    fn a_debit_knows_the_part_of_its_account_and_nothing_of_its_number() {
        let request = DebitRequest::parse(good().to_string().as_bytes()).unwrap();
        assert_eq!(request.account.behaviour, BankBehaviour::Returned("R01"));
        assert_eq!((request.amount, request.account.last4.to_string()), (1200, "2227".to_owned()));
    }

    #[test]
    fn every_wrong_field_is_named_and_no_value_is_told() {
        for (path, value, want) in [
            ("/amount", json!(0), "The field `amount` must be a whole number from 1 to 999999999999."),
            ("/bank_account", json!("000222222227"), "The field `bank_account` must be an object."),
            (
                "/bank_account/routing_number",
                json!("110000001"),
                "The field `bank_account.routing_number` must be a routing number with its check digit.",
            ),
            (
                "/bank_account/account_number",
                json!("00022222222x"),
                "The field `bank_account.account_number` must be 4 to 17 digits.",
            ),
            (
                "/bank_account/account_type",
                json!("000222222227"),
                "The field `bank_account.account_type` must be `checking` or `savings`.",
            ),
        ] {
            let mut body = good();
            *body.pointer_mut(path).unwrap() = value;
            let error = DebitRequest::parse(body.to_string().as_bytes()).err().map(|e| e.to_string());
            assert_eq!(error.as_deref(), Some(want), "{path}");
        }
    }

    #[test]
    fn a_guess_is_two_amounts_or_a_code() {
        use MicroDepositGuess::{Right, TooLate, TooMany, Wrong};
        for (extra, want) in [
            (json!({"amounts": [32, 45]}), Some(Right)),
            (json!({"amounts": [45, 32]}), Some(Right)),
            (json!({"amounts": [10, 11]}), Some(TooMany)),
            (json!({"amounts": [40, 41]}), Some(TooLate)),
            (json!({"amounts": [1, 2]}), Some(Wrong)),
            (json!({"descriptor_code": "SM11AA"}), Some(Right)),
            (json!({"descriptor_code": "sm11aa"}), Some(Right)),
            (json!({"descriptor_code": "SM99ZZ"}), Some(Wrong)),
            (json!({"amounts": [32]}), None),
            (json!({"amounts": [32, 100]}), None),
            (json!({"amounts": [32, 45, 1]}), None),
            (json!({"descriptor_code": "SM1"}), None),
            (json!({"amounts": [32, 45], "descriptor_code": "SM11AA"}), None),
            (json!({}), None),
        ] {
            let mut body = json!({"reference": "op_1"});
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            let guess = GuessRequest::parse(body.to_string().as_bytes()).ok().map(|request| request.guess);
            assert_eq!(guess, want, "{extra}");
        }
    }
}
