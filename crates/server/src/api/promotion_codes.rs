//! Promotion codes.

use onfile_core::ids::{CouponId, CustomerId, Id, PromotionCodeId};
use onfile_service::db::{DbError, Param, Tx};

use super::promotion_code_params::{self as params, CODE_MAX, NewCode};
use super::{answer, expanded, failure, find, listed, missing};
use crate::billing::invoices;
use crate::model::coupon::Coupon;
use crate::model::event::Snapshot;
use crate::model::promotion_code::{PromotionCode, key};
use crate::render::full::Full;
use crate::store::events::{self, News};
use crate::store::objects::Versioned;
use crate::store::{discounts, objects, pages};
use crate::wire::call::{Answer, Call};
use crate::wire::error::{ApiError, TAKEN};
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;

const NOUN: &str = "promotion code";

/// `POST /v1/promotion_codes`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let new = params::new(&mut call.params, call.app.now_seconds())?;
    let expand = Expand::of(&mut call.params, Kind::PromotionCode)?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let coupon = check(&mut tx, &call, &new).await?;
    let it = new.make(&call.app, &coupon)?;
    if it.active {
        make_room(&mut tx, &call, &it).await?;
    }
    objects::insert(&mut tx, &account, &it).await.map_err(|error| taken(error, &it))?;
    tell(&mut tx, &call, "promotion_code.created", &Versioned::new(it.clone())).await?;
    finish(call, tx, &it, &expand).await
}

/// What it names must exist, and it promises no more than its coupon.
async fn check(tx: &mut Tx, call: &Call, new: &NewCode) -> Result<Coupon, ApiError> {
    let account = &call.merchant.account.id;
    let found = objects::load::<Coupon>(tx, account, &new.coupon).await?;
    let coupon = found.ok_or_else(|| ApiError::no_such("coupon", &new.coupon, new.coupon_param))?.object;
    if let Some(customer) = &new.customer
        && let Err(error) = invoices::customer(tx, account, customer).await
    {
        return Err(failure::explain_billing(call, error).await);
    }
    if new.active && !coupon.is_valid(call.app.now_seconds()) {
        return Err(expired(&coupon, new.coupon_param));
    }
    if let (Some(last), Some(end)) = (coupon.redeem_by, new.expires_at)
        && end > last
    {
        let message = "A promotion code cannot expire after its coupon's `redeem_by`.";
        return Err(ApiError::invalid("expires_at", None, message));
    }
    if let (Some(most), Some(wanted)) = (coupon.max_redemptions, new.max_redemptions)
        && wanted > most
    {
        let message = "A promotion code cannot be redeemed more often than its coupon (`max_redemptions`).";
        return Err(ApiError::invalid("max_redemptions", None, message));
    }
    Ok(coupon)
}

/// A code that is spelt like this and cannot be used any more makes room for the new one.
async fn make_room(tx: &mut Tx, call: &Call, new: &PromotionCode) -> Result<(), ApiError> {
    let account = &call.merchant.account.id;
    let customer = new.customer.as_ref().map_or("", Id::as_str);
    let Some(id) = discounts::holder(tx, account, &new.key, customer).await? else { return Ok(()) };
    let Some(mut old) = objects::lock::<PromotionCode>(tx, account, &id).await? else { return Ok(()) };
    let coupon = objects::load::<Coupon>(tx, account, &old.object.coupon).await?;
    let now = call.app.now_seconds();
    let good = coupon.is_some_and(|of| of.object.place == old.object.coupon_place && of.object.is_valid(now));
    if good && old.object.is_usable(now) {
        return Ok(());
    }
    old.object.active = false;
    objects::save(tx, account, &old.object).await?;
    tell(tx, call, "promotion_code.updated", &old).await
}

fn expired(coupon: &Coupon, param: &str) -> ApiError {
    let message = format!("Coupon expired: {}", coupon.id);
    ApiError::invalid(param, "coupon_expired", message)
}

/// Of what is unique about a code only its spelling is not made here.
fn taken(error: DbError, it: &PromotionCode) -> ApiError {
    match error {
        DbError::Duplicate(_) => {
            let message = format!("An active promotion code with `code: {}` already exists.", it.code);
            ApiError::invalid("code", TAKEN, message)
        }
        error => error.into(),
    }
}

