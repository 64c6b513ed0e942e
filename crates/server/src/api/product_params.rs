//! What requests say of products.

use onfile_core::ids::{ID_LEN_MAX, Id, ProductId};

use super::intent_params::descriptor;
use crate::app::App;
use crate::model::product::{PackageDimensions, Product};
use crate::wire::error::{ApiError, quoted};
use crate::wire::params::{Given, MetadataPatch, Params, TEXT_MAX};

/// Stripe's limits.
const DESCRIPTION_MAX: usize = 40_000;
const UNIT_LABEL_MAX: usize = 12;
const FEATURE_MAX: usize = 80;
const FEATURES_MAX: usize = 15;
const IMAGES_MAX: usize = 8;
const URL_MAX: usize = 2_048;
/// The largest measure of a parcel, in whole inches or ounces.
const MEASURE_MAX: u32 = 99_999;
/// What stands after `/v1/products/` and is no product.
const RESERVED: &str = "search";

/// What is said of a product that may be there already.
#[derive(Debug, Default)]
pub struct Patch {
    name: Option<String>,
    active: Option<bool>,
    description: Given<String>,
    images: Given<Vec<String>>,
    marketing_features: Given<Vec<String>>,
    metadata: MetadataPatch,
    statement_descriptor: Given<String>,
    unit_label: Given<String>,
    url: Given<String>,
    shippable: Option<bool>,
    package_dimensions: Given<PackageDimensions>,
    tax_code: Given<String>,
}

/// What is said of a new one.
#[derive(Debug)]
pub struct NewProduct {
    id: Option<ProductId>,
    name: String,
    patch: Patch,
}

/// All that can be changed.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn patch(params: &mut Params) -> Result<Patch, ApiError> {
    let feature = |group: &mut Params| group.required_text("name", FEATURE_MAX);
    Ok(Patch {
        description: params.text_or_unset("description", DESCRIPTION_MAX)?,
        images: images(params)?,
        marketing_features: params.groups("marketing_features", FEATURES_MAX, feature)?,
        url: url(params)?,
        shippable: params.boolean("shippable")?,
        package_dimensions: package_dimensions(params)?,
        ..inner(params)?
    })
}

/// A new product with all that can be said of it.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn new(params: &mut Params) -> Result<NewProduct, ApiError> {
    let id = chosen_id(params)?;
    let patch = patch(params)?;
    named(id, patch, params)
}

/// `product_data`: a new product that comes with its first price.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn data(mut group: Params) -> Result<NewProduct, ApiError> {
    let id = chosen_id(&mut group)?;
    let patch = inner(&mut group)?;
    let new = named(id, patch, &group)?;
    group.finish()?;
    Ok(new)
}

fn named(id: Option<ProductId>, mut patch: Patch, params: &Params) -> Result<NewProduct, ApiError> {
    let name = patch.name.take().ok_or_else(|| ApiError::missing(params.name("name")))?;
    Ok(NewProduct { id, name, patch })
}

/// What `product_data` has too.
fn inner(params: &mut Params) -> Result<Patch, ApiError> {
    Ok(Patch {
        name: params.text("name", TEXT_MAX)?,
        active: params.boolean("active")?,
        metadata: params.metadata()?,
        statement_descriptor: descriptor(params, "statement_descriptor")?,
        unit_label: params.text_or_unset("unit_label", UNIT_LABEL_MAX)?,
        tax_code: tax_code(params)?,
        ..Patch::default()
    })
}

impl NewProduct {
    /// Makes it.
    ///
    /// # Errors
    /// More metadata than there may be.
    pub fn make(self, app: &App) -> Result<Product, ApiError> {
        let place: ProductId = app.ids.next();
        let id = self.id.unwrap_or_else(|| place.clone());
        let mut product = Product::new(id, place, app.now_seconds(), self.name);
        self.patch.apply(&mut product)?;
        Ok(product)
    }
}

impl Patch {
    /// Applies it.
    ///
    /// # Errors
    /// More metadata than there may be.
    pub fn apply(self, product: &mut Product) -> Result<(), ApiError> {
        product.name = self.name.unwrap_or_else(|| std::mem::take(&mut product.name));
        product.active = self.active.unwrap_or(product.active);
        product.shippable = self.shippable.or(product.shippable);
        self.description.apply(&mut product.description);
        self.metadata.apply(&mut product.metadata)?;
        self.statement_descriptor.apply(&mut product.statement_descriptor);
        self.unit_label.apply(&mut product.unit_label);
        self.url.apply(&mut product.url);
        self.package_dimensions.apply(&mut product.package_dimensions);
        self.tax_code.apply(&mut product.tax_code);
        for (given, list) in
            [(self.images, &mut product.images), (self.marketing_features, &mut product.marketing_features)]
        {
            if given.is_given() {
                *list = given.value().unwrap_or_default();
            }
        }
        Ok(())
    }
}

