//! What a page reads of a request: the form, the cookies, where it came from.

use axum::http::{HeaderMap, HeaderValue, header};
use onfile_service::lookalikes::holds_card_number;
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::sessions::{Role, Session};
use super::ticket::Ticket;
use crate::app::App;
use crate::wire::form;

/// The fields of a form or of a query, the last one of a name counting.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Decodes `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// [`Problem::BadRequest`] when it is malformed, or holds something that looks like a card number: none of our
    /// pages asks for one, and it must not be kept or logged.
    pub fn parse(encoded: &[u8]) -> Result<Self, Problem> {
        let pairs = form::pairs(encoded).map_err(|_| Problem::BadRequest)?;
        if pairs.iter().any(|pair| holds_card_number(&pair.name) || holds_card_number(&pair.value)) {
            return Err(Problem::BadRequest);
        }
        Ok(Self(pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()))
    }

    /// A field's value; empty counts as missing.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Whether customers reach us over TLS, here or at a proxy.
pub fn is_tls(app: &App) -> bool {
    app.config.public.url.starts_with("https://")
}

/// The cookie's name. `__Host-` makes the browser insist on `Secure`, our path and no other host; it would refuse such
/// a cookie without TLS.
fn cookie_name(app: &App, role: Role) -> &'static str {
    match (role, is_tls(app)) {
        (Role::Staff, true) => "__Host-onfile_staff",
        (Role::Staff, false) => "onfile_staff",
        (Role::Customer, true) => "__Host-onfile_customer",
        (Role::Customer, false) => "onfile_customer",
    }
}

/// The ticket in the browser's cookie.
pub fn ticket(app: &App, headers: &HeaderMap, role: Role) -> Option<Ticket> {
    let name = cookie_name(app, role);
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).and_then(|(_, value)| Ticket::parse(value))
}

/// `Set-Cookie` that puts the ticket into the browser, or takes it away.
///
/// Lax, not Strict: a customer who comes back from the bank or from the card form must still be signed in.
///
/// # Errors
/// Never in practice: tickets are letters and digits.
pub fn set_cookie(app: &App, role: Role, ticket: Option<&Ticket>) -> Result<HeaderValue, Problem> {
    let name = cookie_name(app, role);
    let secure = if is_tls(app) { "; Secure" } else { "" };
    let value = match ticket {
        Some(ticket) => format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}", ticket.reveal()),
        None => format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}"),
    };
    HeaderValue::from_str(&value).map_err(|error| Problem::internal(&error))
}

/// Refuses a form that was not sent from a page of ours.
///
/// Browsers name the origin of every form that is posted. A request without one comes from no browser, or from one so
/// old that it sends no `SameSite` cookie rules either: it is refused too.
///
/// # Errors
/// [`Problem::Forged`].
pub fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    match origin {
        Some(origin) if origin == app.config.public.url => Ok(()),
        _ => Err(Problem::Forged),
    }
}

/// Refuses a form that was not made in this session.
///
/// # Errors
/// [`Problem::Forged`].
pub fn check_csrf(session: &Session, fields: &Fields) -> Result<(), Problem> {
    let given = fields.get("csrf").unwrap_or_default();
    if same(given, &session.csrf) { Ok(()) } else { Err(Problem::Forged) }
}

/// Compares secrets in a time that does not tell where they differ.
pub fn same(given: &str, wanted: &str) -> bool {
    given.as_bytes().ct_eq(wanted.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_the_last_of_its_name_and_an_empty_one_is_none() {
        let fields = Fields::parse(b"a=1&b=&a=2&c=%C3%BC+x").unwrap();
        assert_eq!((fields.get("a"), fields.get("b"), fields.get("c")), (Some("2"), None, Some("ü x")));
    }

    #[test]
    fn a_form_with_a_card_number_in_it_is_refused() {
        // Put together here, so that no number stands in this file.
        let number = ["4242"; 4].concat();
        let spaced = ["4242"; 4].join("%C2%A0");
        for form in [format!("note={number}"), format!("{number}=1"), format!("note={spaced}")] {
            assert!(matches!(Fields::parse(form.as_bytes()), Err(Problem::BadRequest)), "{form}");
        }
        assert!(Fields::parse(format!("note={}", &number[4..]).as_bytes()).is_ok());
    }
}
