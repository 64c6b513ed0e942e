//! The objects that Onfile keeps, as they are stored. What the API shows of them is in [`crate::render`].

pub mod account;
pub mod charge;
pub mod coupon;
pub mod customer;
pub mod discount;
pub mod dispute;
pub mod event;
pub mod event_types;
pub mod mandate;
pub mod notice;
pub mod operation;
pub mod payment_intent;
pub mod payment_method;
pub mod price;
pub mod product;
pub mod promotion_code;
pub mod refund;
pub mod setup_intent;
pub mod tax_rate;
pub mod webhook_delivery;
pub mod webhook_endpoint;

pub mod import;
pub mod invoice;
pub mod invoice_item;
pub mod run;
pub mod subscription;
pub mod test_clock;
use std::collections::BTreeMap;

/// Free key-value pairs of the merchant's.
pub type Metadata = BTreeMap<String, String>;

/// Where goods go.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Shipping {
    /// Recipient.
    pub name: Option<String>,
    /// Recipient's telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Where.
    #[serde(default)]
    pub address: onfile_core::vault_contract::Address,
    /// Who carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

/// Something kept in the database under an id of its own.
pub trait Object: serde::Serialize + serde::de::DeserializeOwned + Send + Sync {
    /// Its id's type.
    type Id: onfile_core::ids::Id;

    /// Its id.
    fn id(&self) -> &Self::Id;
}
