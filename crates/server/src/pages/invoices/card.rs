//! Paying with a card that is not on file: typed into the vault's form, which gives a token for this one payment.

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use onfile_core::ids::{Id, TokenId};
use onfile_core::money::Money;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::link::Opened;
use super::view;
use crate::pages::problem::Problem;
use crate::pages::visit::Visit;

/// `GET /invoices/{link}/card`: the page with the vault's form in it.
pub async fn form(Path(link): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let opened = Opened::find(&mut visit.app.db.read().await?, &link).await?;
    if !opened.invoice.status.is_owed() {
        return Ok(Redirect::to(&opened.path).into_response());
    }
    let config = &visit.app.config;
    let key = opened.account.doc.publishable_keys.first().ok_or(Problem::Unavailable)?;
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let url = format!(
        "{}/frame?key={}&return_url={}",
        config.vault.url,
        encode(key),
        encode(&format!("{}{}/card/return", config.public.url, opened.path)),
    );
    let page = view::card_form(opened.shell("Pay with a card"), &opened.path, &amount(&opened), &url);
    Ok(Html(page.into_string()).into_response())
}

/// `GET /invoices/{link}/card/return?token=…`: the vault's form sends the whole window here. Nothing is charged by
/// opening an address; the customer presses a button that says what it does.
pub async fn returned(Path(link): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let opened = Opened::find(&mut visit.app.db.read().await?, &link).await?;
    let token = visit.fields.get("token").and_then(TokenId::parse);
    let (Some(token), true) = (token, opened.invoice.status.is_owed()) else {
        return Ok(Redirect::to(&opened.path).into_response());
    };
    let shell = opened.shell("Pay with this card");
    let page = view::confirm(shell, &opened.path, &amount(&opened), token.as_str());
    Ok(Html(page.into_string()).into_response())
}

fn amount(opened: &Opened) -> String {
    Money::new(opened.invoice.amount_remaining(), opened.invoice.currency).to_string()
}
