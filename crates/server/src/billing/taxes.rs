//! Tax rates as requests name them. What they are on keeps a copy, so that an invoice says for ever what it was made with.

use onfile_core::ids::{AccountId, TaxRateId};
use onfile_service::db::Tx;

use crate::model::tax_rate::TaxRate;
use crate::store::objects;

use super::Error;

/// The rates with these ids, in this order.
///
/// # Errors
/// Names the one that does not exist, or is not active any more.
pub async fn rates(
    tx: &mut Tx,
    account: &AccountId,
    ids: &[TaxRateId],
    param: &str,
) -> Result<Vec<TaxRate>, Error> {
    let mut rates: Vec<TaxRate> = Vec::with_capacity(ids.len());
    for id in ids {
        let found = objects::load::<TaxRate>(tx, account, id).await?;
        let rate = found.map(|found| found.object).ok_or_else(|| Error::NoSuch {
            noun: "tax rate",
            id: id.to_string(),
            param: param.to_owned(),
        })?;
        if !rate.active {
            return Err(Error::invalid(param, format!("The tax rate {id} is not active.")));
        }
        if !rates.iter().any(|known| known.id == rate.id) {
            rates.push(rate);
        }
    }
    Ok(rates)
}
