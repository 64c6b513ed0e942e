//! Who of the merchant's staff is signed in, and how they got in.

use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use onfile_core::ids::{AccountId, Id};
use onfile_service::binds;
use onfile_service::db::{DbError, Tx};

use super::views::{self, HOME, StaffView};
use crate::model::account::Account;
use crate::pages::problem::Problem;
use crate::pages::request;
use crate::pages::sessions::{self, Role, Session};
use crate::pages::ticket::Ticket;
use crate::pages::visit::Visit;
use crate::store::accounts;

/// A signed-in member of staff.
#[derive(Debug)]
pub struct Staff {
    /// The merchant.
    pub account: Account,
    /// The session.
    pub session: Session,
    /// Who.
    pub email: String,
}

impl Staff {
    /// Who is signed in.
    ///
    /// # Errors
    /// [`Problem::SignedOut`] when nobody is, also when they were taken off the staff meanwhile.
    pub async fn of(visit: &Visit) -> Result<Self, Problem> {
        let session = visit.session(Role::Staff).await?.ok_or(Problem::SignedOut)?;
        let mut tx = visit.app.db.read().await?;
        let account = accounts::load(&mut tx, &session.account).await?.ok_or(Problem::SignedOut)?.account;
        let email = email_of(&mut tx, &session.account, &session.subject).await?.ok_or(Problem::SignedOut)?;
        Ok(Self { account, session, email })
    }

    /// As every page of the dashboard shows them.
    pub fn view(&self) -> StaffView<'_> {
        StaffView {
            merchant: &self.account.name,
            test_mode: !self.account.livemode,
            email: &self.email,
            csrf: &self.session.csrf,
        }
    }
}

async fn email_of(tx: &mut Tx, account: &AccountId, staff: &str) -> Result<Option<String>, DbError> {
    let sql = "SELECT email FROM staff WHERE account_id = $1 AND id = $2";
    tx.query_opt(sql, binds![account.as_str(), staff]).await?.map(|row| row.text("email")).transpose()
}

/// `GET /dashboard/sign-in?code=…`: only asks. Programs that look into mail open links; they press no buttons.
pub async fn ask(visit: Visit) -> Result<Response, Problem> {
    let code = visit.fields.get("code").ok_or(Problem::LinkUsed)?;
    let ticket = Ticket::parse(code).ok_or(Problem::LinkUsed)?;
    let mut tx = visit.app.db.read().await?;
    let subject = waiting(&mut tx, &ticket, visit.app.now_ms()).await?.ok_or(Problem::LinkUsed)?;
    let email = email_of(&mut tx, &ticket.account, &subject).await?.ok_or(Problem::LinkUsed)?;
    Ok(Html(views::sign_in(code, &email).into_string()).into_response())
}

/// `POST /dashboard/sign-in`: uses the code up and opens a session under a new secret.
pub async fn enter(visit: Visit) -> Result<Response, Problem> {
    let code = visit.fields.get("code").ok_or(Problem::LinkUsed)?;
    let code = Ticket::parse(code).ok_or(Problem::LinkUsed)?;
    let before = visit.session(Role::Staff).await?;
    let ticket = Ticket::new(&code.account, &visit.app.ids);
    let now_ms = visit.app.now_ms();
    let mut tx = visit.app.db.begin().await?;
    let subject = use_up(&mut tx, &code, now_ms).await?.ok_or(Problem::LinkUsed)?;
    email_of(&mut tx, &code.account, &subject).await?.ok_or(Problem::LinkUsed)?;
    sessions::open(&mut tx, &visit.app.ids, &ticket, Role::Staff, &subject, now_ms).await?;
    if let Some(before) = before {
        sessions::close(&mut tx, &before).await?;
    }
    tx.commit().await?;
    let cookie = request::set_cookie(&visit.app, Role::Staff, Some(&ticket))?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(HOME)).into_response())
}

/// `POST /dashboard/sign-out`
pub async fn leave(visit: Visit) -> Result<Response, Problem> {
    if let Some(session) = visit.session(Role::Staff).await? {
        request::check_csrf(&session, &visit.fields)?;
        let mut tx = visit.app.db.begin().await?;
        sessions::close(&mut tx, &session).await?;
        tx.commit().await?;
    }
    let cookie = request::set_cookie(&visit.app, Role::Staff, None)?;
    Ok(([(header::SET_COOKIE, cookie)], Html(views::signed_out().into_string())).into_response())
}

/// Whose sign-in a code is, while it can be used.
async fn waiting(tx: &mut Tx, code: &Ticket, now_ms: i64) -> Result<Option<String>, DbError> {
    let digest = code.digest();
    let row = tx
        .query_opt(
            "SELECT subject FROM sign_ins WHERE account_id = $1 AND digest = $2 AND used IS NULL AND expires > $3",
            binds![code.account.as_str(), &digest, now_ms],
        )
        .await?;
    row.map(|row| row.text("subject")).transpose()
}

/// Uses a code up: of two who try at once, one gets in.
async fn use_up(tx: &mut Tx, code: &Ticket, now_ms: i64) -> Result<Option<String>, DbError> {
    let digest = code.digest();
    let row = tx
        .query_opt(
            "UPDATE sign_ins SET used = $3 \
             WHERE account_id = $1 AND digest = $2 AND used IS NULL AND expires > $3 RETURNING subject",
            binds![code.account.as_str(), &digest, now_ms],
        )
        .await?;
    row.map(|row| row.text("subject")).transpose()
}
