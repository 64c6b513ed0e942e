//! What customers are told by mail.
//!
//! A notice is queued in the transaction of the change that causes it ([`queue`]), so that neither is there without
//! the other. A worker ([`worker`]) claims it by lease, looks whether it is still true, writes the mail from the state of
//! that moment and hands it to the mail server. The unique key of kind, object and occasion keeps the same from being
//! told twice.
//!
//! Sending is at least once: a process that dies between the mail server's answer and the commit leaves a lease that
//! ends, and the mail goes out again under the same `Message-ID`, by which mail programs know it for the same.

pub mod expiring;
pub mod failures;
pub mod frame;
pub mod kinds;
pub mod post;
pub mod receipts;
mod sealed;
mod truth;
pub mod worker;

use onfile_core::ids::{CustomerId, PaymentIntentId};
use onfile_service::db::{DbError, Tx};

pub use self::kinds::Content;
pub use self::sealed::recipient;
use crate::app::App;
use crate::model::notice::{Notice as Kept, NoticeState};
use crate::payments::Cause;
use crate::store::notices;

/// Why nothing is sent where `[mail]` is missing.
pub const NOT_CONFIGURED: &str = "mail_not_configured";

/// Something to tell a customer.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Their address.
    pub recipient: String,
    /// Who they are. What is kept of the notice is sealed under their key; without a customer, under the process's.
    pub customer: Option<CustomerId>,
    /// The payment that it is about. A notice of a payment that failed is not sent once that payment is paid, on its
    /// way, or canceled.
    pub payment: Option<PaymentIntentId>,
    /// The id of the object that it is about.
    pub about: String,
    /// What makes this time differ from others with the same kind and object: an attempt's id, the day of a charge.
    pub occasion: String,
    /// What it says.
    pub content: Content,
    /// Not before this moment, Unix milliseconds; none for at once.
    pub not_before: Option<i64>,
}

/// Queues a notice in the caller's transaction. Answers false when the same was queued before.
///
/// Where `[mail]` is missing it is kept as suppressed, so that whoever looks for it sees why it never came.
///
/// # Errors
/// When the database fails.
pub async fn queue(tx: &mut Tx, app: &App, cause: &Cause, notice: Notice) -> Result<bool, DbError> {
    let account = &cause.account.id;
    let now_ms = app.now_ms();
    let mut kept = Kept {
        id: app.ids.next(),
        kind: notice.content.kind().to_owned(),
        customer: notice.customer,
        payment: notice.payment,
        about: notice.about,
        state: NoticeState::Queued,
        reason: None,
        attempts: 0,
        due: notice.not_before.unwrap_or(now_ms),
        settled: None,
    };
    if app.mailer.is_none() {
        kept.state = NoticeState::Suppressed;
        kept.reason = Some(NOT_CONFIGURED.to_owned());
        kept.settled = Some(now_ms);
    }
    let letter = sealed::Inside { recipient: notice.recipient, content: notice.content };
    let new = sealed::seal(tx, app, account, kept, &letter).await?;
    notices::insert(tx, account, &new, &notice.occasion).await
}
