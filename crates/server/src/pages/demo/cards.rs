//! Choosing the default card, and removing cards.

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use onfile_core::ids::PaymentMethodId;

use super::shopper::Shopper;
use super::{HOME, card_views};
use crate::model::customer::Customer;
use crate::model::event::Snapshot;
use crate::model::payment_method::PaymentMethod;
use crate::pages::cards_on_file::{expired_since, view};
use crate::pages::problem::Problem;
use crate::pages::sessions::Flash;
use crate::pages::visit::Visit;
use crate::pages::widgets;
use crate::store::events::{self, News};
use crate::store::{destructions, objects, search};

/// `POST /demo/cards/{id}/default`
pub async fn make_default(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of_form(&visit).await?;
    let cards = shopper.cards(&visit).await?;
    let card = cards.find(&id)?;
    if expired_since(&card.details, visit.app.clock.now()).is_some() {
        return Err(Problem::BadRequest);
    }
    set_default(&visit, &shopper, Some(&card.id)).await?;
    let name = widgets::method_name(&card.details);
    visit.leave(&shopper.session, Flash::good(format!("{name} is now your default card"))).await?;
    Ok(Redirect::to(HOME).into_response())
}

/// Changes which card is charged when none is named.
///
/// # Errors
/// [`Problem::NoCustomer`] when the customer was deleted meanwhile.
pub async fn set_default(
    visit: &Visit,
    shopper: &Shopper,
    card: Option<&PaymentMethodId>,
) -> Result<(), Problem> {
    let mut tx = visit.app.db.begin().await?;
    let locked = objects::lock::<Customer>(&mut tx, shopper.account_id(), &shopper.customer.id).await?;
    let mut locked = locked.filter(|found| !found.object.deleted).ok_or(Problem::NoCustomer)?;
    locked.object.default_payment_method = card.cloned();
    objects::save(&mut tx, shopper.account_id(), &locked.object).await?;
    let cause = visit.cause(&shopper.account.account);
    let snapshot = Snapshot::Customer(locked.object);
    let before = locked.before.as_deref();
    let news = News { kind: "customer.updated", version: locked.version, snapshot: &snapshot, before };
    events::append(&mut tx, &visit.app, &cause, &news).await?;
    search::mark(&mut tx, &visit.app, shopper.account_id(), &shopper.customer.id).await?;
    Ok(tx.commit().await?)
}

/// `GET /demo/cards/{id}/remove`
pub async fn ask_remove(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of(&visit).await?;
    let cards = shopper.cards(&visit).await?;
    let card = view(cards.find(&id)?, &shopper.customer, visit.app.clock.now());
    Ok(Html(card_views::remove_card(shopper.merchant(), &card, &shopper.session.csrf).into_string())
        .into_response())
}

/// `POST /demo/cards/{id}/remove`: a card that is gone already is gone.
pub async fn remove(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of_form(&visit).await?;
    let cards = shopper.cards(&visit).await?;
    let Ok(card) = cards.find(&id) else { return Ok(Redirect::to(HOME).into_response()) };
    if shopper.is_default(&card.id) {
        set_default(&visit, &shopper, cards.newest_but(&card.id).map(|next| &next.id)).await?;
    }
    detach(&visit, &shopper, &card.id).await?;
    let name = widgets::method_name(&card.details);
    visit.leave(&shopper.session, Flash::good(format!("{name} is removed"))).await?;
    Ok(Redirect::to(HOME).into_response())
}

/// Takes the card from the customer for good; the vault destroys the number right after.
async fn detach(visit: &Visit, shopper: &Shopper, id: &PaymentMethodId) -> Result<(), Problem> {
    let mut tx = visit.app.db.begin().await?;
    let locked = objects::lock::<PaymentMethod>(&mut tx, shopper.account_id(), id).await?;
    let Some(mut locked) =
        locked.filter(|found| found.object.customer.as_ref() == Some(&shopper.customer.id))
    else {
        return Ok(());
    };
    locked.object.customer = None;
    locked.object.detached = true;
    objects::save(&mut tx, shopper.account_id(), &locked.object).await?;
    destructions::request(&mut tx, shopper.account_id(), id, visit.app.now_ms()).await?;
    let cause = visit.cause(&shopper.account.account);
    let snapshot = Snapshot::PaymentMethod(locked.object);
    let news =
        News { kind: "payment_method.detached", version: locked.version, snapshot: &snapshot, before: None };
    events::append(&mut tx, &visit.app, &cause, &news).await?;
    Ok(tx.commit().await?)
}
