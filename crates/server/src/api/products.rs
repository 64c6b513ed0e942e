//! Products.

use onfile_core::ids::{ID_LEN_MAX, Id, PriceId, ProductId};
use onfile_service::db::{Param, Tx};

use super::{catalog, expanded, listed, missing, price_params, product_params};
use crate::model::price::Price;
use crate::model::product::{Product, ProductKind};
use crate::render;
use crate::render::full::Full;
use crate::store::objects::{self, Versioned};
use crate::store::pages::{self, Page, Window};
use crate::wire::call::{Answer, Call};
use crate::wire::error::ApiError;
use crate::wire::expand::{Expand, Kind};
use crate::wire::list::unplaced;
use crate::wire::params::{Given, TEXT_MAX};

/// `POST /v1/products`
pub async fn create(mut call: Call) -> Result<Answer, ApiError> {
    let new = product_params::new(&mut call.params)?;
    let good = call.params.word("type", &["service", "good"])? == Some("good");
    let terms = match call.params.group("default_price_data")? {
        Some(mut group) => {
            let terms = price_params::terms(&mut group)?;
            group.finish()?;
            Some(terms)
        }
        None => None,
    };
    let expand = Expand::of(&mut call.params, Kind::Product)?;
    call.finish()?;
    let mut product = new.make(&call.app)?;
    product.kind = if good { ProductKind::Good } else { ProductKind::Service };
    let price = terms.map(|terms| terms.price(call.app.ids.next(), product.created, product.id.clone()));
    let price = price.transpose()?;
    product.default_price = price.as_ref().map(|price| price.id.clone());
    let mut tx = call.app.db.begin().await?;
    catalog::insert_product(&mut tx, &call, &product, "id").await?;
    if let Some(price) = &price {
        catalog::insert_price(&mut tx, &call, price, false).await?;
    }
    finish(call, tx, &product, &expand).await
}

/// `GET /v1/products/{id}`
pub async fn retrieve(mut call: Call) -> Result<Answer, ApiError> {
    let id: ProductId = call.id("id", "product", "id")?;
    let expand = Expand::of(&mut call.params, Kind::Product)?;
    call.finish()?;
    let mut tx = call.app.db.read().await?;
    let rendered = Full::new(&mut tx, call.rendering()).product(&id).await?;
    let rendered = rendered.ok_or_else(|| missing(&id, "product", "id"))?;
    Ok(Answer::new(expanded(&call, &mut tx, rendered, &expand).await?))
}

/// `POST /v1/products/{id}`
pub async fn update(mut call: Call) -> Result<Answer, ApiError> {
    let id: ProductId = call.id("id", "product", "id")?;
    let patch = product_params::patch(&mut call.params)?;
    let default_price: Given<PriceId> = call.params.id_or_unset("default_price", "price")?;
    let expand = Expand::of(&mut call.params, Kind::Product)?;
    call.finish()?;
    let mut tx = call.app.db.begin().await?;
    let mut product = lock(&mut tx, &call, &id).await?;
    if let Given::Set(price) = &default_price {
        check_default(&mut tx, &call, &id, price).await?;
    }
    patch.apply(&mut product.object)?;
    default_price.apply(&mut product.object.default_price);
    product.object.updated = call.app.now_seconds();
    objects::save(&mut tx, &call.merchant.account.id, &product.object).await?;
    catalog::tell_product(&mut tx, &call, "product.updated", &product).await?;
    finish(call, tx, &product.object, &expand).await
}

/// A default price is an active one of the product's own. Whoever archives a price locks its product first.
async fn check_default(tx: &mut Tx, call: &Call, id: &ProductId, price: &PriceId) -> Result<(), ApiError> {
    let found = objects::load::<Price>(tx, &call.merchant.account.id, price).await?;
    let message = match found.map(|found| found.object) {
        None => return Err(ApiError::no_such("price", price, "default_price")),
        Some(found) if found.product != *id => format!("The price {price} belongs to another product."),
        Some(found) if !found.active => {
            "The price specified is inactive. This field only accepts active prices.".to_owned()
        }
        Some(_) => return Ok(()),
    };
    Err(ApiError::invalid("default_price", None, message))
}

