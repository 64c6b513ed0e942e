//! Saving a card: typed into the vault's form, checked at the bank, kept with the customer's consent.

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use onfile_core::ids::{Id, SetupIntentId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::pay::wait;
use super::shopper::Shopper;
use super::view::shop_shell;
use super::{HOME, card_views, cards};
use crate::app::App;
use crate::model::Metadata;
use crate::model::payment_method::{ConsentGiven, PaymentMethod};
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::pages::attempt::Attempt;
use crate::pages::problem::Problem;
use crate::pages::request;
use crate::pages::sessions::{Flash, Session};
use crate::pages::visit::Visit;
use crate::pages::{steps, widgets, words};
use crate::payments::requests::{ConfirmSetup, NewSetup};
use crate::payments::{Cause, Error, setups};
use crate::store::objects;

/// What the customer agrees to. Changed words need a new [`CONSENT_VERSION`]: consents on file quote both.
fn consent_text(merchant: &str) -> String {
    format!(
        "I allow {merchant} to keep this card and to charge it when I buy something, or when a plan that I agreed to \
         is due. I can remove it at any time."
    )
}

/// See [`consent_text`].
const CONSENT_VERSION: &str = "2026-11";

/// `GET /demo/cards/new`
pub async fn form(visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of(&visit).await?;
    let config = &visit.app.config;
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let url = format!(
        "{}/frame?key={}&return_url={}&state={}&consent={}",
        config.vault.url,
        encode(shopper.publishable_key()?),
        encode(&format!("{}/demo/cards/return", config.public.url)),
        encode(&state(&shopper.session)),
        encode(&consent_text(shopper.merchant())),
    );
    Ok(Html(card_views::add_card(shopper.merchant(), &url).into_string()).into_response())
}

/// Comes back with the token, and proves that the form was opened in this session: otherwise somebody could have a
/// customer save a card that is not theirs. Derived from the secret that forms carry, which itself never leaves us.
fn state(session: &Session) -> String {
    let digest = digest::digest(&digest::SHA256, format!("card form of {}", session.csrf).as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref())
}

/// `GET /demo/cards/return?token=…&state=…&consent=1`: the vault's form sends the whole window here.
pub async fn save(visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of(&visit).await?;
    if !request::same(visit.fields.get("state").unwrap_or_default(), &state(&shopper.session)) {
        return Err(Problem::Forged);
    }
    let Some(token) = visit.fields.get("token") else {
        return back(&visit, &shopper, Flash::bad("No card was saved", "You can try again at any time."))
            .await;
    };
    if visit.fields.get("consent") == Some("1") {
        return keep(&visit, &shopper, token).await;
    }
    let text = consent_text(shopper.merchant());
    let page = card_views::ask_consent(shopper.merchant(), &text, token, &shopper.session.csrf);
    Ok(Html(page.into_string()).into_response())
}

/// `POST /demo/cards/consent`: the customer agrees after all.
pub async fn consent(visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of_form(&visit).await?;
    let token = visit.fields.get("token").ok_or(Problem::BadRequest)?;
    keep(&visit, &shopper, token).await
}

/// Verifies the card and keeps it, once for each token.
async fn keep(visit: &Visit, shopper: &Shopper, token: &str) -> Result<Response, Problem> {
    let attempt = Attempt::new(shopper.account_id(), &shopper.verb("save"), Some(token))?;
    if let Some(made) = attempt.made::<SetupIntentId>(&visit.app).await? {
        return Ok(to_setup(&made));
    }
    let cause = attempt.cause(visit, &shopper.account.account);
    match verify(&visit.app, cause, shopper, token).await? {
        Ok(made) => Ok(to_setup(&made)),
        Err(error) => match attempt.made::<SetupIntentId>(&visit.app).await? {
            Some(made) => Ok(to_setup(&made)),
            None => back(visit, shopper, refused(&error)).await,
        },
    }
}

/// Makes and confirms the set-up, also when the browser goes away meanwhile.
async fn verify(
    app: &Arc<App>,
    cause: Cause,
    shopper: &Shopper,
    token: &str,
) -> Result<Result<SetupIntentId, Error>, Problem> {
    let consent = ConsentGiven {
        text: consent_text(shopper.merchant()),
        version: CONSENT_VERSION.to_owned(),
        ip: cause.ip.clone(),
        user_agent: cause.user_agent.clone(),
    };
    let new = NewSetup {
        customer: Some(shopper.customer.id.clone()),
        payment_method_types: vec!["card".to_owned()],
        allowed_types: false,
        automatic_payment_methods: false,
        usage: "off_session".to_owned(),
        description: None,
        metadata: Metadata::new(),
        payment_method: None,
        confirm: Some(ConfirmSetup {
            payment_method: Some(token.to_owned()),
            return_url: Some(format!("{}/demo/setups", app.config.public.url)),
            mandate: None,
            consent: Some(consent),
        }),
    };
    let app = Arc::clone(app);
    let work = tokio::spawn(async move { setups::create(&app, &cause, new).await });
    let made = work.await.map_err(|error| Problem::internal(&error))?;
    Ok(made.map(|made| made.object.id))
}

fn refused(error: &Error) -> Flash {
    match error {
        Error::Invalid { code: "token_expired" | "token_already_used", .. } | Error::NoSuch { .. } => {
            Flash::bad(
                "This card was not saved",
                "The form was filled in too long ago, or sent before. Please enter the card again.",
            )
        }
        Error::NotSent => Flash::bad(
            "This card was not saved",
            "A part of the service cannot be reached. Nothing was kept. Try again in a minute.",
        ),
        other => {
            tracing::warn!(error = %other, "a card was not saved");
            Flash::bad("This card was not saved", "Nothing was kept. Please try again.")
        }
    }
}

/// `GET /demo/setups?setup_intent=…`: back from the bank.
pub async fn returned(visit: Visit) -> Result<Response, Problem> {
    let id = visit.fields.get("setup_intent").and_then(SetupIntentId::parse);
    Ok(to_setup(&id.ok_or(Problem::NotFound)?))
}

/// `GET /demo/setups/{id}`: what became of a set-up, and on from there.
pub async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let shopper = Shopper::of(&visit).await?;
    let id = SetupIntentId::parse(&id).ok_or(Problem::NotFound)?;
    let mut tx = visit.app.db.read().await?;
    let intent = objects::load::<SetupIntent>(&mut tx, shopper.account_id(), &id).await?;
    let intent =
        intent.map(|found| found.object).filter(|it| it.customer.as_ref() == Some(&shopper.customer.id));
    let intent = intent.ok_or(Problem::NotFound)?;
    drop(tx);
    match (intent.status, &intent.challenge) {
        (SetupStatus::Succeeded, _) => saved(&visit, &shopper, &intent).await,
        (SetupStatus::RequiresAction, Some(challenge)) => {
            let shell = shop_shell(steps::CONFIRM, shopper.merchant(), None);
            Ok(Html(steps::challenge(shell, &challenge.url, "Saving your card").into_string())
                .into_response())
        }
        (SetupStatus::Processing, _) => {
            Ok(wait(&visit, &shopper, &format!("/demo/setups/{id}"), "Your card is being checked"))
        }
        _ => back(&visit, &shopper, not_saved(&intent)).await,
    }
}

