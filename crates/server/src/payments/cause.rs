//! Who asked for a change, and under which key.

use onfile_core::ids::Id;
use onfile_service::db::Tx;

use crate::app::App;
use crate::model::account::Account;
use crate::wire::idempotency::Claim;

use super::Error;

/// Why something happens: written into events, operations and consents.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Whose data.
    pub account: Account,
    /// The API request, if one caused it.
    pub request_id: Option<String>,
    /// The caller's idempotency key, claimed with the first write.
    pub claim: Option<Claim>,
    /// Internet address of who asked.
    pub ip: Option<String>,
    /// Their browser or SDK.
    pub user_agent: Option<String>,
}

impl Cause {
    /// Something that a worker does by itself.
    pub fn worker(account: Account) -> Self {
        Self { account, request_id: None, claim: None, ip: None, user_agent: None }
    }

    /// The caller's idempotency key.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.claim.as_ref().map(|claim| claim.key.as_str())
    }

    /// Claims the idempotency key in the first transaction of a change, for the object that it makes or changes.
    ///
    /// # Errors
    /// [`Error::KeyInUse`] when another request holds the key.
    pub async fn start(&self, tx: &mut Tx, app: &App, object: &impl Id) -> Result<(), Error> {
        match &self.claim {
            Some(claim) => Ok(claim.start(tx, app, object.as_str()).await?),
            None => Ok(()),
        }
    }
}
