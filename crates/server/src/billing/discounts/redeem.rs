//! Redeeming coupons and codes. How often is counted here, under the coupon's lock, in the transaction that applies it: of
//! two who want the last one, one is refused.

use std::collections::BTreeMap;

use onfile_core::currency::Currency;
use onfile_core::ids::{CouponId, CustomerId, DiscountId, PromotionCodeId};
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::coupon::Coupon;
use crate::model::discount::{Discount, Holder};
use crate::model::promotion_code::PromotionCode;
use crate::payments::Cause;
use crate::store::objects;
use crate::store::{discounts, sets};

use super::super::Error;

/// A discount that is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where it comes from.
    pub source: Source,
    /// The parameter that says so.
    pub param: String,
}

/// Where a discount comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A coupon, redeemed for it.
    Coupon(CouponId),
    /// A code, typed in for it.
    Code(PromotionCodeId),
    /// It is there already.
    Existing(DiscountId),
}

/// For whom and what something is redeemed.
#[derive(Debug, Clone)]
pub struct Occasion<'a> {
    /// Who.
    pub customer: &'a CustomerId,
    /// On what the discount will be.
    pub on: Holder,
    /// Now for the customer, Unix seconds.
    pub now: i64,
    /// What is bought, where that is known.
    pub purchase: Option<(Currency, i64)>,
    /// The discounts that can be named again: those of the object, and its customer's.
    pub known: &'a [DiscountId],
}

/// Redeems what is asked for, in this order.
///
/// # Errors
/// Names what does not exist, cannot be redeemed any more, or not for this; the transaction must not be committed then.
pub async fn redeem(
    tx: &mut Tx,
    app: &App,
    cause: &Cause,
    wanted: &[Wanted],
    occasion: &Occasion<'_>,
) -> Result<Vec<Discount>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut stock = Stock::lock(tx, cause, wanted).await?;
    let mut given = Vec::with_capacity(wanted.len());
    for Wanted { source, param } in wanted {
        let discount = match source {
            Source::Existing(id) => existing(tx, cause, id, param, occasion).await?,
            Source::Coupon(id) => stock.take(app, id, None, param, occasion)?,
            Source::Code(id) => {
                let code = stock.code(id, param, occasion)?;
                check_restrictions(tx, cause, &code, param, occasion).await?;
                if stock.coupons.get(&code.coupon).is_some_and(|of| of.place != code.coupon_place) {
                    let message = format!("The coupon of this promotion code was deleted: {}", code.code);
                    return Err(refused("coupon_expired", param, message));
                }
                stock.take(app, &code.coupon, Some(id), param, occasion)?
            }
        };
        if given.iter().any(|other: &Discount| other.coupon == discount.coupon) {
            let message = format!("The coupon {} cannot be applied more than once.", discount.coupon);
            return Err(Error::invalid(param, message));
        }
        given.push(discount);
    }
    stock.save(tx, cause, wanted, &given).await?;
    Ok(given)
}

async fn existing(
    tx: &mut Tx,
    cause: &Cause,
    id: &DiscountId,
    param: &str,
    occasion: &Occasion<'_>,
) -> Result<Discount, Error> {
    let found = if occasion.known.contains(id) {
        objects::load::<Discount>(tx, &cause.account.id, id).await?
    } else {
        None
    };
    let here = |it: &Discount| match &occasion.on {
        Holder::Invoice(invoice) => it.applies(occasion.now, invoice),
        _ => !it.is_over(occasion.now),
    };
    let found = found.map(|found| found.object).filter(here);
    found.ok_or_else(|| no_such("discount", id, param))
}

/// The coupons and codes that are asked for, locked: coupons first, each kind in the order of its ids, by everybody.
struct Stock {
    coupons: BTreeMap<CouponId, Coupon>,
    codes: BTreeMap<PromotionCodeId, PromotionCode>,
}

impl Stock {
    async fn lock(tx: &mut Tx, cause: &Cause, wanted: &[Wanted]) -> Result<Self, Error> {
        let account = &cause.account.id;
        let mut stock = Self { coupons: BTreeMap::new(), codes: BTreeMap::new() };
        let mut coupons = Vec::new();
        let mut codes = Vec::new();
        for Wanted { source, param } in wanted {
            match source {
                Source::Existing(_) => {}
                Source::Coupon(id) => coupons.push((id.clone(), param)),
                Source::Code(id) => {
                    let found = objects::load::<PromotionCode>(tx, account, id).await?;
                    let code = found.ok_or_else(|| no_such("promotion code", id, param))?.object;
                    coupons.push((code.coupon, param));
                    codes.push((id.clone(), param));
                }
            }
        }
        coupons.sort();
        coupons.dedup_by(|a, b| a.0 == b.0);
        for (id, param) in coupons {
            let found = objects::lock::<Coupon>(tx, account, &id).await?;
            let coupon = found.ok_or_else(|| no_such("coupon", &id, param))?.object;
            stock.coupons.insert(id, coupon);
        }
        codes.sort();
        codes.dedup_by(|a, b| a.0 == b.0);
        for (id, param) in codes {
            let found = objects::lock::<PromotionCode>(tx, account, &id).await?;
            let code = found.ok_or_else(|| no_such("promotion code", &id, param))?.object;
            stock.codes.insert(id, code);
        }
        Ok(stock)
    }