/// The first card becomes the default.
async fn saved(visit: &Visit, shopper: &Shopper, intent: &SetupIntent) -> Result<Response, Problem> {
    let id = intent.payment_method.as_ref().ok_or(Problem::NotFound)?;
    if shopper.customer.default_payment_method.is_none() {
        cards::set_default(visit, shopper, Some(id)).await?;
    }
    let mut tx = visit.app.db.read().await?;
    let method = objects::load::<PaymentMethod>(&mut tx, shopper.account_id(), id).await?;
    drop(tx);
    let name = method.map_or_else(|| "Your card".to_owned(), |m| widgets::method_name(&m.object.details));
    back(visit, shopper, Flash::good(format!("{name} is saved"))).await
}

fn not_saved(intent: &SetupIntent) -> Flash {
    let text = match &intent.last_error {
        Some(error) => {
            let (happened, _) = words::for_customer(error);
            format!("{happened} Nothing was kept. Check the card, or add another one.")
        }
        None => "Your bank could not be asked. Nothing was kept. Try again in a minute.".to_owned(),
    };
    Flash::bad("This card was not saved", text)
}

fn to_setup(id: &SetupIntentId) -> Response {
    Redirect::to(&format!("/demo/setups/{id}")).into_response()
}

async fn back(visit: &Visit, shopper: &Shopper, flash: Flash) -> Result<Response, Problem> {
    visit.leave(&shopper.session, flash).await?;
    Ok(Redirect::to(HOME).into_response())
}
