//! What all pages share: the frame of the document, its headers, its style sheet.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use onfile_service::headers::{BadSource, PageHeaders, PagePolicy};

/// Where the style sheet is.
pub const STYLE_PATH: &str = "/assets/sandbox.css";
const STYLE: &str = include_str!("../../assets/sandbox.css");

/// The headers of pages whose forms, redirects included, may lead to `form_targets`.
pub fn headers(form_targets: &[&str]) -> Result<PageHeaders, BadSource> {
    let form_action = form_targets.iter().map(|&target| target.to_owned()).collect();
    PagePolicy { form_action, ..PagePolicy::default() }.headers()
}

/// `GET /assets/sandbox.css`
pub async fn style() -> ([(HeaderName, &'static str); 2], &'static str) {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")], STYLE)
}

/// A whole page. `wide` is for tables.
pub fn page(status: StatusCode, title: &str, wide: bool, main: Markup) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – Sandbox Bank" }
                link rel="stylesheet" href=(STYLE_PATH);
            }
            body {
                header class="bar" {
                    span class="mark" aria-hidden="true" { "S" }
                    span class="bank" { "Sandbox Bank" }
                    span class="test" { "Test – no real money" }
                }
                main class=[wide.then_some("wide")] { (main) }
            }
        }
    };
    (status, Html(document.into_string())).into_response()
}
