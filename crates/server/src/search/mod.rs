//! Finding objects by what they hold: Stripe's searches, and what staff on the phone need besides.
//!
//! Objects have terms ([`terms`]) in an index that a worker ([`follow`]) keeps up with the account's events, a second or so
//! behind: whoever changes an object writes nothing for it. The index only proposes. Every candidate is looked at as it is
//! at that moment ([`matching`]), so an index that is behind can miss something new, and never shows something wrong. What
//! the index cannot propose (ranges, negations, values that most objects have) is found by looking at objects one by one,
//! newest first. Either way a page looks at so many and no more ([`find`]), and says where the next one goes on.

pub mod find;
pub mod follow;
pub mod kinds;
pub mod matching;
mod plan;
pub mod terms;
mod walk;

use std::borrow::Cow;

use onfile_core::ids::AccountId;
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use crate::model::Metadata;
use crate::render::Context;
use crate::render::full::Full;
use crate::store::objects::Stored;
use crate::store::pages::{Page, Window};
use crate::wire::search::Field;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<'a> {
    /// Nothing.
    Absent,
    /// A text.
    Text(Cow<'a, str>),
    /// An integer.
    Number(i64),
    /// A text for each of several parts: the cards of a customer. Every such field of an object has its parts in the
    /// same order, and what AND joins has to hold of one and the same part.
    Parts(Vec<String>),
}

impl<'a> Fact<'a> {
    /// A text that may be missing.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(Cow::Borrowed(text)))
    }

    /// `true` or `false`.
    pub fn flag(flag: bool) -> Self {
        Self::Text(Cow::Borrowed(if flag { "true" } else { "false" }))
    }

    /// A number that may be missing.
    pub fn number(number: Option<i64>) -> Self {
        number.map_or(Self::Absent, Self::Number)
    }
}

/// How the index proposes objects by a field.
#[derive(Debug, Clone, Copy)]
pub enum Index {
    /// Not at all.
    None,
    /// By the whole value.
    Value,
    /// By the whole value, and by any three characters in a row.
    Pieces,
    /// By the class that a value is of. Values without a class are those that most objects have: looking at objects one
    /// by one finds them at once, and a term for each would be most of the index.
    Class(fn(&str) -> Option<&str>),
    /// By the customer's own index of the table.
    Customer,
}

/// Something that can be searched for.
pub trait Searched: Sized + Send + Sync {
    /// What is stored.
    type Object: Stored;
    /// What terms are told apart by.
    const NOUN: &'static str;
    /// What queries can ask for.
    const FIELDS: &'static [Field];
    /// Whether the index has any. What there is never much of is looked at one by one.
    const INDEXED: bool = true;
    /// By how many seconds `created` and the time in the id may differ.
    const CREATED_SLACK_S: i64;
    /// Whether it may live in the time of a test clock, which has nothing to do with its id's.
    const ON_CLOCKS: bool;

    /// How the index proposes objects by a field.
    fn index(field: &str) -> Index;

    /// Joins objects with what else their fields look at.
    ///
    /// # Errors
    /// When the database fails.
    fn whole(
        tx: &mut Tx,
        account: &AccountId,
        objects: Vec<Self::Object>,
    ) -> impl Future<Output = Result<Vec<Self>, DbError>> + Send;

    /// A page of the table, of one customer where one is named.
    ///
    /// # Errors
    /// When the database fails.
    fn scan(
        tx: &mut Tx,
        account: &AccountId,
        window: &Window,
        customer: Option<&str>,
    ) -> impl Future<Output = Result<Page<Self::Object>, DbError>> + Send;

    /// Where it stands among its like: its id, or what stands for the id in lists.
    fn place(&self) -> &str;

    /// Whether it is there for searches at all.
    fn is_there(&self) -> bool {
        true
    }

    /// The merchant's own pairs.
    fn metadata(&self) -> &Metadata;

    /// What one of [`Self::FIELDS`] holds.
    fn fact(&self, field: &str) -> Fact<'_>;

    /// As the API shows it.
    ///
    /// # Errors
    /// When the database fails.
    fn rendered(
        &self,
        full: &mut Full<'_>,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<Value, DbError>> + Send;
}
