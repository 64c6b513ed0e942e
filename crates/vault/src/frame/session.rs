//! What the merchant's page says when it opens the frame.

use std::sync::Arc;

use axum::http::StatusCode;
use reqwest::Url;

use crate::accounts::Account;
use crate::form::Form;
use crate::public::account_with_key;
use crate::vault::Vault;

/// The longest address to return to, in bytes.
const RETURN_URL_BYTES_MAX: usize = 2048;
/// The longest state and the longest consent text, in characters.
const TEXT_CHARS_MAX: usize = 500;
/// What we put into the address to return to; whatever stood there under these names is taken out.
const OURS: [&str; 3] = ["token", "state", "consent"];

/// A frame that may be shown.
#[derive(Debug)]
pub struct Session {
    /// Whose it is.
    pub account: Arc<Account>,
    /// The publishable key.
    pub key: String,
    /// Where to go on.
    pub return_url: Url,
    /// The merchant's own text, given back to it.
    pub state: Option<String>,
    /// What the customer is asked to agree to.
    pub consent: Option<String>,
}

/// Why no form can be shown.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// The merchant's page made a mistake.
    #[error("{0}")]
    Request(String),
    /// We failed.
    #[error("Something went wrong on our side, and nothing was saved. Please try again in a moment.")]
    Failed,
}

impl Wrong {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::Failed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Session {
    /// Reads `key`, `return_url`, `state` and `consent`.
    ///
    /// # Errors
    /// When the key is none of ours, or the address to return to is not on a registered origin: a frame that sends
    /// people and their tokens to any address would be a gift to phishers.
    pub async fn read(vault: &Vault, form: &mut Form) -> Result<Self, Wrong> {
        let key = form.text("key").unwrap_or_default().to_owned();
        let refused = || Wrong::Request("This card form was opened with a key that is not valid.".into());
        let account = account_with_key(vault, &key)
            .await
            .map_err(|error| if error.is_ours() { Wrong::Failed } else { refused() })?;
        let return_url = form.text("return_url").filter(|url| url.len() <= RETURN_URL_BYTES_MAX);
        let return_url = return_url.and_then(|url| Url::parse(url).ok());
        let return_url = return_url.filter(|url| {
            // `blob:https://shop.example/…` has the shop's origin too, and leads nowhere.
            matches!(url.scheme(), "https" | "http")
                && account.has_origin(&url.origin().ascii_serialization())
                && url.username().is_empty()
                && url.password().is_none()
        });
        let return_url = return_url.ok_or_else(|| {
            let why =
                "This card form was opened with a return address that is not registered for this merchant.";
            Wrong::Request(why.into())
        })?;
        let (state, consent) = (bounded(form, "state")?, bounded(form, "consent")?);
        Ok(Self { account, key, return_url, state, consent })
    }

    /// The address to return to with a token.
    pub fn return_to(&self, token: &str, agreed: bool) -> String {
        let mut url = self.return_url.clone();
        let others: Vec<(String, String)> = self
            .return_url
            .query_pairs()
            .filter(|(name, _)| !OURS.contains(&name.as_ref()))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let mut query = url.query_pairs_mut();
        query.clear().extend_pairs(others).append_pair("token", token);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        if agreed && self.consent.is_some() {
            query.append_pair("consent", "1");
        }
        drop(query);
        url.into()
    }
}

fn bounded(form: &mut Form, key: &str) -> Result<Option<String>, Wrong> {
    let Some(text) = form.text(key) else { return Ok(None) };
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Wrong::Request(format!(
            "This card form was opened with a text that is too long ({key})."
        )));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use onfile_core::ids::Id;

    use super::*;

    #[test]
    fn the_address_to_return_to_gets_our_values_and_never_somebody_elses() {
        let account = Account {
            id: Id::from_trusted("acct_1".into()),
            name: "Shop".into(),
            livemode: false,
            publishable_keys: Vec::new(),
            origins: Vec::new(),
        };
        let mut session = Session {
            account: Arc::new(account),
            key: String::new(),
            return_url: Url::parse("https://shop.example/back?a=1&token=tok_evil&consent=1&state=x#top")
                .unwrap(),
            state: Some("a b&c".into()),
            consent: Some("I agree".into()),
        };
        assert_eq!(
            session.return_to("tok_1", true),
            "https://shop.example/back?a=1&token=tok_1&state=a+b%26c&consent=1#top"
        );
        assert_eq!(
            session.return_to("tok_1", false),
            "https://shop.example/back?a=1&token=tok_1&state=a+b%26c#top"
        );
        session.consent = None;
        session.state = None;
        session.return_url = Url::parse("https://shop.example/back").unwrap();
        assert_eq!(session.return_to("tok_1", true), "https://shop.example/back?token=tok_1");
    }
}
