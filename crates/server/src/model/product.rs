//! What a merchant sells.

use onfile_core::ids::{PriceId, ProductId};
use serde::{Deserialize, Serialize};

use super::{Metadata, Object};

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// `prod_…`, or what the merchant chose.
    pub id: ProductId,
    /// Its place in lists: an id of our own, which begins with the time; the product's own id unless one was chosen.
    pub place: ProductId,
    /// Unix seconds.
    pub created: i64,
    /// Of the last change, Unix seconds.
    pub updated: i64,
    /// What customers see.
    pub name: String,
    /// Whether it can be bought.
    pub active: bool,
    /// `service` or `good`.
    pub kind: ProductKind,
    /// What customers see below the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Addresses of pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// What speaks for it, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marketing_features: Vec<String>,
    /// The merchant's pairs.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// The price that counts when none is named: active, and one of this product's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_price: Option<PriceId>,
    /// On the bank statement of those who subscribe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// What one unit is called, for example `seat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_label: Option<String>,
    /// Its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether it is sent in a parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shippable: Option<bool>,
    /// The parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_dimensions: Option<PackageDimensions>,
    /// `txcd_…`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<String>,
}

/// What kind of thing a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Done.
    Service,
    /// Handed over.
    Good,
}

/// The size of a parcel: integers of hundredths, since the wire has two decimals and nothing here is a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageDimensions {
    /// Hundredths of an inch.
    pub height: u32,
    /// Hundredths of an inch.
    pub length: u32,
    /// Hundredths of an ounce.
    pub weight: u32,
    /// Hundredths of an inch.
    pub width: u32,
}

impl Object for Product {
    type Id = ProductId;
    fn id(&self) -> &ProductId {
        &self.id
    }
}

impl Product {
    /// An active product of which only the name is known yet. `place` is an id that was just made.
    pub fn new(id: ProductId, place: ProductId, created: i64, name: String) -> Self {
        Self {
            id,
            place,
            created,
            updated: created,
            name,
            active: true,
            kind: ProductKind::Service,
            description: None,
            images: Vec::new(),
            marketing_features: Vec::new(),
            metadata: Metadata::new(),
            default_price: None,
            statement_descriptor: None,
            unit_label: None,
            url: None,
            shippable: None,
            package_dimensions: None,
            tax_code: None,
        }
    }
}
