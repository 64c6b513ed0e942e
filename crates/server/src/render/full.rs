//! Objects whose rendering needs a look at others: the label of a method, the method of a failed attempt.

use std::collections::HashMap;

use onfile_core::ids::{ChargeId, CustomerId, Id, PaymentIntentId, PaymentMethodId, RefundId, SetupIntentId};
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::{Context, charge, customer, event, payment_intent, payment_method, refund, setup_intent};
use crate::model::charge::Charge;
use crate::model::customer::Customer;
use crate::model::event::{Event, Snapshot};
use crate::model::payment_intent::{AttemptError, PaymentIntent};
use crate::model::payment_method::PaymentMethod;
use crate::model::refund::Refund;
use crate::model::setup_intent::SetupIntent;
use crate::store::objects;

/// Renders with a transaction at hand.
#[derive(Debug)]
pub struct Full<'a> {
    tx: &'a mut Tx,
    context: Context<'a>,
    numbers: HashMap<CustomerId, Option<u64>>,
}

impl<'a> Full<'a> {
    /// A renderer that reads through this transaction.
    pub fn new(tx: &'a mut Tx, context: Context<'a>) -> Self {
        Self { tx, context, numbers: HashMap::new() }
    }

    /// A payment method with its label.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn method(&mut self, method: &PaymentMethod) -> Result<Value, DbError> {
        let number = match &method.customer {
            Some(customer) => self.number(customer).await?,
            None => None,
        };
        Ok(payment_method::payment_method(&self.context, method, number))
    }

    /// A payment intent with the method of its last error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn intent(&mut self, intent: &PaymentIntent) -> Result<Value, DbError> {
        let tried = self.tried(intent.last_error.as_ref()).await?;
        Ok(payment_intent::payment_intent(&self.context, intent, tried))
    }

    /// A setup intent with the method of its last error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setup(&mut self, intent: &SetupIntent) -> Result<Value, DbError> {
        let tried = self.tried(intent.last_error.as_ref()).await?;
        Ok(setup_intent::setup_intent(&self.context, intent, tried))
    }

    /// An event with its object as it was, and how many webhooks of it are outstanding.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event(&mut self, told: &Event, pending: i64) -> Result<Value, DbError> {
        let object = match &told.snapshot {
            None => None,
            Some(Snapshot::Customer(object)) => Some(customer::customer(&self.context, object)),
            Some(Snapshot::PaymentMethod(object)) => Some(self.method(object).await?),
            Some(Snapshot::PaymentIntent(object)) => {
                Some(payment_intent::payment_intent(&self.context, object, None))
            }
            Some(Snapshot::SetupIntent(object)) => {
                Some(setup_intent::setup_intent(&self.context, object, None))
            }
            Some(Snapshot::Charge(object)) => Some(charge::charge(&self.context, object)),
            Some(Snapshot::Refund(object)) => Some(refund::refund(&self.context, object)),
        };
        Ok(event::event(&self.context, told, object, pending))
    }

    /// Whatever an id names, as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&mut self, id: &str) -> Result<Option<Value>, DbError> {
        if let Some(id) = CustomerId::parse(id) {
            let found: Option<Customer> = self.load(&id).await?;
            return Ok(found.map(|object| customer::customer(&self.context, &object)));
        }
        if let Some(id) = ChargeId::parse(id) {
            let found: Option<Charge> = self.load(&id).await?;
            return Ok(found.map(|object| charge::charge(&self.context, &object)));
        }
        if let Some(id) = RefundId::parse(id) {
            let found: Option<Refund> = self.load(&id).await?;
            return Ok(found.map(|object| refund::refund(&self.context, &object)));
        }
        if let Some(id) = PaymentMethodId::parse(id) {
            return match self.load::<PaymentMethod>(&id).await? {
                Some(object) => self.method(&object).await.map(Some),
                None => Ok(None),
            };
        }
        if let Some(id) = PaymentIntentId::parse(id) {
            return match self.load::<PaymentIntent>(&id).await? {
                Some(object) => self.intent(&object).await.map(Some),
                None => Ok(None),
            };
        }
        if let Some(id) = SetupIntentId::parse(id) {
            return match self.load::<SetupIntent>(&id).await? {
                Some(object) => self.setup(&object).await.map(Some),
                None => Ok(None),
            };
        }
        Ok(None)
    }

    async fn load<T: objects::Stored>(&mut self, id: &T::Id) -> Result<Option<T>, DbError> {
        Ok(objects::load::<T>(self.tx, &self.context.account.id, id).await?.map(|found| found.object))
    }

    async fn tried(&mut self, error: Option<&AttemptError>) -> Result<Option<Value>, DbError> {
        let Some(id) = error.and_then(|error| error.payment_method.as_ref()) else { return Ok(None) };
        match self.load::<PaymentMethod>(id).await? {
            Some(method) => self.method(&method).await.map(Some),
            None => Ok(None),
        }
    }

    async fn number(&mut self, id: &CustomerId) -> Result<Option<u64>, DbError> {
        if let Some(number) = self.numbers.get(id) {
            return Ok(*number);
        }
        let number = self.load::<Customer>(id).await?.as_ref().and_then(customer::number);
        self.numbers.insert(id.clone(), number);
        Ok(number)
    }
}
