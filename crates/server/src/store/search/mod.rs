//! The index that searches go by, and what else they ask for.

mod progress;
mod terms;

use std::collections::HashMap;

use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

pub use progress::{Change, Progress, advance, begin, behind, mark, marked, progress, told};
pub use terms::{Batch, Entry, counts, documents, forget, having, write};

use crate::model::payment_method::PaymentMethod;

/// How many methods are read for a set of customers.
const METHODS_MAX: u32 = 10_000;

/// The methods that customers have, by customer.
///
/// # Errors
/// When the database fails.
pub async fn methods_of(
    tx: &mut Tx,
    account: &AccountId,
    customers: &[&str],
) -> Result<HashMap<String, Vec<PaymentMethod>>, DbError> {
    let mut found: HashMap<String, Vec<PaymentMethod>> = HashMap::new();
    if customers.is_empty() {
        return Ok(found);
    }
    let rows = tx
        .query(
            "SELECT customer_id, version, doc FROM payment_methods WHERE account_id = $1 \
             AND customer_id IN (SELECT r.value->>'id' FROM json_each($2) AS r) \
             ORDER BY customer_id, id DESC LIMIT $3",
            binds![account.as_str(), &terms::set_of_ids(customers.iter().copied()), METHODS_MAX],
        )
        .await?;
    for row in &rows {
        let method = super::objects::from_row::<PaymentMethod>(row)?.object;
        found.entry(row.text("customer_id")?).or_default().push(method);
    }
    Ok(found)
}

/// Whether an account has, or had, customers who live in a time of their own.
///
/// # Errors
/// When the database fails.
pub async fn has_clocks(tx: &mut Tx, account: &AccountId) -> Result<bool, DbError> {
    let sql = "SELECT 1 AS one FROM test_clocks WHERE account_id = $1 LIMIT 1";
    Ok(tx.query_opt(sql, binds![account.as_str()]).await?.is_some())
}
