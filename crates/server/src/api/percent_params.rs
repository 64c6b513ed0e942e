//! Percentages in requests.

use onfile_core::percent::Percent;

use crate::wire::error::{ApiError, quoted};
use crate::wire::params::{Params, TEXT_MAX};

/// A percentage with at most so many decimals.
///
/// # Errors
/// What is none.
pub fn percent<const DECIMALS: u32>(
    params: &mut Params,
    name: &str,
) -> Result<Option<Percent<DECIMALS>>, ApiError> {
    let Some(text) = params.text(name, TEXT_MAX)? else { return Ok(None) };
    Percent::parse(&text).map(Some).map_err(|error| {
        let message = format!("Invalid decimal: {}; {error}.", quoted(&text));
        ApiError::invalid(params.name(name), None, message)
    })
}
