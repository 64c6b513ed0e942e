//! One press of a button is one attempt, however often its form arrives.
//!
//! The form carries the attempt's name. Under this name the payment or set-up is claimed in the very transaction that
//! makes it, as an API caller's idempotency key would be: a second press, a reload, and a crash in between all find
//! the same payment.

use onfile_core::ids::{AccountId, Id, IdSource, RequestId};

use super::problem::Problem;
use super::visit::Visit;
use crate::app::App;
use crate::model::account::Account;
use crate::payments::Cause;
use crate::store::api_keys::KeyKind;
use crate::store::idempotency;
use crate::wire::idempotency::{Claim, request_hash, stored_key};

/// As the claims of a browser's own calls are kept.
const KIND: KeyKind = KeyKind::Publishable;
const NAME_DIGITS: usize = 24;
/// The longest name that is taken from a browser; the vault's tokens are names, too.
const NAME_MAX: usize = 64;

/// A name for the next attempt.
pub fn new_name(ids: &IdSource) -> String {
    ids.secret(NAME_DIGITS)
}

/// An attempt of one customer.
#[derive(Debug)]
pub struct Attempt {
    account: AccountId,
    key: String,
}

impl Attempt {
    /// The attempt with this name, which came from a browser. `verb` says of whom or of what it is: nobody meets
    /// another's.
    ///
    /// # Errors
    /// [`Problem::BadRequest`] when it is no such name.
    pub fn new(account: &AccountId, verb: &str, name: Option<&str>) -> Result<Self, Problem> {
        let name = name.ok_or(Problem::BadRequest)?;
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !plain || name.len() > NAME_MAX {
            return Err(Problem::BadRequest);
        }
        Ok(Self { account: account.clone(), key: format!("{verb}/{name}") })
    }

    /// What was made under this name before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn made<T: Id>(&self, app: &App) -> Result<Option<T>, Problem> {
        let stored = stored_key(KIND, &self.key);
        let used = idempotency::find(&mut app.db.read().await?, &self.account, &stored).await?;
        Ok(used.and_then(|used| used.object_id).and_then(|id| T::parse(&id)))
    }

    /// The cause of what is made under this name.
    pub fn cause(&self, visit: &Visit, account: &Account) -> Cause {
        Cause { claim: Some(self.claim(&visit.app)), ..visit.cause(account) }
    }

    fn claim(&self, app: &App) -> Claim {
        let account = self.account.clone();
        let hash = request_hash(&account, "POST", &self.key, b"");
        let request_id: RequestId = app.ids.next();
        Claim::new(account, self.key.clone(), KIND, hash, request_id)
    }
}
