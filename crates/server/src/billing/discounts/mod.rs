//! Discounts: redeemed ([`redeem`]), taken off invoices ([`apply`]), replaced and taken away ([`change`]).

pub mod apply;
pub mod change;
pub mod redeem;

use std::collections::{BTreeSet, HashMap};

use onfile_core::ids::{AccountId, DiscountId};
use onfile_service::db::{DbError, Tx};

use crate::app::App;
use crate::model::discount::Discount;
use crate::model::event::Snapshot;
use crate::payments::Cause;
use crate::store::events::{self, News};
use crate::store::sets;

/// Discounts by their ids.
pub type Discounts = HashMap<DiscountId, Discount>;

/// Loads discounts by one statement; by none where nothing is named.
///
/// # Errors
/// When the database fails.
pub async fn load(tx: &mut Tx, account: &AccountId, ids: &[&DiscountId]) -> Result<Discounts, DbError> {
    let ids: BTreeSet<&DiscountId> = ids.iter().copied().collect();
    let ids: Vec<&DiscountId> = ids.into_iter().collect();
    let found = sets::load::<Discount>(tx, account, &ids).await?;
    Ok(found.into_iter().map(|found| (found.object.id.clone(), found.object)).collect())
}

/// Tells of a discount. It is new once, and over once.
///
/// # Errors
/// When the database fails.
pub async fn tell(tx: &mut Tx, app: &App, cause: &Cause, kind: &str, it: &Discount) -> Result<(), DbError> {
    let version = if kind == DELETED { 2 } else { 1 };
    let snapshot = Snapshot::Discount(Box::new(it.clone()));
    events::append(tx, app, cause, &News { kind, version, snapshot: &snapshot, before: None }).await
}

/// Told when somebody has a discount, or another one of several.
pub const CREATED: &str = "customer.discount.created";
/// Told when a customer has another discount than before.
pub const UPDATED: &str = "customer.discount.updated";
/// Told when a discount was taken away, was used up, or had come to its end when the next invoice was made.
pub const DELETED: &str = "customer.discount.deleted";
