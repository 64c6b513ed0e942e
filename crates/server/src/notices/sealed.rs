//! What a notice keeps of a person, under that person's key.

use onfile_core::ids::{AccountId, Id, NoticeId};
use onfile_service::db::{DbError, Tx};
use onfile_service::seal::Aad;
use serde::{Deserialize, Serialize};

use super::Content;
use crate::app::App;
use crate::keys::open_under;
use crate::model::notice::Notice;
use crate::store::notices::Sealed;

/// Whom, and what.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Inside {
    pub recipient: String,
    pub content: Content,
}

/// Seals a notice's content.
pub(super) async fn seal(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    notice: Notice,
    inside: &Inside,
) -> Result<Sealed, DbError> {
    let key = app.keys.subject(tx, account, notice.customer.as_ref()).await?;
    let plaintext =
        serde_json::to_vec(inside).map_err(|e| DbError::Inconsistent(format!("a notice to store: {e}")))?;
    let sealed = app.keys.seal_under(key.as_ref(), &aad(account, &notice.id), &plaintext)?;
    Ok(Sealed { notice, sealed })
}

/// Opens it; none when its customer was erased.
pub(super) async fn open(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    kept: &Sealed,
) -> Result<Option<Inside>, DbError> {
    let aad = aad(account, &kept.notice.id);
    let plaintext = match &kept.notice.customer {
        None => app.keys.open_sealed(&aad, &kept.sealed)?,
        Some(customer) => match app.keys.existing(tx, account, customer).await? {
            Some(key) => open_under(key.as_ref(), &aad, &kept.sealed)?,
            None => return Ok(None),
        },
    };
    let inside = serde_json::from_slice(&plaintext);
    inside.map(Some).map_err(|e| DbError::Inconsistent(format!("a stored notice: {e}")))
}

/// The address that a notice goes or went to; none when its customer was erased.
///
/// # Errors
/// When the database fails, or the notice does not open.
pub async fn recipient(
    tx: &mut Tx,
    app: &App,
    account: &AccountId,
    kept: &Sealed,
) -> Result<Option<String>, DbError> {
    Ok(open(tx, app, account, kept).await?.map(|inside| inside.recipient))
}

fn aad(account: &AccountId, id: &NoticeId) -> Aad {
    Aad::new(&[("account", account.as_str()), ("record", id.as_str()), ("field", "notices.sealed")])
}
