//! Objects whose rendering needs a look at others: the label of a method, the method of a failed attempt.

mod discounts;

use std::collections::HashMap;

use onfile_core::ids::{
    ChargeId, CustomerId, DisputeId, Id, InvoiceId, InvoiceItemId, MandateId, PaymentIntentId,
    PaymentMethodId, PriceId, ProductId, RefundId, RunId, SetupIntentId, SubscriptionId, TestClockId,
};
use onfile_service::db::{DbError, Tx};
use serde_json::Value;

use super::{
    Context, charge, coupon, customer, discount, dispute, event, invoice, mandate, payment_intent,
    payment_method, price, product, refund, run, setup_intent, subscription, tax_rate, test_clock,
};
use crate::model::charge::Charge;
use crate::model::customer::Customer;
use crate::model::dispute::Dispute;
use crate::model::event::{Event, Snapshot};
use crate::model::invoice::{Addressee, Invoice};
use crate::model::invoice_item::InvoiceItem;
use crate::model::mandate::Mandate;
use crate::model::payment_intent::{AttemptError, PaymentIntent};
use crate::model::payment_method::PaymentMethod;
use crate::model::price::Price;
use crate::model::product::Product;
use crate::model::refund::Refund;
use crate::model::run::Run;
use crate::model::setup_intent::SetupIntent;
use crate::model::subscription::Subscription;
use crate::model::test_clock::TestClock;
use crate::store::{objects, runs, sets};

/// Renders with a transaction at hand.
#[derive(Debug)]
pub struct Full<'a> {
    pub(super) tx: &'a mut Tx,
    pub(super) context: Context<'a>,
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
            Some(snapshot) => Some(self.snapshot(snapshot).await?),
            None => None,
        };
        let previous = match &told.previous {
            Some(snapshot) => Some(self.snapshot(snapshot).await?),
            None => None,
        };
        Ok(event::event(&self.context, told, event::About { object, previous }, pending))
    }

    /// An object as it was.
    async fn snapshot(&mut self, snapshot: &Snapshot) -> Result<Value, DbError> {
        Ok(match snapshot {
            Snapshot::Customer(object) => self.customer(object).await?,
            Snapshot::PaymentMethod(object) => self.method(object).await?,
            Snapshot::PaymentIntent(object) => payment_intent::payment_intent(&self.context, object, None),
            Snapshot::SetupIntent(object) => setup_intent::setup_intent(&self.context, object, None),
            Snapshot::Charge(object) => charge::charge(&self.context, object),
            Snapshot::Refund(object) => refund::refund(&self.context, object),
            Snapshot::Product(object) => product::product(&self.context, object),
            Snapshot::Price(object) => price::price(&self.context, object),
            Snapshot::Subscription(object) => self.subscription(object).await?,
            Snapshot::Invoice(object) => self.invoice(object).await?,
            Snapshot::InvoiceItem(object) => invoice::item(&self.context, object),
            Snapshot::TestClock(object) => test_clock::test_clock(&self.context, object),
            Snapshot::Mandate(object) => mandate::mandate(&self.context, object),
            Snapshot::Dispute(object) => dispute::dispute(&self.context, object),
            Snapshot::Coupon(object) => coupon::coupon(&self.context, object),
            Snapshot::PromotionCode(object) => self.promotion_code(object).await?,
            Snapshot::Discount(object) => discount::discount(object),
            Snapshot::TaxRate(object) => tax_rate::tax_rate(&self.context, object),
        })
    }

    /// A subscription with its prices.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscription(&mut self, object: &Subscription) -> Result<Value, DbError> {
        let ids: Vec<&PriceId> = object.items.iter().map(|item| &item.price).collect();
        let found = sets::load::<Price>(self.tx, &self.context.account.id, &ids).await?;
        let prices = found.into_iter().map(|found| (found.object.id.clone(), found.object)).collect();
        Ok(subscription::subscription(&self.context, object, &prices))
    }

    /// An invoice. A draft names its customer as they are now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invoice(&mut self, object: &Invoice) -> Result<Value, DbError> {
        if object.addressee.is_some() {
            return Ok(invoice::invoice(&self.context, object));
        }
        let mut draft = object.clone();
        draft.addressee = self.load::<Customer>(&object.customer).await?.map(|found| Addressee::of(&found));
        Ok(invoice::invoice(&self.context, &draft))
    }

    /// Whatever an id names, as it is now; a product only by [`Self::product`], since its id may look like any other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&mut self, id: &str) -> Result<Option<Value>, DbError> {
        if let Some(id) = CustomerId::parse(id) {
            return match self.load::<Customer>(&id).await? {
                Some(object) => self.customer(&object).await.map(Some),
                None => Ok(None),
            };
        }
        if let Some(found) = self.billing_by_id(id).await? {
            return Ok(Some(found));
        }
        if let Some(found) = self.discount_by_id(id).await? {
            return Ok(Some(found));
        }
        if let Some(id) = ChargeId::parse(id) {
            let found: Option<Charge> = self.load(&id).await?;
            return Ok(found.map(|object| charge::charge(&self.context, &object)));
        }
        if let Some(id) = RefundId::parse(id) {
            let found: Option<Refund> = self.load(&id).await?;
            return Ok(found.map(|object| refund::refund(&self.context, &object)));
        }
        if let Some(id) = PriceId::parse(id) {
            return match self.load::<Price>(&id).await? {
                Some(object) => Ok(Some(price::price(&self.context, &object))),
                None => self.price_of_item(&id).await,
            };
        }
        if let Some(id) = MandateId::parse(id) {
            let found: Option<Mandate> = self.load(&id).await?;
            return Ok(found.map(|object| mandate::mandate(&self.context, &object)));
        }
        if let Some(id) = DisputeId::parse(id) {
            let found: Option<Dispute> = self.load(&id).await?;
            return Ok(found.map(|object| dispute::dispute(&self.context, &object)));
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
        self.derived_by_id(id).await
    }

    /// An agreement, or what it brings about.
    async fn billing_by_id(&mut self, id: &str) -> Result<Option<Value>, DbError> {
        if let Some(id) = SubscriptionId::parse(id) {
            return match self.load::<Subscription>(&id).await? {
                Some(object) => self.subscription(&object).await.map(Some),
                None => Ok(None),
            };
        }
        if let Some(id) = InvoiceId::parse(id) {
            return match self.load::<Invoice>(&id).await? {
                Some(object) => self.invoice(&object).await.map(Some),
                None => Ok(None),
            };
        }
        if let Some(id) = InvoiceItemId::parse(id) {
            let found: Option<InvoiceItem> = self.load(&id).await?;
            return Ok(found.map(|object| invoice::item(&self.context, &object)));
        }
        if let Some(id) = TestClockId::parse(id) {
            let found: Option<TestClock> = self.load(&id).await?;
            return Ok(found.map(|object| test_clock::test_clock(&self.context, &object)));
        }
        if let Some(id) = RunId::parse(id) {
            return match self.load::<Run>(&id).await? {
                Some(object) => {
                    let sums = runs::sums(self.tx, &self.context.account.id, &id).await?;
                    Ok(Some(run::run(&self.context, &object, &sums)))
                }
                None => Ok(None),
            };
        }
        Ok(None)
    }

    /// The product with an id, as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn product(&mut self, id: &ProductId) -> Result<Option<Value>, DbError> {
        match self.load::<Product>(id).await? {
            Some(object) => Ok(Some(product::product(&self.context, &object))),
            None => self.product_of_item(id).await,
        }
    }

    pub(super) async fn load<T: objects::Stored>(&mut self, id: &T::Id) -> Result<Option<T>, DbError> {
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
