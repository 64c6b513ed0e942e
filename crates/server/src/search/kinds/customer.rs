//! Customers, with their cards: whoever is on the phone is found by name, by address, or by what stands on the card.

use onfile_core::card::CardLabel;
use onfile_core::ids::{AccountId, Id};
use onfile_core::vault_contract::{CardDetails, Details};
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::{METADATA, number, text, token};
use crate::model::Metadata;
use crate::model::customer::Customer;
use crate::model::payment_method::PaymentMethod;
use crate::render::full::Full;
use crate::render::{Context, customer};
use crate::search::{Fact, Index, Searched};
use crate::store::pages::{self, Page, Window};
use crate::store::search;
use crate::wire::search::Field;

/// A customer and their cards; removed ones are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    customer: Customer,
    cards: Vec<CardDetails>,
}

impl Searched for Holder {
    type Object = Customer;
    const NOUN: &'static str = "customer";
    const FIELDS: &'static [Field] = &[
        number("created"),
        text("email"),
        METADATA,
        text("name"),
        text("phone"),
        // What Stripe has no field for.
        token("onfile.card.first6"),
        token("onfile.card.last4"),
        token("onfile.label"),
    ];
    /// A week: the ids of an import's customers are made when it is accepted, and they themselves as it goes on.
    const CREATED_SLACK_S: i64 = 7 * 24 * 60 * 60;
    const ON_CLOCKS: bool = true;

    fn index(field: &str) -> Index {
        match field {
            "email" | "name" | "phone" => Index::Pieces,
            "onfile.card.first6" | "onfile.card.last4" | "onfile.label" => Index::Value,
            _ => Index::None,
        }
    }

    async fn whole(tx: &mut Tx, account: &AccountId, customers: Vec<Customer>) -> Result<Vec<Self>, DbError> {
        let ids: Vec<&str> = customers.iter().map(|customer| customer.id.as_str()).collect();
        let mut methods = search::methods_of(tx, account, &ids).await?;
        let mut cards = |customer: &Customer| {
            let methods = methods.remove(customer.id.as_str()).unwrap_or_default();
            methods.into_iter().filter_map(card).collect()
        };
        Ok(customers.into_iter().map(|customer| Self { cards: cards(&customer), customer }).collect())
    }

    async fn scan(
        tx: &mut Tx,
        account: &AccountId,
        window: &Window,
        _: Option<&str>,
    ) -> Result<Page<Customer>, DbError> {
        pages::page(tx, account, window, None).await
    }

    fn place(&self) -> &str {
        self.customer.id.as_str()
    }

    fn is_there(&self) -> bool {
        !self.customer.deleted
    }

    fn metadata(&self) -> &Metadata {
        &self.customer.metadata
    }

    fn fact(&self, field: &str) -> Fact<'_> {
        match field {
            "created" => Fact::Number(self.customer.created),
            "email" => Fact::text(self.customer.email.as_deref()),
            "name" => Fact::text(self.customer.name.as_deref()),
            "phone" => Fact::text(self.customer.phone.as_deref()),
            "onfile.card.first6" => self.of_cards(|card| card.first6.clone()),
            "onfile.card.last4" => self.of_cards(|card| card.last4.clone()),
            "onfile.label" => {
                let number = customer::number(&self.customer).unwrap_or_default();
                let label = |card: &CardDetails| CardLabel::new(number, &card.first6, &card.last4);
                self.of_cards(|card| label(card).map(|label| label.to_string()).unwrap_or_default())
            }
            _ => Fact::Absent,
        }
    }

    async fn rendered(&self, full: &mut Full<'_>, _: &Context<'_>) -> Result<Value, DbError> {
        full.customer(&self.customer).await
    }
}

impl Holder {
    fn of_cards(&self, field: impl Fn(&CardDetails) -> String) -> Fact<'_> {
        Fact::Parts(self.cards.iter().map(field).collect())
    }
}

fn card(method: PaymentMethod) -> Option<CardDetails> {
    match method.details {
        Details::Card(card) if !method.detached => Some(card),
        Details::Card(_) | Details::UsBankAccount(_) => None,
    }
}
