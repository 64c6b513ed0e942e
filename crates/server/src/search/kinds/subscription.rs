//! Subscriptions.

use onfile_core::ids::{AccountId, Id};
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::{METADATA, SLACK_S, number, token, unless};
use crate::model::Metadata;
use crate::model::subscription::Subscription;
use crate::render::Context;
use crate::render::full::Full;
use crate::search::{Fact, Index, Searched};
use crate::store::pages::{self, Page, Window};
use crate::wire::search::Field;

impl Searched for Subscription {
    type Object = Self;
    const NOUN: &'static str = "subscription";
    const FIELDS: &'static [Field] = &[number("canceled_at"), number("created"), METADATA, token("status")];
    const CREATED_SLACK_S: i64 = SLACK_S;
    const ON_CLOCKS: bool = true;

    fn index(field: &str) -> Index {
        match field {
            "status" => Index::Class(|word| unless(&["active"], word)),
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
            "canceled_at" => Fact::number(self.canceled_at),
            "created" => Fact::Number(self.created),
            "status" => Fact::Text(self.status.as_str().into()),
            _ => Fact::Absent,
        }
    }

    async fn rendered(&self, full: &mut Full<'_>, _: &Context<'_>) -> Result<Value, DbError> {
        full.subscription(self).await
    }
}
