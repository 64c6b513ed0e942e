//! Invoices.

use onfile_core::ids::{AccountId, Id};
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::{METADATA, SLACK_S, number, text, token, unless};
use crate::model::Metadata;
use crate::model::invoice::Invoice;
use crate::render::Context;
use crate::render::full::Full;
use crate::search::{Fact, Index, Searched};
use crate::store::pages::{self, Page, Window};
use crate::wire::search::Field;

impl Searched for Invoice {
    type Object = Self;
    const NOUN: &'static str = "invoice";
    const FIELDS: &'static [Field] = &[
        number("created"),
        token("currency"),
        token("customer"),
        token("last_finalization_error_code"),
        token("last_finalization_error_type"),
        METADATA,
        text("number"),
        text("receipt_number"),
        text("status"),
        text("subscription"),
        number("total"),
    ];
    const CREATED_SLACK_S: i64 = SLACK_S;
    const ON_CLOCKS: bool = true;

    fn index(field: &str) -> Index {
        match field {
            "currency" | "number" | "subscription" | "total" => Index::Value,
            "customer" => Index::Customer,
            "status" => Index::Class(|word| unless(&["paid"], word)),
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
        pages::invoices(tx, account, window, (customer, None), None).await
    }

    fn place(&self) -> &str {
        self.id.as_str()
    }

    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn fact(&self, field: &str) -> Fact<'_> {
        match field {
            "created" => Fact::Number(self.created),
            "currency" => Fact::Text(self.currency.as_str().into()),
            "customer" => Fact::text(Some(self.customer.as_str())),
            "number" => Fact::text(self.number.as_deref()),
            "status" => Fact::Text(self.status.as_str().into()),
            "subscription" => Fact::text(self.subscription.as_ref().map(|of| of.id.as_str())),
            "total" => Fact::Number(self.total()),
            // Finalising never fails here, and receipts have no numbers.
            _ => Fact::Absent,
        }
    }

    async fn rendered(&self, full: &mut Full<'_>, _: &Context<'_>) -> Result<Value, DbError> {
        full.invoice(self).await
    }
}
