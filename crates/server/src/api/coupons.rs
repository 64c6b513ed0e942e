//! Coupons.

use onfile_core::ids::{CouponId, Id, ProductId};
use onfile_service::db::{DbError, Tx};

use super::coupon_params::{self, PRODUCTS};
use super::{expanded, find, listed, missing};
use crate::model::coupon::Coupon;
use crate::model::event::Snapshot;
use crate::model::product::Product;
use crate::render;
use crate::store::discounts;
use crate::store::events::{self, News};
use crate::store::objects::{self, Versioned};
use crate::store::pages::{self, Window};
use crate::store::sets;
use crate::wire::call::{Answer, Call};
use crate::wire::error::{ApiError, TAKEN};
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::unplaced;

const NOUN: &str = "coupon";

/// `POST /v1/coupons`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let new = coupon_params::new(&mut call.params, call.app.now_seconds())?;
    let expand = Expand::of(&mut call.params, Kind::Coupon)?;
    call.finish()?;
    let coupon = new.make(&call.app)?;
    let mut tx = call.app.db.begin().await?;
    check_products(&mut tx, &call, &coupon.terms.products).await?;
    match objects::insert(&mut tx, &call.merchant.account.id, &coupon).await {
        Ok(()) => {}
        Err(DbError::Duplicate(_)) => {
            return Err(ApiError::invalid("id", TAKEN, "Coupon already exists."));
        }
        Err(error) => return Err(error.into()),
    }
    tell(&mut tx, &call, "coupon.created", &Versioned::new(coupon.clone())).await?;
    finish(call, tx, &coupon, &expand).await
}

async fn check_products(tx: &mut Tx, call: &Call, products: &[ProductId]) -> Result<(), ApiError> {
    let ids: Vec<&ProductId> = products.iter().collect();
    let found = sets::load::<Product>(tx, &call.merchant.account.id, &ids).await?;
    match products.iter().find(|id| found.iter().all(|found| found.object.id != **id)) {
        None => Ok(()),
        Some(id) => Err(ApiError::no_such("product", id, PRODUCTS)),
    }
}

/// `GET /v1/coupons/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: CouponId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::Coupon)?;
    call.finish()?;
    let found = find::<Coupon>(&call, &id, NOUN, "id").await?;
    let rendered = render::coupon::coupon(&call.rendering(), &found);
    let mut tx = call.app.db.read().await?;
    Ok(Answer::new(expanded(&call, &mut tx, rendered, &expand).await?))
}

/// `POST /v1/coupons/{id}`: what it takes off stays as it is.
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: CouponId = call.id("id", NOUN, "id")?;
    let patch = coupon_params::patch(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::Coupon)?;
    call.finish()?;
    let mut tx = call.app.db.begin().await?;
    let mut coupon = lock(&mut tx, &call, &id).await?;
    patch.apply(&mut coupon.object)?;
    objects::save(&mut tx, &call.merchant.account.id, &coupon.object).await?;
    tell(&mut tx, &call, "coupon.updated", &coupon).await?;
    finish(call, tx, &coupon.object, &expand).await
}

/// `DELETE /v1/coupons/{id}`: nobody can redeem it any more; whoever has, keeps their discount.
pub async fn delete(mut call: Call) -> Result<Answer, ApiError> {
    let id: CouponId = call.id("id", NOUN, "id")?;
    call.finish()?;
    let mut tx = call.app.db.begin().await?;
    let coupon = lock(&mut tx, &call, &id).await?;
    discounts::delete_coupon(&mut tx, &call.merchant.account.id, &id).await?;
    tell(&mut tx, &call, "coupon.deleted", &coupon).await?;
    tx.commit().await?;
    Ok(Answer::new(render::coupon::deleted(&id)))
}

/// `GET /v1/coupons`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = unplaced::<CouponId>(&mut call.params, NOUN, true)?;
    let expand = Expand::of_list(&mut call.params, Kind::Coupon)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let window = placed(&mut tx, &call, window).await?;
    let account = &call.merchant.account.id;
    let page = pages::objects::<Coupon>(pages::rows(&mut tx, account, pages::COUPONS, &window, &[]).await?)?;
    let data = page.objects.iter().map(|coupon| render::coupon::coupon(&call.rendering(), coupon)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}

/// Coupons have places of their own in lists: the cursor's is looked up.
async fn placed(tx: &mut Tx, call: &Call, window: Window) -> Result<Window, ApiError> {
    let Some(cursor) = window.cursor.clone() else { return Ok(window) };
    let found = match CouponId::parse(&cursor.id) {
        Some(id) => objects::load::<Coupon>(tx, &call.merchant.account.id, &id).await?,
        None => None,
    };
    let found = found.ok_or_else(|| ApiError::no_such(&cursor.noun, &cursor.id, cursor.param))?;
    Ok(window.beyond(found.object.place.as_str()))
}

async fn lock(tx: &mut Tx, call: &Call, id: &CouponId) -> Result<Versioned<Coupon>, ApiError> {
    let locked = objects::lock::<Coupon>(tx, &call.merchant.account.id, id).await?;
    locked.ok_or_else(|| missing(id, NOUN, "id"))
}

async fn tell(tx: &mut Tx, call: &Call, kind: &str, it: &Versioned<Coupon>) -> Result<(), ApiError> {
    let snapshot = Snapshot::Coupon(it.object.clone());
    let before = it.before.as_deref();
    let news = News { kind, version: it.version, snapshot: &snapshot, before };
    Ok(events::append(tx, &call.app, &call.cause(), &news).await?)
}

async fn finish(call: Call, mut tx: Tx, coupon: &Coupon, expand: &Expand) -> Result<Answer, ApiError> {
    let rendered = render::coupon::coupon(&call.rendering(), coupon);
    let body = expanded(&call, &mut tx, rendered, expand).await?;
    call.commit(tx, coupon.id.as_str(), body).await
}
