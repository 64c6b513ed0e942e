//! Parameters with a shape of their own: metadata, addresses, shipping, ranges of time.

use onfile_core::vault_contract::Address;

use super::error::ApiError;
use super::form::Node;
use super::params::{Given, Params};
use crate::model::{Metadata, Shipping};

/// Stripe's limits on metadata.
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_MAX: usize = 40;
const METADATA_VALUE_MAX: usize = 500;
/// The longest part of an address, or name.
const ADDRESS_TEXT_MAX: usize = 500;

/// What a request says of metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataPatch {
    /// `metadata=`: all pairs go first.
    pub clear: bool,
    /// New pairs; an empty value deletes its key.
    pub pairs: Vec<(String, String)>,
}

impl MetadataPatch {
    /// Applies it.
    ///
    /// # Errors
    /// When there would be more than 50 keys.
    pub fn apply(self, metadata: &mut Metadata) -> Result<(), ApiError> {
        if self.clear {
            metadata.clear();
        }
        for (key, value) in self.pairs {
            if value.is_empty() {
                metadata.remove(&key);
            } else {
                metadata.insert(key, value);
            }
        }
        if metadata.len() <= METADATA_KEYS_MAX { Ok(()) } else { Err(too_many_keys(metadata.len())) }
    }

    /// The metadata of a new object.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn into_new(self) -> Result<Metadata, ApiError> {
        let mut metadata = Metadata::new();
        self.apply(&mut metadata)?;
        Ok(metadata)
    }
}

/// Seconds from which, and until which, something was created; both inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// The first second.
    pub from: Option<i64>,
    /// The last second.
    pub until: Option<i64>,
}

impl Params {
    /// `metadata[…]`, or `metadata=` to empty it.
    ///
    /// # Errors
    /// Keys over 40 or values over 500 characters, and pairs that are objects.
    pub fn metadata(&mut self) -> Result<MetadataPatch, ApiError> {
        let mut group = match self.group_or_unset("metadata")? {
            Given::Absent => return Ok(MetadataPatch::default()),
            Given::Unset => return Ok(MetadataPatch { clear: true, pairs: Vec::new() }),
            Given::Set(group) => group,
        };
        let sent = group.drain();
        if sent.len() > METADATA_KEYS_MAX {
            return Err(too_many_keys(sent.len()));
        }
        let mut pairs = Vec::with_capacity(sent.len());
        for (key, node) in sent {
            let name = group.name(&key);
            let Node::Text(value) = node else {
                return Err(ApiError::invalid(name, None, "Metadata values must be texts."));
            };
            check_metadata(&name, &key, &value)?;
            pairs.push((key, value));
        }
        Ok(MetadataPatch { clear: false, pairs })
    }

    /// An address; unset parts are null.
    ///
    /// # Errors
    /// Unknown parts, over-long texts, and a country that is not two capital letters.
    pub fn address(&mut self, name: &str) -> Result<Given<Address>, ApiError> {
        let mut group = match self.group_or_unset(name)? {
            Given::Absent => return Ok(Given::Absent),
            Given::Unset => return Ok(Given::Unset),
            Given::Set(group) => group,
        };
        let mut part = |name: &str| group.text_or_unset(name, ADDRESS_TEXT_MAX).map(Given::value);
        let address = Address {
            line1: part("line1")?,
            line2: part("line2")?,
            city: part("city")?,
            state: part("state")?,
            postal_code: part("postal_code")?,
            country: part("country")?,
        };
        if let Some(country) = &address.country
            && !(country.len() == 2 && country.bytes().all(|b| b.is_ascii_alphabetic()))
        {
            let message = "Country must be a two-letter code such as US (ISO 3166-1 alpha-2).";
            return Err(ApiError::invalid(group.name("country"), None, message));
        }
        group.finish()?;
        Ok(Given::Set(address))
    }

    /// A shipping address with its recipient.
    ///
    /// # Errors
    /// As [`Self::address`]; the name is required.
    pub fn shipping(&mut self) -> Result<Given<Shipping>, ApiError> {
        let mut group = match self.group_or_unset("shipping")? {
            Given::Absent => return Ok(Given::Absent),
            Given::Unset => return Ok(Given::Unset),
            Given::Set(group) => group,
        };
        let address = group.address("address")?.value();
        let shipping = Shipping {
            name: Some(group.required_text("name", ADDRESS_TEXT_MAX)?),
            phone: group.text_or_unset("phone", ADDRESS_TEXT_MAX)?.value(),
            address: address.ok_or_else(|| ApiError::missing(group.name("address")))?,
            carrier: group.text_or_unset("carrier", ADDRESS_TEXT_MAX)?.value(),
            tracking_number: group.text_or_unset("tracking_number", ADDRESS_TEXT_MAX)?.value(),
        };
        group.finish()?;
        Ok(Given::Set(shipping))
    }

    /// `created=T`, or `created[gt|gte|lt|lte]=T`.
    ///
    /// # Errors
    /// What is not a time.
    pub fn range(&mut self, name: &str) -> Result<Range, ApiError> {
        if let Some(Node::Text(_)) = self.peek(name) {
            let at = self.time(name)?;
            return Ok(Range { from: at, until: at });
        }
        let Some(mut group) = self.group(name)? else { return Ok(Range::default()) };
        let after = group.time("gt")?.map(|t| t + 1);
        let before = group.time("lt")?.map(|t| t - 1);
        let from = group.time("gte")?.max(after);
        let until = match (group.time("lte")?, before) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        group.finish()?;
        Ok(Range { from, until })
    }
}

fn too_many_keys(count: usize) -> ApiError {
    let message =
        format!("Metadata can have up to {METADATA_KEYS_MAX} keys; this request would make it {count}.");
    ApiError::invalid("metadata", None, message)
}

fn check_metadata(name: &str, key: &str, value: &str) -> Result<(), ApiError> {
    let (key_length, value_length) = (key.chars().count(), value.chars().count());
    let message = if key.is_empty() || key_length > METADATA_KEY_MAX {
        format!(
            "Metadata keys can have up to {METADATA_KEY_MAX} characters, but you passed in a key that is {key_length} characters."
        )
    } else if key.contains('\0') || value.contains('\0') {
        "Metadata holds a NUL character.".to_owned()
    } else if value_length > METADATA_VALUE_MAX {
        format!(
            "Metadata values can have up to {METADATA_VALUE_MAX} characters, but you passed in a value that is {value_length} characters."
        )
    } else {
        return Ok(());
    };
    Err(ApiError::invalid(super::error::quoted(name), None, message))
}
