//! Charges.

use onfile_core::ids::{AccountId, Id};
use onfile_core::vault_contract::Details;
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::{METADATA, SLACK_S, number, token, unless};
use crate::model::Metadata;
use crate::model::charge::Charge;
use crate::render::full::Full;
use crate::render::{Context, charge};
use crate::search::{Fact, Index, Searched};
use crate::store::pages::{self, Page, Window};
use crate::wire::search::Field;

impl Searched for Charge {
    type Object = Self;
    const NOUN: &'static str = "charge";
    const FIELDS: &'static [Field] = &[
        number("amount"),
        token("billing_details.address.postal_code"),
        number("created"),
        token("currency"),
        token("customer"),
        token("disputed"),
        METADATA,
        token("payment_method_details.card.brand"),
        token("payment_method_details.card.exp_month"),
        token("payment_method_details.card.exp_year"),
        token("payment_method_details.card.fingerprint"),
        token("payment_method_details.card.last4"),
        token("payment_method_details.us_bank_account.fingerprint"),
        token("payment_method_details.us_bank_account.last4"),
        token("refunded"),
        token("status"),
    ];
    const CREATED_SLACK_S: i64 = SLACK_S;
    const ON_CLOCKS: bool = false;

    fn index(field: &str) -> Index {
        match field {
            "amount"
            | "billing_details.address.postal_code"
            | "currency"
            | "payment_method_details.card.fingerprint"
            | "payment_method_details.card.last4"
            | "payment_method_details.us_bank_account.fingerprint"
            | "payment_method_details.us_bank_account.last4" => Index::Value,
            "customer" => Index::Customer,
            "disputed" | "refunded" => Index::Class(|word| unless(&["false"], word)),
            "payment_method_details.card.brand" => Index::Class(|word| unless(&["visa", "mastercard"], word)),
            "status" => Index::Class(|word| unless(&["succeeded"], word)),
            _ => Index::None,
        }
    }

    async fn whole(_: &mut Tx, _: &AccountId, objects: Vec<Self>) -> Result<Vec<Self>, DbError> {
        Ok(objects)
    }

    async fn scan(
        tx: &mut Tx,
        account: &AccountId,
        window: &Window,
        customer: Option<&str>,
    ) -> Result<Page<Self>, DbError> {
        pages::page(tx, account, window, customer).await
    }

    fn place(&self) -> &str {
        self.id.as_str()
    }

    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn fact(&self, field: &str) -> Fact<'_> {
        match field {
            "amount" => Fact::Number(self.amount),
            "billing_details.address.postal_code" => Fact::text(self.billing.address.postal_code.as_deref()),
            "created" => Fact::Number(self.created),
            "currency" => Fact::Text(self.currency.as_str().into()),
            "customer" => Fact::text(self.customer.as_ref().map(Id::as_str)),
            "disputed" => Fact::flag(self.disputed),
            "refunded" => Fact::flag(charge::is_refunded(self)),
            "status" => Fact::Text(charge::status(self).into()),
            _ => method_fact(&self.details, field),
        }
    }

    async fn rendered(&self, _: &mut Full<'_>, context: &Context<'_>) -> Result<Value, DbError> {
        Ok(charge::charge(context, self))
    }
}

fn method_fact<'a>(details: &'a Details, field: &str) -> Fact<'a> {
    let Some(field) = field.strip_prefix("payment_method_details.") else { return Fact::Absent };
    match (details, field) {
        (Details::Card(card), "card.brand") => Fact::text(Some(&card.brand)),
        (Details::Card(card), "card.exp_month") => Fact::Text(card.exp_month.to_string().into()),
        (Details::Card(card), "card.exp_year") => Fact::Text(card.exp_year.to_string().into()),
        (Details::Card(card), "card.fingerprint") => Fact::text(Some(&card.fingerprint)),
        (Details::Card(card), "card.last4") => Fact::text(Some(&card.last4)),
        (Details::UsBankAccount(bank), "us_bank_account.fingerprint") => Fact::text(Some(&bank.fingerprint)),
        (Details::UsBankAccount(bank), "us_bank_account.last4") => Fact::text(Some(&bank.last4)),
        _ => Fact::Absent,
    }
}
