//! Prices.

use onfile_core::currency::Currency;
use onfile_core::ids::{Id, PriceId, ProductId};
use onfile_core::interval::Interval;
use onfile_service::db::{DbError, Param, Tx};

use super::intent_params::currency;
use super::price_params::{self, LOOKUP_KEY_MAX};
use super::{catalog, expanded, listed, missing, product_params};
use crate::model::price::{Price, TaxBehavior};
use crate::render;
use crate::render::full::Full;
use crate::store::objects;
use crate::store::pages::{self, LOOKUP_KEYS_MAX, Page, Window};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::window;
use crate::wire::params::{Given, Params};

/// Of what a new price is.
enum Of {
    /// Of a product that is there.
    Existing(ProductId),
    /// Of one that is made along with it.
    New(Box<product_params::NewProduct>),
}

/// `POST /v1/prices`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    price_params::billing_scheme(&mut call.params)?;
    let terms = price_params::terms(&mut call.params)?;
    let patch = price_params::patch(&mut call.params)?;
    let of = product(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::Price)?;
    call.finish()?;
    let transfer = patch.transfer_lookup_key;
    let mut tx = call.app.db.begin().await?;
    let product = match of {
        Of::Existing(id) => {
            let found = catalog::lock_product(&mut tx, &call, &id).await?;
            found.ok_or_else(|| ApiError::no_such("product", &id, "product"))?.object
        }
        Of::New(new) => {
            let product = new.make(&call.app)?;
            catalog::insert_product(&mut tx, &call, &product, "product_data[id]").await?;
            product
        }
    };
    let mut price = terms.price(call.app.ids.next(), call.app.now_seconds(), product.id)?;
    patch.apply(&mut price);
    catalog::insert_price(&mut tx, &call, &price, transfer).await?;
    finish(call, tx, &price, &expand).await
}

fn product(params: &mut Params) -> Result<Of, ApiError> {
    let named: Option<ProductId> = params.id("product", "product")?;
    let data = params.group("product_data")?.map(product_params::data).transpose()?;
    match (named, data) {
        (Some(id), None) => Ok(Of::Existing(id)),
        (None, Some(new)) => Ok(Of::New(Box::new(new))),
        (None, None) => {
            let message = "You must specify either `product` or `product_data` when creating a price.";
            Err(ApiError::invalid("product", "parameter_missing", message))
        }
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: product, product_data.";
            Err(ApiError::invalid("product_data", "parameters_exclusive", message))
        }
    }
}

/// `GET /v1/prices/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: PriceId = call.id("id", "price", "id")?;
    let expand = Expand::of(&mut call.params, Kind::Price)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let rendered = Full::new(&mut tx, call.rendering()).by_id(id.as_str()).await?;
    let rendered = rendered.ok_or_else(|| missing(&id, "price", "id"))?;
    Ok(Answer::new(expanded(&call, &mut tx, rendered, &expand).await?))
}

/// `POST /v1/prices/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: PriceId = call.id("id", "price", "id")?;
    let patch = price_params::patch(&mut call.params)?;
    let metadata = call.params.metadata()?;
    let tax_behavior = price_params::tax_behavior(&mut call.params)?;
    let expand = Expand::of(&mut call.params, Kind::Price)?;
    call.finish()?;
    let transfer = patch.transfer_lookup_key;
    let mut tx = call.app.db.begin().await?;
    if patch.active == Some(false) {
        refuse_default(&mut tx, &call, &id).await?;
    }
    let locked = objects::lock::<Price>(&mut tx, &call.merchant.account.id, &id).await?;
    let mut price = locked.ok_or_else(|| missing(&id, "price", "id"))?;
    patch.apply(&mut price.object);
    metadata.apply(&mut price.object.metadata)?;
    if let Some(behavior) = tax_behavior {
        change_tax(&mut price.object, behavior)?;
    }
    catalog::save_price(&mut tx, &call, &price, transfer).await?;
    finish(call, tx, &price.object, &expand).await
}

