//! Accounts, kept in memory for a moment: every request names one, and they change rarely.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use onfile_core::ids::{AccountId, ID_DIGITS, Id};
use onfile_core::vault_contract::PutAccount;
use onfile_service::db::{Db, DbError};
use onfile_service::origin::is_origin;

use crate::store;

/// How long another node's change may go unseen: a revoked key dies everywhere within this time.
const FRESH_MS: i64 = 1000;
/// The most accounts in memory.
const CACHED_MAX: usize = 10_000;
/// The most publishable keys, and the most origins, of an account.
const ENTRIES_MAX: usize = 100;
/// The longest merchant's name, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Random digits at the end of a publishable key.
const KEY_RANDOM_DIGITS: usize = 24;
/// What publishable keys begin with, in test and in live mode.
const KEY_PREFIXES: [(&str, bool); 2] = [("pk_test_onf", false), ("pk_live_onf", true)];

/// An account as the server pushed it.
#[derive(Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The merchant's name.
    pub name: String,
    /// Whether real money moves.
    pub livemode: bool,
    /// The keys that may tokenise.
    pub publishable_keys: Vec<String>,
    /// The origins that may embed the frame, call with CORS and be returned to.
    pub origins: Vec<String>,
}

impl Account {
    /// Whether this origin is registered, to the letter.
    pub fn has_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|known| known == origin)
    }
}

/// The accounts in memory.
#[derive(Debug, Default)]
pub struct Accounts(RwLock<HashMap<String, Cached>>);

#[derive(Debug)]
struct Cached {
    account: Arc<Account>,
    fresh_until_ms: i64,
}

impl Accounts {
    /// The account with this id, from memory or from the database.
    ///
    /// # Errors
    /// As the database says.
    pub async fn get(&self, db: &Db, id: &str, now_ms: i64) -> Result<Option<Arc<Account>>, DbError> {
        if let Some(account) = self.fresh(id, now_ms) {
            return Ok(Some(account));
        }
        let mut tx = db.read().await?;
        let Some(account) = store::accounts::load(&mut tx, id).await? else { return Ok(None) };
        drop(tx);
        let account = Arc::new(account);
        let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cached.len() >= CACHED_MAX {
            cached.clear();
        }
        let entry = Cached { account: Arc::clone(&account), fresh_until_ms: now_ms.saturating_add(FRESH_MS) };
        cached.insert(id.to_owned(), entry);
        Ok(Some(account))
    }

    /// Forgets an account that was changed.
    pub fn forget(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn fresh(&self, id: &str, now_ms: i64) -> Option<Arc<Account>> {
        let cached = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = cached.get(id)?;
        (entry.fresh_until_ms > now_ms).then(|| Arc::clone(&entry.account))
    }
}

/// The account that a publishable key names. Whether the account has this key is another question.
pub fn account_of_key(key: &str) -> Option<String> {
    let rest = KEY_PREFIXES.iter().find_map(|(prefix, _)| key.strip_prefix(prefix))?;
    let (tail, random) = rest.split_at_checked(ID_DIGITS)?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    (random.len() == KEY_RANDOM_DIGITS && plain(tail) && plain(random))
        .then(|| format!("{}_{tail}", AccountId::PREFIX))
}

/// Why an account is refused, for the server's log.
pub fn refuse(put: &PutAccount) -> Option<String> {
    if AccountId::parse(put.account.as_str()).is_none() {
        return Some("the account id is malformed".into());
    }
    if put.name.trim().is_empty() || put.name.chars().count() > NAME_CHARS_MAX {
        return Some(format!("the name must have 1 to {NAME_CHARS_MAX} characters"));
    }
    if put.publishable_keys.len() > ENTRIES_MAX || put.origins.len() > ENTRIES_MAX {
        return Some(format!("at most {ENTRIES_MAX} publishable keys and {ENTRIES_MAX} origins"));
    }
    let wrong_key = |key: &&String| {
        let mode = KEY_PREFIXES.iter().find(|(prefix, _)| key.starts_with(prefix)).map(|(_, live)| *live);
        account_of_key(key).as_deref() != Some(put.account.as_str()) || mode != Some(put.livemode)
    };
    if put.publishable_keys.iter().any(|key| wrong_key(&key)) {
        return Some("a publishable key does not name this account and its mode".into());
    }
    let origin = put.origins.iter().find(|origin| !is_origin(origin))?;
    Some(format!("{origin:?} is not an origin: https://shop.example, or http:// on this machine"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_account_by_its_shape() {
        let (tail, random) = ("a".repeat(31), "b".repeat(24));
        assert_eq!(account_of_key(&format!("pk_test_onf{tail}{random}")), Some(format!("acct_{tail}")));
        assert_eq!(account_of_key(&format!("pk_live_onf{tail}{random}")), Some(format!("acct_{tail}")));
        for bad in [
            "",
            "pk_test_onf",
            &format!("pk_test_{tail}{random}"),
            &format!("pk_test_onf{tail}{random}b"),
            &format!("sk_test_onf{tail}{random}"),
            &format!("pk_test_onf{}{random}", "é".repeat(15)),
        ] {
            assert_eq!(account_of_key(bad), None, "{bad}");
        }
    }
}
