//! Customers with their discounts, and what stands behind a discount.

use onfile_core::ids::{CouponId, DiscountId, Id, PromotionCodeId, TaxRateId};
use onfile_service::db::DbError;
use serde_json::Value;

use super::super::{coupon, customer, discount, tax_rate};
use super::Full;
use crate::model::coupon::Coupon;
use crate::model::customer::Customer;
use crate::model::discount::Discount;
use crate::model::promotion_code::PromotionCode;
use crate::model::tax_rate::TaxRate;
use crate::model::test_clock::TestClock;

impl Full<'_> {
    /// A customer with their discount, while it lasts in their own time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer(&mut self, object: &Customer) -> Result<Value, DbError> {
        let mut found = self.discount_of(object).await?;
        if found.is_some() {
            let clock = match &object.test_clock {
                Some(id) => self.load::<TestClock>(id).await?,
                None => None,
            };
            let now = clock.map_or_else(|| self.context.now.as_second(), |clock| clock.frozen_time);
            found = found.filter(|it| !it.is_over(now));
        }
        Ok(customer::customer(&self.context, object, found.as_ref()))
    }

    async fn discount_of(&mut self, object: &Customer) -> Result<Option<Discount>, DbError> {
        match &object.discount {
            Some(id) => self.load::<Discount>(id).await,
            None => Ok(None),
        }
    }

    /// The coupon with an id, as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn coupon(&mut self, id: &CouponId) -> Result<Option<Value>, DbError> {
        let found: Option<Coupon> = self.load(id).await?;
        Ok(found.map(|object| coupon::coupon(&self.context, &object)))
    }

    /// A promotion code; whether it can be used is also its coupon's matter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn promotion_code(&mut self, object: &PromotionCode) -> Result<Value, DbError> {
        let of: Option<Coupon> = self.load(&object.coupon).await?;
        let of = of.filter(|of| of.place == object.coupon_place);
        Ok(coupon::promotion_code(&self.context, object, of.as_ref()))
    }

    /// A discount, or what one is about.
    pub(super) async fn discount_by_id(&mut self, id: &str) -> Result<Option<Value>, DbError> {
        if let Some(id) = DiscountId::parse(id) {
            let found: Option<Discount> = self.load(&id).await?;
            return Ok(found.map(|object| discount::discount(&object)));
        }
        if let Some(id) = PromotionCodeId::parse(id) {
            return match self.load::<PromotionCode>(&id).await? {
                Some(object) => self.promotion_code(&object).await.map(Some),
                None => Ok(None),
            };
        }
        if let Some(id) = TaxRateId::parse(id) {
            let found: Option<TaxRate> = self.load(&id).await?;
            return Ok(found.map(|object| tax_rate::tax_rate(&self.context, &object)));
        }
        Ok(None)
    }
}
