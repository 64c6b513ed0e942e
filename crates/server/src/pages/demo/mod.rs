//! The demo merchant's shop: what a merchant's own pages would do with Onfile. It exists only where an account was
//! made with the demo flag, and only in test mode.

mod card_views;
mod cards;
mod pay;
mod save;
mod shopper;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use onfile_core::currency::Currency;
use onfile_core::money::Money;

use self::shopper::Shopper;
use self::view::ShopView;
use super::attempt;
use super::problem::Problem;
use super::visit::Visit;
use crate::app::App;

pub use view::HOME;

/// What the product costs, in minor units. Only the server knows: nothing that a browser sends names an amount.
const PRICE: i64 = 2900;
const CURRENCY: Currency = Currency::USD;
/// What the receipt and the dashboard say was bought.
const PRODUCT: &str = "Fibre 500, one month";

/// The shop's routes.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/demo", get(shop))
        .route("/demo/pay", post(pay::pay))
        .route("/demo/payments", get(pay::returned))
        .route("/demo/payments/{id}", get(pay::show))
        .route("/demo/cards/new", get(save::form))
        .route("/demo/cards/return", get(save::save))
        .route("/demo/cards/consent", post(save::consent))
        .route("/demo/setups", get(save::returned))
        .route("/demo/setups/{id}", get(save::show))
        .route("/demo/cards/{id}/remove", get(cards::ask_remove).post(cards::remove))
        .route("/demo/cards/{id}/default", post(cards::make_default))
}

/// `GET /demo`
async fn shop(visit: Visit) -> Result<Response, Problem> {
    let (shopper, cookie) = match Shopper::of(&visit).await {
        Err(Problem::NoCustomer) => {
            let (shopper, cookie) = Shopper::arrive(&visit).await?;
            (shopper, Some(cookie))
        }
        found => (found?, None),
    };
    let flash = visit.take_flash(&shopper.session).await?;
    let cards = shopper.cards(&visit).await?.views(&shopper.customer, visit.app.clock.now());
    let attempt = attempt::new_name(&visit.app.ids);
    let price = price();
    let page = view::shop(&ShopView {
        merchant: shopper.merchant(),
        customer: shopper.customer.name.as_deref().unwrap_or("a demo customer"),
        csrf: &shopper.session.csrf,
        attempt: &attempt,
        price: &price,
        cards: &cards,
        flash: flash.as_ref(),
    });
    let mut response = Html(page.into_string()).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn price() -> String {
    Money::new(PRICE, CURRENCY).to_string()
}
