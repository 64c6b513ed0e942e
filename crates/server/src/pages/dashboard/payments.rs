//! `GET /dashboard`: the payments, newest first.

use std::collections::HashMap;

use axum::response::{Html, IntoResponse, Response};
use onfile_core::ids::{AccountId, CustomerId, Id, PaymentIntentId, PaymentMethodId};
use onfile_core::money::Money;
use onfile_service::db::{DbError, Tx};

use super::staff::Staff;
use super::status::{Filter, chip_of};
use super::views::{self, PaymentRow, PaymentsView};
use crate::model::customer::Customer;
use crate::model::operation::{Kind, Operation};
use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::pages::problem::Problem;
use crate::pages::visit::Visit;
use crate::pages::widgets;
use crate::store::objects;
use crate::store::operations;
use crate::store::pages::{self, Window};

/// Rows on a page.
const ROWS: usize = 25;
/// How many payments are read at a time, and how many times, to fill one page of a filtered list: the status stands in
/// the document, not in an index. What is not found then is behind the link to older ones.
const BATCH: u32 = 100;
const BATCHES_MAX: usize = 10;
/// Operations that are read to count a payment's attempts.
const OPERATIONS_MAX: u32 = 100;

/// `GET /dashboard?status=…&before=pi_…`
pub async fn list(visit: Visit) -> Result<Response, Problem> {
    let staff = Staff::of(&visit).await?;
    let filter = Filter::parse(visit.fields.get("status"));
    let before = visit.fields.get("before").and_then(PaymentIntentId::parse);
    let mut tx = visit.app.db.read().await?;
    let found = find(&mut tx, &staff.account.id, filter, before.as_ref()).await?;
    let rows = rows(&mut tx, &staff.account.id, &found.intents).await?;
    let view = PaymentsView {
        staff: staff.view(),
        filter,
        rows: &rows,
        older: found.older.map(|id| older(filter, &id)),
        deeper: before.is_some(),
    };
    Ok(Html(views::payments(&view).into_string()).into_response())
}

fn older(filter: Filter, id: &PaymentIntentId) -> String {
    let href = filter.href();
    let joint = if href.contains('?') { '&' } else { '?' };
    format!("{href}{joint}before={id}")
}

struct Found {
    intents: Vec<PaymentIntent>,
    /// Where to go on, if there is more.
    older: Option<PaymentIntentId>,
}

async fn find(
    tx: &mut Tx,
    account: &AccountId,
    filter: Filter,
    before: Option<&PaymentIntentId>,
) -> Result<Found, DbError> {
    let mut high = before.map_or_else(|| Window::NO_UPPER.to_owned(), |id| id.as_str().to_owned());
    let mut intents: Vec<PaymentIntent> = Vec::new();
    for _ in 0..BATCHES_MAX {
        let window = Window { high: high.clone(), ..Window::newest(BATCH) };
        let page = pages::page::<PaymentIntent>(tx, account, &window, None).await?;
        let Some(last) = page.objects.last().map(|intent| intent.id.clone()) else {
            return Ok(Found { intents, older: None });
        };
        for intent in page.objects {
            if !filter.takes(&intent) {
                continue;
            }
            if intents.len() == ROWS {
                let older = intents.last().map(|intent| intent.id.clone());
                return Ok(Found { intents, older });
            }
            intents.push(intent);
        }
        if !page.has_more {
            return Ok(Found { intents, older: None });
        }
        last.as_str().clone_into(&mut high);
    }
    Ok(Found { intents, older: Some(PaymentIntentId::from_trusted(high)) })
}

async fn rows(
    tx: &mut Tx,
    account: &AccountId,
    intents: &[PaymentIntent],
) -> Result<Vec<PaymentRow>, DbError> {
    let mut names = Names::default();
    let mut rows = Vec::with_capacity(intents.len());
    for intent in intents {
        let operations = operations::of_debt(tx, account, intent.id.as_str(), OPERATIONS_MAX).await?;
        rows.push(PaymentRow {
            id: intent.id.as_str().to_owned(),
            chip: chip_of(intent),
            amount: Money::new(intent.amount, intent.currency).to_string(),
            customer: names.customer(tx, account, intent.customer.as_ref()).await?,
            method: names.method(tx, account, tried(intent)).await?,
            created: intent.created,
            attempts: attempts(&operations),
        });
    }
    Ok(rows)
}

/// The method of the payment: after a decline the intent has none, but its error knows what was tried.
pub fn tried(intent: &PaymentIntent) -> Option<&PaymentMethodId> {
    let failed = intent.last_error.as_ref().and_then(|error| error.payment_method.as_ref());
    intent.payment_method.as_ref().or(failed)
}

/// How often an issuer was, or may have been, asked.
pub fn attempts(operations: &[Operation]) -> usize {
    let counts = |operation: &&Operation| {
        operation.kind == Kind::Authorise && operation.state.may_have_reached_issuer()
    };
    operations.iter().filter(counts).count()
}

/// Customers and methods of one page, each looked up once.
#[derive(Debug, Default)]
pub struct Names {
    customers: HashMap<CustomerId, String>,
    methods: HashMap<PaymentMethodId, Option<String>>,
}

impl Names {
    /// The customer's name, else e-mail address, else id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer(
        &mut self,
        tx: &mut Tx,
        account: &AccountId,
        id: Option<&CustomerId>,
    ) -> Result<Option<String>, DbError> {
        let Some(id) = id else { return Ok(None) };
        if let Some(name) = self.customers.get(id) {
            return Ok(Some(name.clone()));
        }
        let found = objects::load::<Customer>(tx, account, id).await?.map(|found| found.object);
        let name = found.and_then(|customer| customer.name.or(customer.email));
        let name = name.unwrap_or_else(|| id.as_str().to_owned());
        self.customers.insert(id.clone(), name.clone());
        Ok(Some(name))
    }

    /// The method as people know it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn method(
        &mut self,
        tx: &mut Tx,
        account: &AccountId,
        id: Option<&PaymentMethodId>,
    ) -> Result<Option<String>, DbError> {
        let Some(id) = id else { return Ok(None) };
        if let Some(line) = self.methods.get(id) {
            return Ok(line.clone());
        }
        let found = objects::load::<PaymentMethod>(tx, account, id).await?;
        let line = found.map(|found| widgets::method_line(&found.object.details));
        self.methods.insert(id.clone(), line.clone());
        Ok(line)
    }
}
