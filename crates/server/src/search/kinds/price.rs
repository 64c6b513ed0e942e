//! Prices.

use onfile_core::ids::{AccountId, Id};
use onfile_service::db::{DbError, Param, Tx};
use serde_json::Value;

use super::{METADATA, SLACK_S, text, token};
use crate::model::Metadata;
use crate::model::price::Price;
use crate::render::full::Full;
use crate::render::{Context, price};
use crate::search::{Fact, Index, Searched};
use crate::store::pages::{self, Page, Window};
use crate::wire::search::Field;

impl Searched for Price {
    type Object = Self;
    const NOUN: &'static str = "price";
    const FIELDS: &'static [Field] =
        &[token("active"), token("currency"), text("lookup_key"), METADATA, text("product"), token("type")];
    const CREATED_SLACK_S: i64 = SLACK_S;
    const ON_CLOCKS: bool = false;

    fn index(field: &str) -> Index {
        match field {
            "currency" | "lookup_key" | "product" => Index::Value,
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
        _: Option<&str>,
    ) -> Result<Page<Self>, DbError> {
        let all = [const { Param::Null }; 4];
        pages::objects(pages::filtered(tx, account, pages::PRICES, window, &all).await?)
    }

    fn place(&self) -> &str {
        self.id.as_str()
    }

    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn fact(&self, field: &str) -> Fact<'_> {
        match field {
            "active" => Fact::flag(self.active),
            "currency" => Fact::Text(self.currency.as_str().into()),
            "lookup_key" => Fact::text(self.lookup_key.as_deref()),
            "product" => Fact::text(Some(self.product.as_str())),
            "type" => Fact::text(Some(self.kind())),
            _ => Fact::Absent,
        }
    }

    async fn rendered(&self, _: &mut Full<'_>, context: &Context<'_>) -> Result<Value, DbError> {
        Ok(price::price(context, self))
    }
}