/// The default price of a product stays active. The product is locked first, so that it cannot become the default now.
async fn refuse_default(tx: &mut Tx, call: &Call, id: &PriceId) -> Result<(), ApiError> {
    let found = objects::load::<Price>(tx, &call.merchant.account.id, id).await?;
    let of = found.ok_or_else(|| missing(id, "price", "id"))?.object.product;
    let product = catalog::lock_product(tx, call, &of).await?;
    let product =
        product.ok_or_else(|| DbError::Inconsistent(format!("{of}, the product of {id}, is gone")))?;
    if product.object.default_price.as_ref() != Some(id) {
        return Ok(());
    }
    let message = "This price cannot be archived because it is the default price of its product.";
    Err(ApiError::invalid("active", None, message))
}

fn change_tax(price: &mut Price, behavior: TaxBehavior) -> Result<(), ApiError> {
    if price.tax_behavior != TaxBehavior::Unspecified && price.tax_behavior != behavior {
        let message = format!(
            "The `tax_behavior` of this price is {} already and cannot be changed. Create another price instead.",
            price.tax_behavior.as_str()
        );
        return Err(ApiError::invalid("tax_behavior", None, message));
    }
    price.tax_behavior = behavior;
    Ok(())
}

/// Which prices are wanted.
struct Filter {
    active: Option<bool>,
    currency: Option<Currency>,
    kind: Option<&'static str>,
    interval: Option<Interval>,
    product: Option<ProductId>,
    lookup_keys: Vec<String>,
}

/// `GET /v1/prices`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = window::<PriceId>(&mut call.params, "price", true)?;
    let filter = filter(&mut call.params)?;
    let expand = Expand::of_list(&mut call.params, Kind::Price)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let page = filter.read(&mut tx, &call, &window).await?;
    let data = page.objects.iter().map(|price| render::price::price(&call.rendering(), price)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}

fn filter(params: &mut Params) -> Result<Filter, ApiError> {
    let mut kind = params.word("type", &["one_time", "recurring"])?;
    let mut interval = None;
    if let Some(mut group) = params.group("recurring")? {
        interval = price_params::interval(&mut group)?;
        // All that recurs is licensed.
        if price_params::usage_type(&mut group)? && kind.replace("recurring") == Some("one_time") {
            let message = "What is paid once has no usage_type.";
            return Err(ApiError::invalid(group.name("usage_type"), "parameters_exclusive", message));
        }
        group.finish()?;
    }
    let lookup_keys = match params.texts("lookup_keys", LOOKUP_KEY_MAX)? {
        Given::Set(keys) if keys.len() > LOOKUP_KEYS_MAX => {
            let message = format!("You can filter by up to {LOOKUP_KEYS_MAX} lookup keys at a time.");
            return Err(ApiError::invalid("lookup_keys", None, message));
        }
        given => given.value().unwrap_or_default(),
    };
    Ok(Filter {
        active: params.boolean("active")?,
        currency: currency(params)?,
        kind,
        interval,
        product: params.id("product", "product")?,
        lookup_keys,
    })
}

impl Filter {
    async fn read(&self, tx: &mut Tx, call: &Call, window: &Window) -> Result<Page<Price>, ApiError> {
        let mut values: Vec<Param<'_>> = vec![
            self.active.into(),
            self.currency.map(Currency::as_str).into(),
            self.kind.into(),
            self.interval.map(Interval::as_str).into(),
        ];
        let product = self.product.as_ref().map(Id::as_str);
        let listing = match (self.lookup_keys.last(), product) {
            (Some(last), _) => {
                values.push(product.into());
                let keys = self.lookup_keys.iter().chain(std::iter::repeat(last)).take(LOOKUP_KEYS_MAX);
                values.extend(keys.map(Param::from));
                pages::PRICES_BY_LOOKUP_KEY
            }
            (None, Some(product)) => {
                values.push(product.into());
                pages::PRICES_OF_PRODUCT
            }
            (None, None) => pages::PRICES,
        };
        let account = &call.merchant.account.id;
        Ok(pages::objects(pages::filtered(tx, account, listing, window, &values).await?)?)
    }
}

async fn finish(call: Call, mut tx: Tx, price: &Price, expand: &Expand) -> Result<Answer, ApiError> {
    let rendered = render::price::price(&call.rendering(), price);
    let body = expanded(&call, &mut tx, rendered, expand).await?;
    call.commit(tx, price.id.as_str(), body).await
}