    /// A code that can be used by this customer now; its use is counted.
    fn code(
        &mut self,
        id: &PromotionCodeId,
        param: &str,
        occasion: &Occasion<'_>,
    ) -> Result<PromotionCode, Error> {
        let code = self.codes.get_mut(id).ok_or_else(|| no_such("promotion code", id, param))?;
        if !code.is_usable(occasion.now) {
            let message = format!("This promotion code cannot be redeemed any more: {}", code.code);
            return Err(refused("coupon_expired", param, message));
        }
        if code.customer.as_ref().is_some_and(|only| only != occasion.customer) {
            let message = "This promotion code cannot be redeemed by this customer.";
            return Err(Error::invalid(param, message));
        }
        code.times_redeemed = code.times_redeemed.saturating_add(1);
        Ok(code.clone())
    }

    /// A new discount of a coupon that can be redeemed now; that is counted.
    fn take(
        &mut self,
        app: &App,
        id: &CouponId,
        code: Option<&PromotionCodeId>,
        param: &str,
        occasion: &Occasion<'_>,
    ) -> Result<Discount, Error> {
        let coupon = self.coupons.get_mut(id).ok_or_else(|| no_such("coupon", id, param))?;
        if !coupon.is_valid(occasion.now) {
            return Err(refused("coupon_expired", param, format!("Coupon expired: {id}")));
        }
        if let Some((currency, _)) = occasion.purchase
            && coupon.terms.off_in(currency).is_none()
        {
            let message = format!("The coupon {id} takes nothing off an amount in {currency}.");
            return Err(Error::invalid(param, message));
        }
        coupon.times_redeemed = coupon.times_redeemed.saturating_add(1);
        Ok(Discount {
            id: app.ids.next(),
            customer: occasion.customer.clone(),
            on: occasion.on.clone(),
            coupon: id.clone(),
            promotion_code: code.cloned(),
            terms: coupon.terms.clone(),
            start: occasion.now,
            end: coupon.terms.duration.end(occasion.now),
            spent: None,
        })
    }

    async fn save(
        self,
        tx: &mut Tx,
        cause: &Cause,
        wanted: &[Wanted],
        given: &[Discount],
    ) -> Result<(), Error> {
        let account = &cause.account.id;
        for coupon in self.coupons.values() {
            objects::save(tx, account, coupon).await?;
        }
        for code in self.codes.values() {
            objects::save(tx, account, code).await?;
        }
        let new =
            wanted.iter().zip(given).filter(|(wanted, _)| !matches!(wanted.source, Source::Existing(_)));
        Ok(sets::insert(tx, account, new.map(|(_, discount)| discount)).await?)
    }
}

async fn check_restrictions(
    tx: &mut Tx,
    cause: &Cause,
    code: &PromotionCode,
    param: &str,
    occasion: &Occasion<'_>,
) -> Result<(), Error> {
    let restrictions = &code.restrictions;
    if restrictions.first_time && discounts::has_paid(tx, &cause.account.id, occasion.customer).await? {
        let message =
            "This promotion code cannot be redeemed because the associated customer has prior transactions.";
        return Err(Error::invalid(param, message));
    }
    if !restrictions.has_minimum() {
        return Ok(());
    }
    let Some((currency, amount)) = occasion.purchase else {
        let message =
            "This promotion code needs a purchase of a minimum amount: it cannot be put on a customer.";
        return Err(Error::invalid(param, message));
    };
    match restrictions.minimum_in(currency) {
        Ok(least) if least.is_none_or(|least| amount >= least) => Ok(()),
        Ok(_) => {
            let message = "This promotion code cannot be redeemed because the minimum amount is not reached.";
            Err(Error::invalid(param, message))
        }
        Err(_) => {
            let message = format!("This promotion code cannot be redeemed for a purchase in {currency}.");
            Err(Error::invalid(param, message))
        }
    }
}

fn no_such(noun: &'static str, id: &impl std::fmt::Display, param: &str) -> Error {
    Error::NoSuch { noun, id: id.to_string(), param: param.to_owned() }
}

fn refused(code: &'static str, param: &str, message: String) -> Error {
    Error::Invalid { code: Some(code), param: param.to_owned(), message }
}
