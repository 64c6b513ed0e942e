//! Who is signed in. A browser holds a ticket, the database its digest: who reads the database cannot sign in.

use onfile_core::ids::{AccountId, Id, IdSource};
use onfile_service::binds;
use onfile_service::db::{DbError, Row, Tx};
use serde::{Deserialize, Serialize};

use super::ticket::Ticket;

/// Random base-62 digits: 190 bits.
const CSRF_DIGITS: usize = 32;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How long after the last request a session still counts, and after how long it ends in any case, for staff.
const STAFF: Lifetime = Lifetime { idle_ms: 15 * MINUTE_MS, absolute_ms: 12 * HOUR_MS };
/// The same for a customer of the demo shop, who moves no real money.
const CUSTOMER: Lifetime = Lifetime { idle_ms: 12 * HOUR_MS, absolute_ms: 24 * HOUR_MS };
/// A request writes the time of the last request only when it is older than this: reading pages should not be writing.
const TOUCH_MS: i64 = 30_000;

struct Lifetime {
    idle_ms: i64,
    absolute_ms: i64,
}

/// Whose sessions are meant. The two never stand in for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A member of the merchant's staff: the subject is a `staff_…`.
    Staff,
    /// A customer of the merchant: the subject is a `cus_…`.
    Customer,
}

impl Role {
    fn lifetime(self) -> Lifetime {
        match self {
            Self::Staff => STAFF,
            Self::Customer => CUSTOMER,
        }
    }

    fn owns(self, subject: &str) -> bool {
        let prefix = match self {
            Self::Staff => onfile_core::ids::StaffId::PREFIX,
            Self::Customer => onfile_core::ids::CustomerId::PREFIX,
        };
        subject.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_'))
    }
}

/// A session that is under way.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose data.
    pub account: AccountId,
    /// Which row.
    pub digest: Vec<u8>,
    /// Who: a `staff_…` or `cus_…`.
    pub subject: String,
    /// What each form of this session carries.
    pub csrf: String,
    /// What pages tell each other.
    pub notes: Notes,
}

/// What one page leaves for the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Shown once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flash: Option<Flash>,
}

/// What just happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// Whether it went well.
    pub good: bool,
    /// In a few words.
    pub title: String,
    /// What it means and what to do.
    #[serde(default)]
    pub text: String,
}

impl Flash {
    /// Something went well.
    pub fn good(title: impl Into<String>) -> Self {
        Self { good: true, title: title.into(), text: String::new() }
    }

    /// Something did not, and this is what to do.
    pub fn bad(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { good: false, title: title.into(), text: text.into() }
    }
}

/// Opens a session; `ticket` is new and goes into the browser's cookie.
///
/// # Errors
/// When the database fails.
pub async fn open(
    tx: &mut Tx,
    ids: &IdSource,
    ticket: &Ticket,
    role: Role,
    subject: &str,
    now_ms: i64,
) -> Result<Session, DbError> {
    let session = Session {
        account: ticket.account.clone(),
        digest: ticket.digest(),
        subject: subject.to_owned(),
        csrf: ids.secret(CSRF_DIGITS),
        notes: Notes::default(),
    };
    tx.execute(
        "INSERT INTO sessions (account_id, digest, subject, csrf, created, last_seen, expires, doc) \
         VALUES ($1, $2, $3, $4, $5, $5, $6, '{}')",
        binds![
            session.account.as_str(),
            &session.digest,
            subject,
            &session.csrf,
            now_ms,
            now_ms + role.lifetime().absolute_ms,
        ],
    )
    .await?;
    Ok(session)
}

/// The session of a ticket, unless it is over. Whether it should be touched comes along.
///
/// # Errors
/// When the database fails.
pub async fn find(
    tx: &mut Tx,
    ticket: &Ticket,
    role: Role,
    now_ms: i64,
) -> Result<Option<(Session, bool)>, DbError> {
    let digest = ticket.digest();
    let row = tx
        .query_opt(
            "SELECT subject, csrf, last_seen, doc FROM sessions \
             WHERE account_id = $1 AND digest = $2 AND expires > $3 AND last_seen > $4",
            binds![ticket.account.as_str(), &digest, now_ms, now_ms - role.lifetime().idle_ms],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let session = Session {
        account: ticket.account.clone(),
        digest,
        subject: row.text("subject")?,
        csrf: row.text("csrf")?,
        notes: notes(&row)?,
    };
    let touch = now_ms - row.int("last_seen")? > TOUCH_MS;
    Ok(role.owns(&session.subject).then_some((session, touch)))
}

fn notes(row: &Row) -> Result<Notes, DbError> {
    serde_json::from_str(&row.text("doc")?).map_err(|e| DbError::Inconsistent(format!("sessions.doc: {e}")))
}

/// Notes that the session is in use.
///
/// # Errors
/// When the database fails.
pub async fn touch(tx: &mut Tx, session: &Session, now_ms: i64) -> Result<(), DbError> {
    tx.execute(
        "UPDATE sessions SET last_seen = $3 WHERE account_id = $1 AND digest = $2",
        binds![session.account.as_str(), &session.digest, now_ms],
    )
    .await?;
    Ok(())
}

/// Leaves notes for the next page.
///
/// # Errors
/// When the database fails.
pub async fn save_notes(tx: &mut Tx, session: &Session, notes: &Notes) -> Result<(), DbError> {
    let doc = serde_json::to_string(notes).map_err(|e| DbError::Inconsistent(e.to_string()))?;
    tx.execute(
        "UPDATE sessions SET doc = $3 WHERE account_id = $1 AND digest = $2",
        binds![session.account.as_str(), &session.digest, &doc],
    )
    .await?;
    Ok(())
}

/// Ends a session at once.
///
/// # Errors
/// When the database fails.
pub async fn close(tx: &mut Tx, session: &Session) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM sessions WHERE account_id = $1 AND digest = $2",
        binds![session.account.as_str(), &session.digest],
    )
    .await?;
    Ok(())
}

/// Deletes up to `limit` sessions that are over; answers how many.
///
/// # Errors
/// When the database fails.
pub async fn forget_sessions(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<u64, DbError> {
    // No role's sessions live longer without use than a customer's.
    tx.execute(
        "DELETE FROM sessions WHERE (account_id, digest) IN (SELECT account_id, digest FROM sessions \
         WHERE expires <= $1 OR last_seen <= $2 LIMIT $3)",
        binds![now_ms, now_ms - CUSTOMER.idle_ms, limit],
    )
    .await
}

/// Deletes up to `limit` sign-in links that were used or are too old; answers how many.
///
/// # Errors
/// When the database fails.
pub async fn forget_sign_ins(tx: &mut Tx, now_ms: i64, limit: u32) -> Result<u64, DbError> {
    tx.execute(
        "DELETE FROM sign_ins WHERE (account_id, digest) IN (SELECT account_id, digest FROM sign_ins \
         WHERE used IS NOT NULL OR expires <= $1 LIMIT $2)",
        binds![now_ms, limit],
    )
    .await
}

#[cfg(test)]
mod tests;
