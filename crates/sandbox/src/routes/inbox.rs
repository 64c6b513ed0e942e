//! Caught mail for people: a list, and one message with both of its parts.
//!
//! What a mail holds may come from anybody. Its HTML is a document of its own in a sandboxed frame, whose policy, too,
//! allows neither script nor anything from elsewhere; its text is escaped like every text here.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use onfile_service::headers::{BadSource, PagePolicy, protect};

use super::App;
use super::page::page;
use crate::mail::{MessageView, TITLES_SHOWN};
use crate::wire::Refusal;

/// Of the frame's document, and by it of the frame: no script, nothing from elsewhere, links in windows of their own.
const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

/// The inbox's routes.
///
/// # Errors
/// Never in practice: the policy is constant.
pub fn routes() -> Result<Router<App>, BadSource> {
    let policy = PagePolicy { frame_src: vec!["'self'".to_owned()], ..PagePolicy::default() };
    let pages = Router::new().route("/inbox", get(list)).route("/inbox/{id}", get(show));
    Ok(protect(pages, policy.headers()?).route("/inbox/{id}/html", get(frame)))
}

/// `GET /inbox`
async fn list(State(app): State<App>) -> Response {
    let all = app.engine.mail.all();
    let views: Vec<MessageView> = all.iter().take(TITLES_SHOWN).map(|message| message.view()).collect();
    let main = html! {
        p { a href="/" { "← Sandbox" } }
        h1 id="inbox" { "Inbox" }
        p { "Every mail that was sent here, to whomever. None of it left this machine." }
        @if views.is_empty() {
            p { "Nothing was sent yet." }
        } @else {
            div class="scroll" role="region" aria-labelledby="inbox" tabindex="0" {
                table {
                    thead { tr { @for title in ["Subject", "To", "Received (UTC)"] { th scope="col" { (title) } } } }
                    tbody { @for view in &views { (row(view)) } }
                }
            }
            @if all.len() > views.len() { p { "Only the newest " (views.len()) " are shown." } }
        }
        p { "The same as JSON: " a href="/messages" { "/messages" } }
    };
    page(StatusCode::OK, "Inbox", true, main)
}

fn row(view: &MessageView) -> Markup {
    html! {
        tr {
            td class="wrapped" { a href={ "/inbox/" (view.id) } { (subject(view)) } }
            td class="wrapped" { (view.to.join(", ")) }
            td { (time(view)) }
        }
    }
}

fn time(view: &MessageView) -> Markup {
    html! { time datetime=(view.received) { (view.received.strftime("%Y-%m-%d %H:%M:%S")) } }
}

fn subject(view: &MessageView) -> &str {
    if view.subject.trim().is_empty() { "(no subject)" } else { &view.subject }
}

/// `GET /inbox/{id}`
async fn show(State(app): State<App>, Path(id): Path<String>) -> Response {
    let Some(message) = app.engine.mail.find(&id) else {
        let main = html! { h1 { "There is no such message" } p { a href="/inbox" { "To the inbox" } } };
        return page(StatusCode::NOT_FOUND, "Not found", false, main);
    };
    let view = message.view();
    let header =
        |name: &str| view.headers.get(name).and_then(|value| value.as_str()).unwrap_or("–").to_owned();
    let main = html! {
        p { a href="/inbox" { "← Inbox" } }
        h1 { (subject(&view)) }
        dl {
            dt { "From" } dd { (header("From")) }
            dt { "To" } dd { (view.to.join(", ")) }
            dt { "Received" } dd { (time(&view)) " UTC" }
            dt { "Message-ID" } dd { code { (header("Message-ID")) } }
        }
        @if view.html.is_some() {
            h2 { "As HTML" }
            iframe class="mail" title="The message as HTML" src={ "/inbox/" (view.id) "/html" }
                sandbox="allow-popups allow-popups-to-escape-sandbox" {}
        }
        @if let Some(text) = &view.text {
            h2 { "As text" }
            pre class="mail" { (linked(text)) }
        }
    };
    page(StatusCode::OK, subject(&view), true, main)
}

/// `GET /inbox/{id}/html`: the frame's document.
async fn frame(State(app): State<App>, Path(id): Path<String>) -> Response {
    let html = app.engine.mail.find(&id).and_then(|message| message.view().html);
    let Some(html) = html else { return Refusal::NotFound.into_response() };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, FRAME_POLICY),
        (X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    (headers, html).into_response()
}

/// A text with its web addresses as links.
fn linked(text: &str) -> Markup {
    let words = text.split_inclusive(|c: char| c.is_whitespace());
    html! {
        @for word in words {
            @let bare = word.trim_end();
            @if bare.starts_with("http://") || bare.starts_with("https://") {
                a href=(bare) { (bare) } (word.get(bare.len()..).unwrap_or_default())
            } @else {
                (word)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_text_are_links_and_everything_is_escaped() {
        for (text, want) in [
            ("see\nhttp://a.example/x \n", "see\n<a href=\"http://a.example/x\">http://a.example/x</a> \n"),
            ("<b>&", "&lt;b&gt;&amp;"),
            (
                "https://a/\"onclick=\"x",
                "<a href=\"https://a/&quot;onclick=&quot;x\">https://a/&quot;onclick=&quot;x</a>",
            ),
            ("javascript:alert(1)", "javascript:alert(1)"),
        ] {
            assert_eq!(linked(text).into_string(), want);
        }
    }
}