/// `DELETE /v1/products/{id}`: only where nothing was ever priced, since prices name their product for ever.
pub async fn delete(mut call: Call) -> Result<Answer, ApiError> {
    let id: ProductId = call.id("id", "product", "id")?;
    call.finish()?;
    let account = &call.merchant.account.id;
    let mut tx = call.app.db.begin().await?;
    let product = lock(&mut tx, &call, &id).await?;
    if crate::store::catalog::has_prices(&mut tx, account, &id).await? {
        let message = "This product cannot be deleted because it has one or more user-created prices.";
        return Err(ApiError::invalid("", None, message));
    }
    objects::delete::<Product>(&mut tx, account, &id).await?;
    catalog::tell_product(&mut tx, &call, "product.deleted", &product).await?;
    tx.commit().await?;
    Ok(Answer::new(render::product::deleted(&id)))
}

/// Which products are wanted.
struct Filter {
    active: Option<bool>,
    shippable: Option<bool>,
    url: Option<String>,
    ids: Given<Vec<String>>,
}

/// `GET /v1/products`
pub async fn list(mut call: Call) -> Result<Answer, ApiError> {
    let window = unplaced::<ProductId>(&mut call.params, "product", true)?;
    let filter = Filter {
        active: call.params.boolean("active")?,
        shippable: call.params.boolean("shippable")?,
        url: call.params.text("url", TEXT_MAX)?,
        ids: call.params.texts("ids", ID_LEN_MAX)?,
    };
    let expand = Expand::of_list(&mut call.params, Kind::Product)?;
    call.finish()?;
    if filter.ids.is_given() && window.cursor.is_some() {
        let message = "You cannot use ids with starting_after or ending_before.";
        return Err(ApiError::invalid("ids", "parameters_exclusive", message));
    }
    let mut tx = call.app.db.read().await?;
    let window = placed(&mut tx, &call, window).await?;
    let page = match &filter.ids {
        Given::Set(ids) => named(&mut tx, &call, &window, &filter, ids).await?,
        Given::Absent | Given::Unset => {
            let values: [Param<'_>; 3] =
                [filter.active.into(), filter.shippable.into(), filter.url.as_deref().into()];
            let account = &call.merchant.account.id;
            pages::objects(pages::filtered(&mut tx, account, pages::PRODUCTS, &window, &values).await?)?
        }
    };
    let data =
        page.objects.iter().map(|product| render::product::product(&call.rendering(), product)).collect();
    listed(&call, &mut tx, &page, data, &expand).await
}

/// Products have places of their own in lists: the cursor's is looked up.
async fn placed(tx: &mut Tx, call: &Call, window: Window) -> Result<Window, ApiError> {
    let Some(cursor) = window.cursor.clone() else { return Ok(window) };
    let found = match ProductId::parse(&cursor.id) {
        Some(id) => objects::load::<Product>(tx, &call.merchant.account.id, &id).await?,
        None => None,
    };
    let found = found.ok_or_else(|| ApiError::no_such(&cursor.noun, &cursor.id, cursor.param))?;
    Ok(window.beyond(found.object.place.as_str()))
}

/// Those of at most a hundred named products that the filter and the window let through, newest first.
async fn named(
    tx: &mut Tx,
    call: &Call,
    window: &Window,
    filter: &Filter,
    ids: &[String],
) -> Result<Page<Product>, ApiError> {
    let mut objects = Vec::new();
    for id in ids.iter().filter_map(|id| ProductId::parse(id)) {
        let found = objects::load::<Product>(tx, &call.merchant.account.id, &id).await?;
        objects.extend(found.map(|found| found.object).filter(|product| filter.wants(product)));
    }
    objects.retain(|product| {
        let place = product.place.as_str();
        window.low.as_str() < place && place < window.high.as_str()
    });
    objects.sort_by(|a, b| b.place.cmp(&a.place));
    objects.dedup_by(|a, b| a.id == b.id);
    let limit = usize::try_from(window.limit).unwrap_or(1);
    let has_more = objects.len() > limit;
    objects.truncate(limit);
    Ok(Page { objects, has_more, unknown: None })
}

impl Filter {
    fn wants(&self, product: &Product) -> bool {
        self.active.is_none_or(|active| product.active == active)
            && self.shippable.is_none_or(|shippable| product.shippable.unwrap_or(false) == shippable)
            && self.url.as_deref().is_none_or(|url| product.url.as_deref() == Some(url))
    }
}

async fn lock(tx: &mut Tx, call: &Call, id: &ProductId) -> Result<Versioned<Product>, ApiError> {
    catalog::lock_product(tx, call, id).await?.ok_or_else(|| missing(id, "product", "id"))
}

async fn finish(call: Call, mut tx: Tx, product: &Product, expand: &Expand) -> Result<Answer, ApiError> {
    let rendered = render::product::product(&call.rendering(), product);
    let body = expanded(&call, &mut tx, rendered, expand).await?;
    call.commit(tx, product.id.as_str(), body).await
}
