//! Products. Catalogues are short, so products are looked at one by one.

use onfile_core::ids::{AccountId, Id};
use onfile_service::db::{DbError, Param, Tx};
use serde_json::Value;

use super::{METADATA, SLACK_S, text, token};
use crate::model::Metadata;
use crate::model::product::Product;
use crate::render::full::Full;
use crate::render::{Context, product};
use crate::search::{Fact, Index, Searched};
use crate::store::pages::{self, Page, Window};
use crate::wire::search::Field;

impl Searched for Product {
    type Object = Self;
    const NOUN: &'static str = "product";
    const FIELDS: &'static [Field] =
        &[token("active"), text("description"), METADATA, text("name"), token("shippable"), text("url")];
    const INDEXED: bool = false;
    const CREATED_SLACK_S: i64 = SLACK_S;
    const ON_CLOCKS: bool = false;

    fn index(_: &str) -> Index {
        Index::None
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
        let all = [const { Param::Null }; 3];
        pages::objects(pages::filtered(tx, account, pages::PRODUCTS, window, &all).await?)
    }

    fn place(&self) -> &str {
        self.place.as_str()
    }

    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn fact(&self, field: &str) -> Fact<'_> {
        match field {
            "active" => Fact::flag(self.active),
            "description" => Fact::text(self.description.as_deref()),
            "name" => Fact::text(Some(&self.name)),
            "shippable" => self.shippable.map_or(Fact::Absent, Fact::flag),
            "url" => Fact::text(self.url.as_deref()),
            _ => Fact::Absent,
        }
    }

    async fn rendered(&self, _: &mut Full<'_>, context: &Context<'_>) -> Result<Value, DbError> {
        Ok(product::product(context, self))
    }
}
