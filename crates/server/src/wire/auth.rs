//! Who is asking: Bearer or Basic, one key, one account.
//!
//! A key names its account, so that it is found without a table over all accounts:
//! `sk_test_onf` + the 31 characters of the account's id + 32 random ones. `onf` marks it as ours for leak scanners.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use onfile_core::ids::{AccountId, ID_DIGITS, Id, IdSource};
use onfile_service::credentials::digest;

use super::error::ApiError;
use crate::app::App;
use crate::model::account::Account;
use crate::store::accounts;
use crate::store::api_keys::{self, KeyKind};

/// Random characters in a secret key: 190 bits.
pub const SECRET_DIGITS: usize = 32;
/// Random characters in a publishable key: 143 bits.
pub const PUBLISHABLE_DIGITS: usize = 24;
/// How long a key that was looked up is believed: a revoked key works no longer than this.
const CACHE_FOR: Duration = Duration::from_secs(1);
/// How many keys are remembered; beyond it the memory starts afresh.
const CACHE_MAX: usize = 10_000;

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// Whose data.
    pub account: Account,
    /// With which kind of key.
    pub kind: KeyKind,
    /// Whose pages may use the publishable keys.
    pub origins: Vec<String>,
}

/// Keys that were looked up within the last second.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<HashMap<[u8; 32], Known>>);

/// Whose key it was, and when that was asked.
#[derive(Debug)]
struct Known {
    since: Instant,
    merchant: Arc<Merchant>,
}

impl KeyCache {
    fn get(&self, digest: &[u8; 32], now: Instant) -> Option<Arc<Merchant>> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cache.get(digest)?;
        (now.saturating_duration_since(known.since) < CACHE_FOR).then(|| Arc::clone(&known.merchant))
    }

    fn put(&self, digest: [u8; 32], now: Instant, merchant: &Arc<Merchant>) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_MAX {
            cache.clear();
        }
        cache.insert(digest, Known { since: now, merchant: Arc::clone(merchant) });
    }
}

/// A new key for an account.
pub fn new_key(ids: &IdSource, account: &Account, kind: KeyKind) -> String {
    let (word, digits) = match kind {
        KeyKind::Secret => ("sk", SECRET_DIGITS),
        KeyKind::Publishable => ("pk", PUBLISHABLE_DIGITS),
    };
    let mode = if account.livemode { "live" } else { "test" };
    format!("{word}_{mode}_onf{}{}", tail(&account.id), ids.secret(digits))
}

/// What follows the prefix of an account's id.
pub fn tail(account: &AccountId) -> &str {
    account.as_str().strip_prefix("acct_").unwrap_or_default()
}

/// The account that a key names. Nothing is said of whether either exists.
fn account_of(key: &str) -> Option<AccountId> {
    let rest = key.strip_prefix("sk_").or_else(|| key.strip_prefix("pk_"))?;
    let rest = rest.strip_prefix("test_onf").or_else(|| rest.strip_prefix("live_onf"))?;
    let (tail, random) = rest.split_at_checked(ID_DIGITS)?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    (plain(tail) && plain(random)).then(|| AccountId::from_trusted(format!("acct_{tail}")))
}

/// Finds out who is asking.
///
/// # Errors
/// 401 without a key that works; 503 when the database cannot be asked.
pub async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Arc<Merchant>, ApiError> {
    let key = presented(headers)?;
    let Some(account) = account_of(&key) else { return Err(refused(&key)) };
    let digest = digest(&key);
    let now = Instant::now();
    if let Some(merchant) = app.key_cache.get(&digest, now) {
        return Ok(merchant);
    }
    let mut tx = app.db.read().await?;
    let Some(kind) = api_keys::find(&mut tx, &account, &digest).await? else { return Err(refused(&key)) };
    let Some(stored) = accounts::load(&mut tx, &account).await? else { return Err(refused(&key)) };
    drop(tx);
    let merchant = Arc::new(Merchant { account: stored.account, kind, origins: stored.doc.origins });
    app.key_cache.put(digest, now, &merchant);
    Ok(merchant)
}

/// The key in the header: as bearer token, or as the user name of HTTP Basic.
fn presented(headers: &HeaderMap) -> Result<String, ApiError> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.and_then(|pair| pair.split(':').next().map(str::to_owned)).unwrap_or_default()
    } else {
        String::new()
    };
    if key.is_empty() { Err(not_presented()) } else { Ok(key) }
}

fn not_presented() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "invalid_request_error",
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer \
         auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    )
}

/// As much of the key as helps to recognise it; nothing of what is no key and may be anything.
fn refused(key: &str) -> ApiError {
    let key = if ["sk_", "pk_", "rk_"].iter().any(|prefix| key.starts_with(prefix)) { key } else { "" };
    let characters: Vec<char> = key.chars().collect();
    let shown = |part: &[char]| part.iter().filter(|c| c.is_ascii_graphic()).collect::<String>();
    let (start, end) = match characters.len() {
        0..16 => (String::new(), String::new()),
        n => (
            shown(characters.get(..8).unwrap_or_default()),
            shown(characters.get(n - 4..).unwrap_or_default()),
        ),
    };
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "invalid_request_error",
        format!("Invalid API Key provided: {start}****{end}"),
    )
}

/// The error for a publishable key where a secret one is needed.
pub fn secret_key_required() -> ApiError {
    let mut error = ApiError::new(
        StatusCode::FORBIDDEN,
        "invalid_request_error",
        "This API call cannot be made with a publishable API key. Please use a secret API key, from your server only.",
    );
    error.code = Some("secret_key_required".to_owned());
    error
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_names_its_account_and_nothing_else_does() {
        let ids = onfile_testing::ids();
        for livemode in [false, true] {
            let account = Account { id: ids.next(), name: "Shop".into(), livemode, demo: false };
            for kind in [KeyKind::Secret, KeyKind::Publishable] {
                let key = new_key(&ids, &account, kind);
                assert_eq!(account_of(&key), Some(account.id.clone()), "{key}");
                let mode = if livemode { "live" } else { "test" };
                assert_eq!(key.split('_').nth(1), Some(mode));
                assert!(!onfile_core::card_shaped::contains(key.as_bytes()));
            }
        }
        for bad in [
            "",
            "sk_test_",
            "sk_test_onf",
            "sk_test_onfabc",
            "rk_test_onfx",
            "sk_test_onf\u{fc}",
            "pk_other_onf",
        ] {
            assert_eq!(account_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn bearer_and_basic_are_read_and_everything_else_is_no_key() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            presented(&headers).ok()
        };
        let basic = |pair: &str| with(&format!("Basic {}", STANDARD.encode(pair)));
        assert_eq!(with("Bearer sk_1").as_deref(), Some("sk_1"));
        assert_eq!(with("bearer  sk_1 ").as_deref(), Some("sk_1"));
        assert_eq!(basic("sk_1:").as_deref(), Some("sk_1"));
        assert_eq!(basic("sk_1").as_deref(), Some("sk_1"));
        for bad in ["", "Bearer", "Bearer ", "sk_1", "Digest x", "Basic !!!", "Basic Og=="] {
            assert_eq!(with(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_refusal_shows_only_the_ends_of_a_key() {
        let shown = refused("sk_test_onfSECRETSECRETabcd").message.clone();
        assert_eq!(shown, "Invalid API Key provided: sk_test_****abcd");
        for other in ["short", "sk_short", &["4242"; 4].concat()] {
            assert_eq!(refused(other).message, "Invalid API Key provided: ****", "{other}");
        }
    }
}
