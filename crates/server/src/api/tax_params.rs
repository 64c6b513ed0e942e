//! Tax rates in requests.

use onfile_core::ids::{ID_LEN_MAX, Id, TaxRateId};

use crate::wire::error::ApiError;
use crate::wire::params::{Given, Params};

/// A list of tax rates by their ids; whether they exist is not asked.
///
/// # Errors
/// What is no list of ids.
pub fn tax_rates(params: &mut Params, name: &str) -> Result<Given<Vec<TaxRateId>>, ApiError> {
    let ids = match params.texts(name, ID_LEN_MAX)? {
        Given::Absent => return Ok(Given::Absent),
        Given::Unset => return Ok(Given::Unset),
        Given::Set(ids) => ids,
    };
    let parsed = ids
        .iter()
        .map(|id| TaxRateId::parse(id).ok_or_else(|| ApiError::no_such("tax rate", id, params.name(name))));
    parsed.collect::<Result<_, _>>().map(Given::Set)
}
