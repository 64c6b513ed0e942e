//! The card frame: one document with number, expiry, security code and name, served from the vault's own origin into
//! the merchant's page, or shown by itself. It works without script; the script only makes it quicker to correct.

mod assets;
mod fields;
mod page;
mod session;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{ACCEPT, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use onfile_core::ids::Id;
use onfile_service::bodies::{BodyLimits, BodyRefusal, limited};
use onfile_service::headers::{PageHeaders, PagePolicy};
use serde_json::json;

use crate::accounts::Account;
use crate::form::Form;
use crate::record::Instrument;
use crate::vault::Vault;
use assets::Assets;
use fields::{Refused, Typed};
use session::{Session, Wrong};

/// What the frame's handlers share.
struct Frame {
    vault: Arc<Vault>,
    assets: Assets,
    tls: bool,
}

/// The frame's routes. `origin` is the listener's own.
pub fn router(vault: Arc<Vault>, origin: &str) -> Router {
    let frame = Arc::new(Frame { vault, assets: Assets::new(), tls: origin.starts_with("https:") });
    let router = Router::new()
        .route("/frame", get(show).post(submit))
        .route("/assets/{name}", get(assets::serve))
        .with_state(frame);
    limited(router, BodyLimits::standard(refuse_body))
}

async fn show(State(frame): State<Arc<Frame>>, RawQuery(query): RawQuery) -> Response {
    let opened = match Form::parse(query.unwrap_or_default().as_bytes()) {
        Ok(mut form) => Session::read(&frame.vault, &mut form).await,
        Err(error) => Err(Wrong::Request(error.to_string())),
    };
    match opened {
        Ok(session) => frame.page(&session, StatusCode::OK, &Typed::default(), &Refused::default()),
        Err(wrong) => frame.plain(&wrong),
    }
}

async fn submit(State(frame): State<Arc<Frame>>, headers: HeaderMap, body: Bytes) -> Response {
    let by_script =
        headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let outcome = frame.save(body).await;
    match (outcome, by_script) {
        (Ok(url), true) => Json(json!({"redirect": url})).into_response(),
        (Ok(url), false) => (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response(),
        (Err(NotSaved::Refused(refused)), true) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"errors": refused.refused}))).into_response()
        }
        (Err(NotSaved::Refused(r)), false) => {
            frame.page(&r.session, StatusCode::UNPROCESSABLE_ENTITY, &r.typed, &r.refused)
        }
        (Err(NotSaved::Filled(filled)), _) => {
            frame.page(&filled.0, StatusCode::OK, &filled.1, &Refused::default())
        }
        (Err(NotSaved::Wrong(wrong)), true) => {
            (wrong.status(), Json(json!({"message": wrong.to_string()}))).into_response()
        }
        (Err(NotSaved::Wrong(wrong)), false) => frame.plain(&wrong),
    }
}

/// Why a submitted form leads nowhere yet.
enum NotSaved {
    /// Fields are wrong.
    Refused(Box<RefusedForm>),
    /// A test card was asked for.
    Filled(Box<(Session, Typed)>),
    /// The frame itself is wrong, or we failed.
    Wrong(Wrong),
}

struct RefusedForm {
    session: Session,
    typed: Typed,
    refused: Refused,
}

impl From<Wrong> for NotSaved {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl Frame {
    /// Stores what was typed; gives the address to go on to.
    async fn save(&self, body: Bytes) -> Result<String, NotSaved> {
        let mut form = Form::parse(&body).map_err(|error| Wrong::Request(error.to_string()))?;
        let session = Session::read(&self.vault, &mut form).await?;
        let now = self.vault.clock.now();
        if let Some(typed) = fields::test_card(&session.account, &mut form, now) {
            return Err(NotSaved::Filled(Box::new((session, typed))));
        }
        let (typed, read) = fields::read(&mut form, now);
        let card = match read {
            Ok(card) => card,
            Err(refused) => return Err(NotSaved::Refused(Box::new(RefusedForm { session, typed, refused }))),
        };
        let id = self.vault.next_token();
        let instrument = Instrument { number: card.number, billing: card.billing, created: now.as_second() };
        let account = session.account.id.as_str();
        self.vault.keep_source(account, id.as_str(), &instrument, card.cvc).await.map_err(|error| {
            tracing::error!(%error, "the vault failed");
            Wrong::Failed
        })?;
        Ok(session.return_to(id.as_str(), typed.agreed))
    }

    fn page(&self, session: &Session, status: StatusCode, typed: &Typed, refused: &Refused) -> Response {
        let html =
            page::form(session, &self.assets, typed, refused, &fields::test_expiry(self.vault.clock.now()));
        let mut response = (status, Html(html.into_string())).into_response();
        match self.headers(&session.account) {
            Some(headers) => headers.apply(response.headers_mut()),
            None => return self.plain(&Wrong::Failed),
        }
        response
    }

    /// A page without a form, which nobody may put into a frame.
    fn plain(&self, wrong: &Wrong) -> Response {
        let mut response =
            (wrong.status(), Html(page::plain(wrong, &self.assets).into_string())).into_response();
        if let Ok(headers) = (PagePolicy { tls: self.tls, ..PagePolicy::default() }).headers() {
            headers.apply(response.headers_mut());
        }
        response
    }

    /// None is never returned for origins that were checked when the account was put.
    fn headers(&self, account: &Account) -> Option<PageHeaders> {
        let own = || std::iter::once("'self'".to_owned());
        let policy = PagePolicy {
            frame_ancestors: account.origins.clone(),
            // Browsers hold the redirect after a form against this too.
            form_action: own().chain(account.origins.iter().cloned()).collect(),
            connect_src: own().collect(),
            tls: self.tls,
            ..PagePolicy::default()
        };
        policy.headers().ok()
    }
}

fn refuse_body(refusal: BodyRefusal) -> Response {
    match refusal {
        BodyRefusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The form is too large."),
        BodyRefusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The form came too slowly."),
        BodyRefusal::Broken => (StatusCode::BAD_REQUEST, "The form broke off."),
    }
    .into_response()
}
