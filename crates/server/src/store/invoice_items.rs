//! Amounts that wait for an invoice.

use onfile_core::currency::Currency;
use onfile_core::ids::{AccountId, CustomerId, Id, InvoiceId};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

use super::objects::{Versioned, from_row};
use crate::model::invoice_item::InvoiceItem;

/// The most items that one invoice takes: Stripe's limit.
pub const ITEMS_MAX: u32 = 250;

/// The items that stand on an invoice, oldest first, locked.
///
/// # Errors
/// When the database fails.
pub async fn on_invoice(
    tx: &mut Tx,
    account: &AccountId,
    customer: &CustomerId,
    invoice: &InvoiceId,
) -> Result<Vec<Versioned<InvoiceItem>>, DbError> {
    let rows = tx
        .query(
            "UPDATE invoice_items SET version = version + 1 \
             WHERE account_id = $1 AND customer_id = $2 AND invoice_id = $3 RETURNING version, doc",
            binds![account.as_str(), customer.as_str(), invoice.as_str()],
        )
        .await?;
    let mut found: Vec<Versioned<InvoiceItem>> = rows.iter().map(from_row).collect::<Result<_, _>>()?;
    found.sort_by(|a, b| a.object.id.cmp(&b.object.id));
    Ok(found)
}

/// The items of a customer that stand on no invoice yet, oldest first, locked: all of one currency where one is named.
///
/// # Errors
/// When the database fails.
pub async fn waiting(
    tx: &mut Tx,
    account: &AccountId,
    customer: &CustomerId,
    currency: Option<Currency>,
) -> Result<Vec<Versioned<InvoiceItem>>, DbError> {
    let rows = tx
        .query(
            "UPDATE invoice_items SET version = version + 1 WHERE account_id = $1 AND invoice_id IS NULL AND id IN (\
                SELECT id FROM invoice_items WHERE account_id = $1 AND customer_id = $2 AND invoice_id IS NULL \
                ORDER BY id LIMIT $3) RETURNING version, doc",
            binds![account.as_str(), customer.as_str(), ITEMS_MAX],
        )
        .await?;
    let mut found: Vec<Versioned<InvoiceItem>> = rows.iter().map(from_row).collect::<Result<_, _>>()?;
    found.retain(|item| currency.is_none_or(|currency| item.object.currency == currency));
    found.sort_by(|a, b| a.object.id.cmp(&b.object.id));
    Ok(found)
}
