//! A file of customers with their agreements, and its rows.

use onfile_core::currency::Currency;
use onfile_core::ids::{CustomerId, ImportId, PaymentMethodId, PriceId, ProductId, TestClockId};
use onfile_core::recurrence::Recurrence;
use serde::{Deserialize, Serialize};

use super::Object;
use super::price::Recurring;

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// `imp_…`
    pub id: ImportId,
    /// Unix seconds.
    pub created: i64,
    /// Where it stands.
    pub state: ImportState,
    /// How many customers the file names.
    pub rows: u32,
    /// SHA-256 of the file in hexadecimal: the same file is the same import.
    pub content_hash: String,
    /// The request that brought it, which events and consents name.
    pub request: String,
    /// What its customers buy, as invoices call it.
    pub product: ProductId,
    /// Whose time its customers live in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<TestClockId>,
    /// Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<i64>,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Rows are still pending.
    Running,
    /// Every row is imported or parked.
    Finished,
}

impl ImportState {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
        }
    }
}

/// A row that is still to be imported: what it says, and the ids that are given out beforehand, so that whoever takes it
/// up after a crash makes nothing a second time (M8).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PendingRow {
    /// What the file says.
    #[serde(flatten)]
    pub entry: Entry,
    /// Of the customer that it becomes.
    pub customer: CustomerId,
    /// Of the payment method, where the vault does not know it under an id already.
    pub payment_method: PaymentMethodId,
    /// Of the price, which rows with the same amount and rhythm share.
    pub price: PriceId,
}

/// What a row of the file says; checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The merchant's own number for the customer.
    pub reference: String,
    /// The customer's name.
    pub name: String,
    /// The customer's address for mail.
    pub email: String,
    /// What is charged: a token of the vault, or the name of a test method.
    pub method: String,
    /// How much, in minor units.
    pub amount: i64,
    /// In what.
    pub currency: Currency,
    /// When.
    pub schedule: Recurrence,
    /// How the price calls the rhythm.
    pub rhythm: Recurring,
    /// The merchant's words for the agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Import {
    /// The clock's id in columns: empty for real time.
    pub fn clock_key(&self) -> &str {
        self.test_clock.as_ref().map_or("", onfile_core::ids::Id::as_str)
    }
}

impl Object for Import {
    type Id = ImportId;
    fn id(&self) -> &ImportId {
        &self.id
    }
}
