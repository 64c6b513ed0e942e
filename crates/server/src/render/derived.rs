//! What has no row of its own: it is made of other objects when it is asked for.

use onfile_core::ids::{
    BalanceTransactionId, ChargeId, DisputeId, Id, InvoiceId, InvoiceItemId, InvoicePaymentId, PriceId,
    ProductId, RefundId, counterpart,
};
use onfile_service::db::DbError;
use serde_json::{Value, json};

use super::full::Full;
use super::{balance_transaction, invoice, product, refund};
use crate::model::charge::Charge;
use crate::model::dispute::Dispute;
use crate::model::invoice::Invoice;
use crate::model::invoice_item::InvoiceItem;
use crate::model::payment_intent::PaymentIntent;
use crate::model::product::Product;
use crate::model::refund::Refund;
use crate::model::subscription::Subscription;
use crate::store::pages::{self, Window};

/// What an amount without a description is called as a product.
const UNNAMED: &str = "Invoice item";

/// How many objects a list within an object shows, as Stripe does; the list's own address has the rest.
const INNER_LIST_MAX: u32 = 10;

impl Full<'_> {
    /// What an id names that has no row of its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn derived_by_id(&mut self, id: &str) -> Result<Option<Value>, DbError> {
        if let Some(id) = BalanceTransactionId::parse(id) {
            return self.balance_transaction(&id).await;
        }
        let Some(id) = InvoicePaymentId::parse(id) else { return Ok(None) };
        let found: Option<Invoice> = self.load(&counterpart::<_, InvoiceId>(&id)).await?;
        Ok(found.and_then(|of| of.payment.as_ref().map(|it| invoice::payment(&self.context, &of, it))))
    }

    async fn balance_transaction(&mut self, id: &BalanceTransactionId) -> Result<Option<Value>, DbError> {
        if let Some(charge) = self.load::<Charge>(&counterpart::<_, ChargeId>(id)).await? {
            return Ok(balance_transaction::of_charge(&self.context, &charge));
        }
        if let Some(refund) = self.load::<Refund>(&counterpart::<_, RefundId>(id)).await? {
            return Ok(balance_transaction::of_refund(&self.context, &refund));
        }
        let dispute = self.load::<Dispute>(&counterpart::<_, DisputeId>(id)).await?;
        Ok(dispute.map(|dispute| balance_transaction::of_dispute(&self.context, &dispute)))
    }

    /// The inactive price of an amount that was billed without one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn price_of_item(&mut self, id: &PriceId) -> Result<Option<Value>, DbError> {
        let found = self.load::<InvoiceItem>(&counterpart::<_, InvoiceItemId>(id)).await?;
        Ok(found.filter(|item| item.price.is_none()).map(|item| {
            json!({
                "id": id.as_str(),
                "object": "price",
                "active": false,
                "billing_scheme": "per_unit",
                "created": item.date,
                "currency": item.currency.as_str(),
                "custom_unit_amount": null,
                "livemode": self.context.account.livemode,
                "lookup_key": null,
                "metadata": {},
                "nickname": null,
                "product": counterpart::<_, ProductId>(id).as_str(),
                "recurring": null,
                "tax_behavior": "unspecified",
                "tiers_mode": null,
                "transform_quantity": null,
                "type": "one_time",
                "unit_amount": item.amount,
                "unit_amount_decimal": item.unit_amount_decimal,
            })
        }))
    }

    /// The inactive product of an amount that was billed without a price.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn product_of_item(&mut self, id: &ProductId) -> Result<Option<Value>, DbError> {
        let Some(item) = InvoiceItemId::parse(counterpart::<_, InvoiceItemId>(id).as_str()) else {
            return Ok(None);
        };
        let found = self.load::<InvoiceItem>(&item).await?.filter(|item| item.price.is_none());
        Ok(found.map(|item| {
            let name = item.description.unwrap_or_else(|| UNNAMED.to_owned());
            let mut made = Product::new(id.clone(), id.clone(), item.date, name);
            made.active = false;
            product::product(&self.context, &made)
        }))
    }

    /// What lets a browser pay an invoice that is final.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirmation_secret(&mut self, invoice: &str) -> Result<Option<Value>, DbError> {
        let Some(id) = InvoiceId::parse(invoice) else { return Ok(None) };
        let Some(of) = self.load::<Invoice>(&id).await? else { return Ok(None) };
        let Some(intent) = of.intent() else { return Ok(Some(Value::Null)) };
        let found = self.load::<PaymentIntent>(intent).await?;
        Ok(Some(found.map_or(
            Value::Null,
            |intent| json!({ "client_secret": intent.client_secret, "type": "payment_intent" }),
        )))
    }

    /// The newest refunds of a charge, as the list within it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refunds_of(&mut self, charge: &str) -> Result<Option<Value>, DbError> {
        let window = Window::newest(INNER_LIST_MAX);
        let page = pages::page::<Refund>(self.tx, &self.context.account.id, &window, Some(charge)).await?;
        let data = page.objects.iter().map(|it| refund::refund(&self.context, it)).collect();
        Ok(Some(inner_list(data, page.has_more, format!("/v1/charges/{charge}/refunds"))))
    }

    /// A customer's newest agreements that are in force, as the list within the customer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscriptions_of(&mut self, customer: &str) -> Result<Option<Value>, DbError> {
        let window = Window::newest(INNER_LIST_MAX);
        let account = &self.context.account.id;
        let page: pages::Page<Subscription> =
            pages::subscriptions(self.tx, account, &window, Some(customer), None).await?;
        let mut data = Vec::with_capacity(page.objects.len());
        for it in &page.objects {
            data.push(self.subscription(it).await?);
        }
        Ok(Some(inner_list(data, page.has_more, format!("/v1/customers/{customer}/subscriptions"))))
    }
}

/// Where a customer is for taxes: Onfile works out no taxes, so it looks nothing up.
pub fn tax() -> Value {
    json!({ "automatic_tax": "unrecognized_location", "ip_address": null, "location": null, "provider": "stripe" })
}

/// A list within a customer of what Onfile does not have.
pub fn nothing_of(customer: &str, what: &str) -> Value {
    inner_list(Vec::new(), false, format!("/v1/customers/{customer}/{what}"))
}

fn inner_list(data: Vec<Value>, has_more: bool, url: String) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}
