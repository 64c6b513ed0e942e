//! What changes of products and of prices have in common. Locks are taken in this order: the product, then its price.

use onfile_core::ids::{PriceId, ProductId};
use onfile_service::db::{DbError, Tx};

use crate::model::event::Snapshot;
use crate::model::price::Price;
use crate::model::product::Product;
use crate::store::catalog;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};
use crate::wire::call::Call;
use crate::wire::error::{ApiError, TAKEN};

/// Inserts a new product, with its event. `param` is the parameter that chose its id.
pub async fn insert_product(
    tx: &mut Tx,
    call: &Call,
    product: &Product,
    param: &str,
) -> Result<(), ApiError> {
    match objects::insert(tx, &call.merchant.account.id, product).await {
        Ok(()) => tell_product(tx, call, "product.created", &Versioned::new(product.clone())).await,
        Err(DbError::Duplicate(_)) => Err(ApiError::invalid(param, TAKEN, "Product already exists.")),
        Err(error) => Err(error.into()),
    }
}

/// Inserts a new price, with its event. Its product was locked, or inserted, in this transaction.
pub async fn insert_price(tx: &mut Tx, call: &Call, price: &Price, transfer: bool) -> Result<(), ApiError> {
    free_lookup_key(tx, call, price, transfer).await?;
    objects::insert(tx, &call.merchant.account.id, price).await.map_err(lookup_key_taken)?;
    tell_price(tx, call, "price.created", &Versioned::new(price.clone())).await
}

/// Saves a price that was locked in this transaction, with its event.
pub async fn save_price(
    tx: &mut Tx,
    call: &Call,
    price: &Versioned<Price>,
    transfer: bool,
) -> Result<(), ApiError> {
    free_lookup_key(tx, call, &price.object, transfer).await?;
    objects::save(tx, &call.merchant.account.id, &price.object).await.map_err(lookup_key_taken)?;
    tell_price(tx, call, "price.updated", price).await
}

/// Sees to it that no other active price has this one's lookup key.
async fn free_lookup_key(tx: &mut Tx, call: &Call, price: &Price, transfer: bool) -> Result<(), ApiError> {
    let account = &call.merchant.account.id;
    let Some(key) = price.lookup_key.as_deref().filter(|_| price.active) else { return Ok(()) };
    let holder = catalog::holder(tx, account, key).await?.filter(|holder| *holder != price.id);
    let Some(holder) = holder else { return Ok(()) };
    if !transfer {
        return Err(taken_by(Some(&holder)));
    }
    let Some(mut other) = objects::lock::<Price>(tx, account, &holder).await? else { return Ok(()) };
    // Somebody else may have taken it while this one waited for the lock.
    if other.object.lookup_key.as_deref() != Some(key) {
        return Ok(());
    }
    other.object.lookup_key = None;
    objects::save(tx, account, &other.object).await?;
    tell_price(tx, call, "price.updated", &other).await
}

fn taken_by(holder: Option<&PriceId>) -> ApiError {
    let holder = holder.map(|id| format!(" (`{id}`)")).unwrap_or_default();
    ApiError::invalid("lookup_key", TAKEN, format!("A price{holder} already uses that lookup key."))
}

/// Of what is unique about a price only the lookup key is not made here.
fn lookup_key_taken(error: DbError) -> ApiError {
    match error {
        DbError::Duplicate(_) => taken_by(None),
        error => error.into(),
    }
}

/// Locks a product. Its version rises with it, also where it does not change.
pub async fn lock_product(
    tx: &mut Tx,
    call: &Call,
    id: &ProductId,
) -> Result<Option<Versioned<Product>>, ApiError> {
    Ok(objects::lock::<Product>(tx, &call.merchant.account.id, id).await?)
}

/// Appends an event about a product that was changed in this transaction.
pub async fn tell_product(
    tx: &mut Tx,
    call: &Call,
    kind: &str,
    product: &Versioned<Product>,
) -> Result<(), ApiError> {
    let snapshot = Snapshot::Product(product.object.clone());
    let news =
        News { kind, version: product.version, snapshot: &snapshot, before: product.before.as_deref() };
    Ok(events::append(tx, &call.app, &call.cause(), &news).await?)
}

async fn tell_price(tx: &mut Tx, call: &Call, kind: &str, price: &Versioned<Price>) -> Result<(), ApiError> {
    let snapshot = Snapshot::Price(price.object.clone());
    let news = News { kind, version: price.version, snapshot: &snapshot, before: price.before.as_deref() };
    Ok(events::append(tx, &call.app, &call.cause(), &news).await?)
}
