//! What billing needs to know of a set of agreements, loaded by a statement for each kind of thing.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use onfile_core::clock::moment;
use onfile_core::currency::Currency;
use onfile_core::ids::{AccountId, CustomerId, DiscountId, InvoiceId, PaymentMethodId, PriceId, ProductId};
use onfile_core::retries::network::NetworkLimit;
use onfile_service::db::{DbError, Tx};

use crate::model::account::Account;
use crate::model::customer::Customer;
use crate::model::payment_method::PaymentMethod;
use crate::model::price::Price;
use crate::model::product::Product;
use crate::model::subscription::Subscription;
use crate::payments::network_limits::CardHistory;
use crate::store::objects::Stored;
use crate::store::sets;

use super::discounts::{self, Discounts};

/// Customers, prices, products, methods and discounts of some agreements.
#[derive(Debug, Default)]
pub struct World {
    customers: HashMap<CustomerId, Customer>,
    prices: HashMap<PriceId, Price>,
    products: HashMap<ProductId, Product>,
    methods: HashMap<PaymentMethodId, PaymentMethod>,
    /// Their discounts: those of the agreements, of their parts, and of their customers.
    pub discounts: Discounts,
    histories: HashMap<PaymentMethodId, CardHistory>,
}

impl World {
    /// Loads what these agreements refer to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of<'a>(
        tx: &mut Tx,
        account: &AccountId,
        subscriptions: impl Iterator<Item = &'a Subscription> + Clone,
    ) -> Result<Self, DbError> {
        let customers: HashMap<_, Customer> =
            load(tx, account, subscriptions.clone().map(|s| &s.customer)).await?;
        let items = subscriptions.clone().flat_map(|s| &s.items);
        let prices: HashMap<_, Price> = load(tx, account, items.map(|item| &item.price)).await?;
        let products = load(tx, account, prices.values().map(|price| &price.product)).await?;
        let defaults = customers.values().filter_map(|customer| customer.default_payment_method.as_ref());
        let mut named: Vec<&DiscountId> = Vec::new();
        for subscription in subscriptions.clone() {
            named.extend(subscription.named_discounts());
        }
        named.extend(customers.values().filter_map(|customer| customer.discount.as_ref()));
        let discounts = discounts::load(tx, account, &named).await?;
        let own = subscriptions.filter_map(|s| s.default_payment_method.as_ref());
        let methods = load(tx, account, own.chain(defaults)).await?;
        Ok(Self { customers, prices, products, methods, discounts, histories: HashMap::new() })
    }

    /// Loads what networks count of the cards, for [`Self::limit`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn with_histories(mut self, tx: &mut Tx, account: &Account) -> Result<Self, DbError> {
        self.histories = CardHistory::of_all(tx, account, self.methods.values()).await?;
        Ok(self)
    }

    /// A customer who is not deleted.
    pub fn customer(&self, id: &CustomerId) -> Option<&Customer> {
        self.customers.get(id).filter(|customer| !customer.deleted)
    }

    /// A price and its product.
    pub fn price(&self, id: &PriceId) -> Option<(&Price, &Product)> {
        let price = self.prices.get(id)?;
        Some((price, self.products.get(&price.product)?))
    }

    /// Of these discounts those that apply to what is due at this Unix second and stands on this invoice.
    pub fn applying<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a DiscountId>,
        at: i64,
        invoice: &InvoiceId,
    ) -> Vec<DiscountId> {
        let applies = |id: &&DiscountId| self.discounts.get(*id).is_some_and(|it| it.applies(at, invoice));
        ids.into_iter().filter(applies).cloned().collect()
    }

    /// Whether a method's network allows an attempt by the merchant at this amount now.
    pub fn limit(&self, method: &PaymentMethod, amount: i64, currency: Currency, now: i64) -> NetworkLimit {
        let history = self.histories.get(&method.id);
        history.map_or(NetworkLimit::Allowed, |history| history.limit(amount, currency, moment(now)))
    }

    /// What an agreement is charged to: its own method, else its customer's; one that was removed is none.
    pub fn method(&self, subscription: &Subscription) -> Option<&PaymentMethod> {
        let customer = self.customer(&subscription.customer)?;
        let usable = |id: &PaymentMethodId| {
            self.methods
                .get(id)
                .filter(|method| method.customer.as_ref() == Some(&customer.id) && !method.detached)
        };
        let own = subscription.default_payment_method.as_ref().and_then(usable);
        own.or_else(|| customer.default_payment_method.as_ref().and_then(usable))
    }
}

async fn load<'a, T: Stored>(
    tx: &mut Tx,
    account: &AccountId,
    ids: impl Iterator<Item = &'a T::Id>,
) -> Result<HashMap<T::Id, T>, DbError>
where
    T::Id: Clone + Eq + Hash + 'a,
{
    let ids: HashSet<&T::Id> = ids.collect();
    let ids: Vec<&T::Id> = ids.into_iter().collect();
    let found = sets::load::<T>(tx, account, &ids).await?;
    Ok(found.into_iter().map(|found| (found.object.id().clone(), found.object)).collect())
}
