//! `GET /3ds/{account}/{intent}`: the customer is back from their bank's check. The payment or set-up is finished, and
//! the customer goes on to where the merchant wants them.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::html;
use onfile_core::ids::{AccountId, Id, PaymentIntentId, SetupIntentId};
use onfile_core::payment::PaymentStatus;

use super::layout::{Shell, document};
use super::problem::Problem;
use super::visit::Visit;
use crate::app::App;
use crate::model::account::Account;
use crate::model::payment_intent::PaymentIntent;
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::payments::{Error, intents, setups};
use crate::store::{accounts, objects};

/// The route.
pub fn router() -> Router<Arc<App>> {
    Router::new().route("/3ds/{account}/{intent}", get(back))
}

/// What became of the check, in Stripe's words (`redirect_status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    Succeeded,
    Failed,
    Pending,
}

impl Became {
    fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Pending => "pending",
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Succeeded => {
                ("Thank you, that is confirmed", "You can close this page and go back to the shop.")
            }
            Self::Failed => {
                ("This was not confirmed", "Nothing was charged. Go back to the shop to try again.")
            }
            Self::Pending => {
                ("We are waiting for your bank", "You can close this page. The shop will hear from us.")
            }
        }
    }
}

async fn back(Path((account, intent)): Path<(String, String)>, visit: Visit) -> Result<Response, Problem> {
    let account = AccountId::parse(&account).ok_or(Problem::NotFound)?;
    let account = accounts::load(&mut visit.app.db.read().await?, &account).await?;
    let account = account.ok_or(Problem::NotFound)?.account;
    if let Some(id) = PaymentIntentId::parse(&intent) {
        let (became, to) = payment(&visit, &account, &id).await?;
        return Ok(go_on(&account, became, to, "payment_intent", id.as_str()));
    }
    let id = SetupIntentId::parse(&intent).ok_or(Problem::NotFound)?;
    let (became, to) = setup(&visit, &account, &id).await?;
    Ok(go_on(&account, became, to, "setup_intent", id.as_str()))
}

/// Finishes a payment, also when the browser goes away meanwhile.
async fn payment(
    visit: &Visit,
    account: &Account,
    id: &PaymentIntentId,
) -> Result<(Became, Option<String>), Problem> {
    let (app, cause, its) = (Arc::clone(&visit.app), visit.cause(account), id.clone());
    let work = tokio::spawn(async move { intents::returned(&app, &cause, &its).await.map(drop) });
    accept(work.await.map_err(|error| Problem::internal(&error))?)?;
    let mut tx = visit.app.db.read().await?;
    let intent =
        objects::load::<PaymentIntent>(&mut tx, &account.id, id).await?.ok_or(Problem::NotFound)?.object;
    let became = match intent.status {
        PaymentStatus::Succeeded | PaymentStatus::RequiresCapture => Became::Succeeded,
        PaymentStatus::Processing | PaymentStatus::RequiresAction => Became::Pending,
        _ => Became::Failed,
    };
    Ok((became, intent.return_url))
}

async fn setup(
    visit: &Visit,
    account: &Account,
    id: &SetupIntentId,
) -> Result<(Became, Option<String>), Problem> {
    let (app, cause, its) = (Arc::clone(&visit.app), visit.cause(account), id.clone());
    let work = tokio::spawn(async move { setups::returned(&app, &cause, &its).await.map(drop) });
    accept(work.await.map_err(|error| Problem::internal(&error))?)?;
    let mut tx = visit.app.db.read().await?;
    let intent =
        objects::load::<SetupIntent>(&mut tx, &account.id, id).await?.ok_or(Problem::NotFound)?.object;
    let became = match intent.status {
        SetupStatus::Succeeded => Became::Succeeded,
        SetupStatus::Processing | SetupStatus::RequiresAction => Became::Pending,
        _ => Became::Failed,
    };
    Ok((became, intent.return_url))
}

/// What counts is how the intent stands afterwards; only what kept us from asking at all ends here.
fn accept(result: Result<(), Error>) -> Result<(), Problem> {
    match result {
        Err(Error::NoSuch { .. }) => Err(Problem::NotFound),
        Err(Error::Db(error)) => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// On to the merchant. Unlike Stripe's, the address does not carry the client secret: it would stand in histories and
/// logs, and the merchant's server, which made the intent, has it.
fn go_on(account: &Account, became: Became, to: Option<String>, name: &str, id: &str) -> Response {
    if let Some(url) = to {
        let with = with_query(&url, &format!("{name}={id}&redirect_status={}", became.word()));
        return Redirect::to(&with).into_response();
    }
    let (title, text) = became.words();
    let body = html! { div.sheet.center { h1 { (title) } p.muted { (text) } } };
    let shell = Shell { title, brand: &account.name, test_mode: !account.livemode, ..Shell::default() };
    Html(document(&shell, &body).into_string()).into_response()
}

/// The query goes behind what is there, and before a fragment.
fn with_query(url: &str, query: &str) -> String {
    let (base, fragment) = url.split_once('#').map_or((url, None), |(base, fragment)| (base, Some(fragment)));
    let joint = if base.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{base}{joint}{query}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_put_where_it_belongs() {
        for (url, want) in [
            ("https://a.example/b", "https://a.example/b?x=1"),
            ("https://a.example/b?c=d", "https://a.example/b?c=d&x=1"),
            ("https://a.example/b#top", "https://a.example/b?x=1#top"),
            ("app://back?c=d#e?f", "app://back?c=d&x=1#e?f"),
        ] {
            assert_eq!(with_query(url, "x=1"), want);
        }
    }
}
