//! Why a billing function did not do what was asked.

use onfile_core::invoice::WrongInvoiceStatus;
use onfile_service::db::DbError;

use crate::payments;

/// What stands between a request and its effect.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object in this account.
    #[error("No such {noun}: '{id}'")]
    NoSuch {
        /// `subscription`, `invoice`, `price`, …
        noun: &'static str,
        /// As the caller wrote it.
        id: String,
        /// Which parameter named it.
        param: String,
    },
    /// A parameter cannot be used here.
    #[error("{message}")]
    Invalid {
        /// Stripe's code, where there is one.
        code: Option<&'static str>,
        /// Which parameter.
        param: String,
        /// What to do about it.
        message: String,
    },
    /// The invoice is in another state than this needs.
    #[error("{0}")]
    InvoiceState(#[from] WrongInvoiceStatus),
    /// The payment behind it did not go through, or could not be made.
    #[error(transparent)]
    Payment(#[from] payments::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Error {
    /// A parameter that cannot be used here.
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { code: None, param: param.into(), message: message.into() }
    }
}
