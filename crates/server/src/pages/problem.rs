//! What a page says when it cannot be shown: what happened, and what to do.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use onfile_service::db::DbError;

use super::layout::{Shell, document};

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is no such page, or it is somebody else's.
    #[error("not found")]
    NotFound,
    /// The request makes no sense.
    #[error("bad request")]
    BadRequest,
    /// A form that was not sent from a page of this session.
    #[error("not sent from our page")]
    Forged,
    /// Nobody is signed in, or no longer.
    #[error("signed out")]
    SignedOut,
    /// Nobody is signed in at the shop: it signs a new customer in.
    #[error("no customer")]
    NoCustomer,
    /// A sign-in link that was used or is too old.
    #[error("the link is used up")]
    LinkUsed,
    /// Something of ours cannot be reached; nothing was done.
    #[error("unavailable")]
    Unavailable,
    /// A mistake of ours.
    #[error("internal")]
    Internal,
}

impl Problem {
    /// Logs what went wrong.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a page failed");
        Self::Internal
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::SignedOut | Self::NoCustomer => StatusCode::UNAUTHORIZED,
            Self::LinkUsed => StatusCode::GONE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => ("Page not found", "Check the address, or go back to where you came from."),
            Self::BadRequest => {
                ("This request could not be read", "Go back and try again. Nothing was changed.")
            }
            Self::Forged => (
                "This form has expired",
                "Go back, reload the page and send the form again. Nothing was changed.",
            ),
            Self::NoCustomer => ("You are signed out", "Open the shop again to go on."),
            Self::SignedOut => (
                "You are signed out",
                "Sessions end after 15 minutes without use. Open a new sign-in link to go on; your administrator can \
                 make one with “onfile staff link”.",
            ),
            Self::LinkUsed => (
                "This sign-in link no longer works",
                "A link works once and for a short time. Ask for a new one: your administrator can make it with \
                 “onfile staff link”.",
            ),
            Self::Unavailable => (
                "We cannot do this right now",
                "A part of the service cannot be reached. Nothing was charged or changed. Try again in a minute.",
            ),
            Self::Internal => (
                "Something went wrong",
                "The mistake is ours and has been logged. Look at your last page again before you repeat anything.",
            ),
        }
    }

    /// The page.
    pub fn page(&self) -> Markup {
        let (title, text) = self.words();
        let shell = Shell { title, brand: "Onfile", ..Shell::default() };
        document(&shell, &html! { div.sheet.center { h1 { (title) } p.muted { (text) } } })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if matches!(self, Self::NoCustomer) {
            return Redirect::to(super::demo::HOME).into_response();
        }
        (self.status(), axum::response::Html(self.page().into_string())).into_response()
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(why) => {
                tracing::warn!(why, "the database is not available");
                Self::Unavailable
            }
            other => Self::internal(&other),
        }
    }
}
