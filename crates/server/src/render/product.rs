//! Products.

use onfile_core::ids::{Id, ProductId};
use serde_json::{Number, Value, json};

use super::{Context, parts};
use crate::model::product::{PackageDimensions, Product, ProductKind};

/// A product.
pub fn product(context: &Context<'_>, product: &Product) -> Value {
    let features: Vec<Value> =
        product.marketing_features.iter().map(|name| json!({ "name": name })).collect();
    let tax = |code: &String| json!({ "performance_location": null, "tax_code": code });
    json!({
        "id": product.id.as_str(),
        "object": "product",
        "active": product.active,
        "created": product.created,
        "default_price": product.default_price.as_ref().map(Id::as_str),
        "description": product.description,
        "images": product.images,
        "livemode": context.account.livemode,
        "marketing_features": features,
        "metadata": parts::metadata(&product.metadata),
        "name": product.name,
        "package_dimensions": product.package_dimensions.map(package),
        "shippable": product.shippable,
        "statement_descriptor": product.statement_descriptor,
        "tax_code": product.tax_code,
        "tax_details": product.tax_code.as_ref().map(tax),
        "type": kind(product.kind),
        "unit_label": product.unit_label,
        "updated": product.updated,
        "url": product.url,
    })
}

/// What is left to say of a deleted product.
pub fn deleted(id: &ProductId) -> Value {
    json!({ "id": id.as_str(), "object": "product", "deleted": true })
}

/// The word on the wire.
fn kind(kind: ProductKind) -> &'static str {
    match kind {
        ProductKind::Service => "service",
        ProductKind::Good => "good",
    }
}

fn package(package: PackageDimensions) -> Value {
    json!({
        "height": hundredths(package.height),
        "length": hundredths(package.length),
        "weight": hundredths(package.weight),
        "width": hundredths(package.width),
    })
}

/// 1250 as the number 12.5, 1200 as 12.
fn hundredths(value: u32) -> Option<Number> {
    if value.is_multiple_of(100) {
        return Some((value / 100).into());
    }
    format!("{}.{:02}", value / 100, value % 100).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::hundredths;

    #[test]
    fn hundredths_are_written_as_numbers() {
        for (value, want) in [(1, "0.01"), (10, "0.1"), (1200, "12"), (1250, "12.5"), (9_999_999, "99999.99")]
        {
            assert_eq!(hundredths(value).unwrap().to_string(), want);
        }
    }
}
