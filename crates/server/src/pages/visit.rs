//! One request for a page, read and checked.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::{HeaderMap, Method};
use onfile_core::ids::{Id, RequestId};
use onfile_service::bodies::BODY_BYTES_MAX;
use onfile_service::listen::Peer;

use super::problem::Problem;
use super::request::{self, Fields};
use super::sessions::{self, Flash, Notes, Role, Session};
use crate::app::App;
use crate::model::account::Account;
use crate::payments::Cause;
use crate::wire::call::user_agent;

/// What a handler knows of its request.
#[derive(Debug)]
pub struct Visit {
    /// This process.
    pub app: Arc<App>,
    /// As sent.
    pub headers: HeaderMap,
    /// The form of a `POST`, the query of a `GET`.
    pub fields: Fields,
    /// The other end's address, where it has one.
    pub ip: Option<String>,
}

impl FromRequest<Arc<App>> for Visit {
    type Rejection = Problem;

    /// Refuses a form from elsewhere before anything else is looked at.
    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let fields = if parts.method == Method::POST {
            request::check_origin(app, &parts.headers)?;
            let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::BadRequest)?;
            Fields::parse(&body)?
        } else {
            Fields::parse(parts.uri.query().unwrap_or_default().as_bytes())?
        };
        let ip = match parts.extensions.get::<ConnectInfo<Peer>>() {
            Some(ConnectInfo(Peer::Tcp(address))) => Some(address.ip().to_string()),
            _ => None,
        };
        Ok(Self { app: Arc::clone(app), headers: parts.headers, fields, ip })
    }
}

impl Visit {
    /// The session of this browser, touched so that it does not end while it is used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, role: Role) -> Result<Option<Session>, Problem> {
        let Some(ticket) = request::ticket(&self.app, &self.headers, role) else { return Ok(None) };
        let now_ms = self.app.now_ms();
        let found = sessions::find(&mut self.app.db.read().await?, &ticket, role, now_ms).await?;
        let Some((session, touch)) = found else { return Ok(None) };
        if touch {
            let mut tx = self.app.db.begin().await?;
            sessions::touch(&mut tx, &session, now_ms).await?;
            tx.commit().await?;
        }
        Ok(Some(session))
    }

    /// Why something happens that this visitor asks for.
    pub fn cause(&self, account: &Account) -> Cause {
        let request_id: RequestId = self.app.ids.next();
        Cause {
            account: account.clone(),
            request_id: Some(request_id.as_str().to_owned()),
            claim: None,
            ip: self.ip.clone(),
            user_agent: user_agent(&self.headers),
        }
    }

    /// Leaves a message for the next page of this session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(&self, session: &Session, flash: Flash) -> Result<(), Problem> {
        self.save_notes(session, &Notes { flash: Some(flash) }).await
    }

    /// Takes the message that was left; it is shown once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_flash(&self, session: &Session) -> Result<Option<Flash>, Problem> {
        if session.notes.flash.is_some() {
            self.save_notes(session, &Notes::default()).await?;
        }
        Ok(session.notes.flash.clone())
    }

    async fn save_notes(&self, session: &Session, notes: &Notes) -> Result<(), Problem> {
        let mut tx = self.app.db.begin().await?;
        sessions::save_notes(&mut tx, session, notes).await?;
        Ok(tx.commit().await?)
    }
}
