//! Payments.

use onfile_core::ids::{AccountId, Id};
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::{METADATA, SLACK_S, number, token};
use crate::model::Metadata;
use crate::model::payment_intent::PaymentIntent;
use crate::render::Context;
use crate::render::full::Full;
use crate::search::{Fact, Index, Searched};
use crate::store::pages::{self, Page, Window};
use crate::wire::search::Field;

/// Most payments have succeeded. Those that are open are one class: not every step between their statuses is told of by
/// an event, and there are never many of them.
fn class(status: &str) -> Option<&str> {
    match status {
        "succeeded" => None,
        "canceled" => Some(status),
        _ => Some("open"),
    }
}

impl Searched for PaymentIntent {
    type Object = Self;
    const NOUN: &'static str = "payment_intent";
    const FIELDS: &'static [Field] = &[
        number("amount"),
        number("created"),
        token("currency"),
        token("customer"),
        METADATA,
        token("status"),
    ];
    const CREATED_SLACK_S: i64 = SLACK_S;
    const ON_CLOCKS: bool = false;

    fn index(field: &str) -> Index {
        match field {
            "amount" | "currency" => Index::Value,
            "customer" => Index::Customer,
            "status" => Index::Class(class),
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
            "created" => Fact::Number(self.created),
            "currency" => Fact::Text(self.currency.as_str().into()),
            "customer" => Fact::text(self.customer.as_ref().map(Id::as_str)),
            "status" => Fact::Text(self.status.as_str().into()),
            _ => Fact::Absent,
        }
    }

    async fn rendered(&self, full: &mut Full<'_>, _: &Context<'_>) -> Result<Value, DbError> {
        full.intent(self).await
    }
}