fn chosen_id(params: &mut Params) -> Result<Option<ProductId>, ApiError> {
    let Some(text) = params.text("id", ID_LEN_MAX)? else { return Ok(None) };
    let id = ProductId::parse(&text).filter(|id| id.as_str() != RESERVED);
    let message = "Invalid product id: use letters, digits, underscores, hyphens and dots.";
    id.map(Some).ok_or_else(|| ApiError::invalid(params.name("id"), None, message))
}

/// An address that a page can link to. Anything but http could be a program.
fn is_web_address(text: &str) -> bool {
    let scheme = text
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)));
    let host = scheme.and_then(|(_, rest)| rest.chars().next());
    host.is_some_and(char::is_alphanumeric) && text.chars().all(|c| c.is_ascii_graphic())
}

fn not_an_address(param: String) -> ApiError {
    let message = "Not a valid URL: it must be absolute, for example https://shop.example/gold.";
    ApiError::invalid(param, "url_invalid", message)
}

fn url(params: &mut Params) -> Result<Given<String>, ApiError> {
    match params.text_or_unset("url", URL_MAX)? {
        Given::Set(text) if !is_web_address(&text) => Err(not_an_address(params.name("url"))),
        given => Ok(given),
    }
}

fn images(params: &mut Params) -> Result<Given<Vec<String>>, ApiError> {
    let given = params.texts("images", URL_MAX)?;
    if let Given::Set(images) = &given {
        if images.len() > IMAGES_MAX {
            let message = format!("A product may have at most {IMAGES_MAX} images.");
            return Err(ApiError::invalid(params.name("images"), None, message));
        }
        if !images.iter().all(|image| is_web_address(image)) {
            return Err(not_an_address(params.name("images")));
        }
    }
    Ok(given)
}

/// `tax_code`, or `tax_details[tax_code]`, as it is called of late.
fn tax_code(params: &mut Params) -> Result<Given<String>, ApiError> {
    let own = tax_code_itself(params)?;
    let details = match params.group_or_unset("tax_details")? {
        Given::Absent => return Ok(own),
        Given::Unset => Given::Unset,
        Given::Set(mut group) => {
            let code = tax_code_itself(&mut group)?;
            group.finish()?;
            code
        }
    };
    if own.is_given() {
        let message = "You may only specify one of these parameters: tax_code, tax_details.";
        return Err(ApiError::invalid(params.name("tax_details"), "parameters_exclusive", message));
    }
    Ok(details)
}

fn tax_code_itself(params: &mut Params) -> Result<Given<String>, ApiError> {
    let given = params.text_or_unset("tax_code", ID_LEN_MAX)?;
    if let Given::Set(code) = &given {
        let number = code.strip_prefix("txcd_").unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ApiError::no_such("tax code", code, params.name("tax_code")));
        }
    }
    Ok(given)
}

fn package_dimensions(params: &mut Params) -> Result<Given<PackageDimensions>, ApiError> {
    let mut group = match params.group_or_unset("package_dimensions")? {
        Given::Absent => return Ok(Given::Absent),
        Given::Unset => return Ok(Given::Unset),
        Given::Set(group) => group,
    };
    let dimensions = PackageDimensions {
        height: hundredths(&mut group, "height")?,
        length: hundredths(&mut group, "length")?,
        weight: hundredths(&mut group, "weight")?,
        width: hundredths(&mut group, "width")?,
    };
    group.finish()?;
    Ok(Given::Set(dimensions))
}

/// `12.5` as 1250.
fn hundredths(params: &mut Params, name: &str) -> Result<u32, ApiError> {
    let text = params.required_text(name, TEXT_MAX)?;
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "0"));
    let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let cut = decimals.trim_end_matches('0');
    let measured = plain(whole) && plain(decimals) && cut.len() <= 2;
    let whole = whole.parse::<u32>().ok().filter(|whole| measured && *whole <= MEASURE_MAX);
    let below = format!("{cut:0<2}").parse::<u32>().ok();
    whole.zip(below).map(|(whole, below)| whole * 100 + below).ok_or_else(|| {
        let message = format!(
            "Invalid decimal: {}; it must be between 0 and {MEASURE_MAX}.99 with at most 2 decimal places.",
            quoted(&text)
        );
        ApiError::invalid(params.name(name), None, message)
    })
}
