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
use crate::model::invoice::Invoice;
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
            Some(Snapshot::Customer(object)) => Some(self.customer_as_told(object).await?),
            Some(Snapshot::PaymentMethod(object)) => Some(self.method(object).await?),
            Some(Snapshot::PaymentIntent(object)) => {
                Some(payment_intent::payment_intent(&self.context, object, None))
            }
            Some(Snapshot::SetupIntent(object)) => {
                Some(setup_intent::setup_intent(&self.context, object, None))
            }
            Some(Snapshot::Charge(object)) => Some(charge::charge(&self.context, object)),
            Some(Snapshot::Refund(object)) => Some(refund::refund(&self.context, object)),
            Some(Snapshot::Product(object)) => Some(product::product(&self.context, object)),
            Some(Snapshot::Price(object)) => Some(price::price(&self.context, object)),
            Some(Snapshot::Subscription(object)) => Some(self.subscription(object).await?),
            Some(Snapshot::Invoice(object)) => Some(self.invoice(object).await?),
            Some(Snapshot::InvoiceItem(object)) => Some(invoice::item(&self.context, object)),
            Some(Snapshot::TestClock(object)) => Some(test_clock::test_clock(&self.context, object)),
            Some(Snapshot::Mandate(object)) => Some(mandate::mandate(&self.context, object)),
            Some(Snapshot::Dispute(object)) => Some(dispute::dispute(&self.context, object)),
            Some(Snapshot::Coupon(object)) => Some(coupon::coupon(&self.context, object)),
            Some(Snapshot::PromotionCode(object)) => Some(self.promotion_code(object).await?),
            Some(Snapshot::Discount(object)) => Some(discount::discount(object)),
            Some(Snapshot::TaxRate(object)) => Some(tax_rate::tax_rate(&self.context, object)),
        };
        Ok(event::event(&self.context, told, object, pending))
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

    /// An invoice; while it is owed, with the secret that lets a browser pay it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invoice(&mut self, object: &Invoice) -> Result<Value, DbError> {
        let owed = object.intent().filter(|_| object.status.is_owed());
        let payment = match owed {
            Some(id) => self.load::<PaymentIntent>(id).await?,
            None => None,
        };
        let secret = payment.as_ref().map(|payment| payment.client_secret.as_str());
        Ok(invoice::invoice(&self.context, object, secret))
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
            let found: Option<Price> = self.load(&id).await?;
            return Ok(found.map(|object| price::price(&self.context, &object)));
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
        Ok(None)
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
        let found: Option<Product> = self.load(id).await?;
        Ok(found.map(|object| product::product(&self.context, &object)))
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