/// `GET /v1/promotion_codes/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: PromotionCodeId = call.id("id", NOUN, "id")?;
    let expand = Expand::of(&mut call.params, Kind::PromotionCode)?;
    call.finish()?;
    find::<PromotionCode>(&call, &id, NOUN, "id").await?;
    answer(&call, &id, &expand).await
}

/// `POST /v1/promotion_codes/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: PromotionCodeId = call.id("id", NOUN, "id")?;
    let patch = params::patch(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::PromotionCode)?;
    call.finish()?;
    let account = call.merchant.account.id.clone();
    let mut tx = call.app.db.begin().await?;
    let locked = objects::lock::<PromotionCode>(&mut tx, &account, &id).await?;
    let mut it = locked.ok_or_else(|| missing(&id, NOUN, "id"))?;
    let reactivated = patch.active == Some(true) && !it.object.active;
    patch.apply(&mut it.object)?;
    if reactivated {
        check_usable(&mut tx, &call, &it.object).await?;
    }
    objects::save(&mut tx, &account, &it.object).await.map_err(|error| taken(error, &it.object))?;
    tell(&mut tx, &call, "promotion_code.updated", &it).await?;
    finish(call, tx, &it.object, &expand).await
}

/// Nothing is made active that could not be used.
async fn check_usable(tx: &mut Tx, call: &Call, it: &PromotionCode) -> Result<(), ApiError> {
    let now = call.app.now_seconds();
    let coupon = objects::load::<Coupon>(tx, &call.merchant.account.id, &it.coupon).await?;
    let good = coupon.is_some_and(|of| of.object.place == it.coupon_place && of.object.is_valid(now));
    if it.is_usable(now) && good {
        return Ok(());
    }
    let message =
        "This promotion code cannot be made active: it, or its coupon, cannot be redeemed any more.";
    Err(ApiError::invalid("active", None, message))
}

/// `GET /v1/promotion_codes`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<PromotionCodeId>(&mut call.params, NOUN, true)?;
    let active = call.params.boolean("active")?;
    let code = call.params.text("code", CODE_MAX)?.map(|code| key(&code));
    let coupon: Option<CouponId> = call.params.id("coupon", "coupon")?;
    let customer: Option<CustomerId> = call.params.id("customer", "customer")?;
    let expand = Expand::of_list(&mut call.params, Kind::PromotionCode)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let now = call.app.now_seconds();
    let filter: [Param<'_>; 6] = [
        active.unwrap_or(false).into(),
        active.unwrap_or(true).into(),
        now.into(),
        code.as_ref().into(),
        coupon.as_ref().map(Id::as_str).into(),
        customer.as_ref().map(Id::as_str).into(),
    ];
    let account = &call.merchant.account.id;
    let listing = if code.is_some() { pages::PROMOTION_CODES_BY_CODE } else { pages::PROMOTION_CODES };
    let rows = pages::filtered(&mut tx, account, listing, &window, &filter).await?;
    let page = pages::objects::<PromotionCode>(rows)?;
    let mut data = Vec::with_capacity(page.objects.len());
    for object in &page.objects {
        data.push(Full::new(&mut tx, call.rendering()).promotion_code(object).await?);
    }
    listed(&call, &mut tx, &page, data, &expand).await
}

async fn tell(tx: &mut Tx, call: &Call, kind: &str, it: &Versioned<PromotionCode>) -> Result<(), ApiError> {
    let snapshot = Snapshot::PromotionCode(it.object.clone());
    let before = it.before.as_deref();
    let news = News { kind, version: it.version, snapshot: &snapshot, before };
    Ok(events::append(tx, &call.app, &call.cause(), &news).await?)
}

async fn finish(call: Call, mut tx: Tx, it: &PromotionCode, expand: &Expand) -> Result<Answer, ApiError> {
    let rendered = Full::new(&mut tx, call.rendering()).promotion_code(it).await?;
    let body = expanded(&call, &mut tx, rendered, expand).await?;
    call.commit(tx, it.id.as_str(), body).await
}
