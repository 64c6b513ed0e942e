//! What stands between a press of a button and its outcome: the bank's check, and waiting.

use maud::{Markup, html};

use super::layout::{Shell, document};
use super::visit::Visit;

/// The title of [`challenge`].
pub const CONFIRM: &str = "Confirm with your bank";
/// How often, and how many times, a waiting page looks again by itself: for one minute.
const WAIT_SECONDS: u32 = 2;
/// See [`WAIT_SECONDS`].
const WAITS_MAX: u32 = 30;

/// Sends the customer on to their bank: a page of its own, so that a form's policy need not name every bank, with a
/// link for browsers that do not follow by themselves.
pub fn challenge<'a>(shell: Shell<'a>, url: &'a str, what: &str) -> Markup {
    let body = html! {
        div.sheet.center {
            h1 { "Your bank wants to make sure that it is you" }
            p.muted { (what) " goes on once you have confirmed there. Nothing has been charged yet." }
            div.row { a.btn.full href=(url) { "Continue to your bank" } }
        }
    };
    document(&Shell { refresh: Some((0, url)), ..shell }, &body)
}

/// A page that waits for an outcome.
#[derive(Debug)]
pub struct WaitView<'a> {
    /// What is waited for.
    pub title: &'a str,
    /// This page.
    pub here: &'a str,
    /// Where it looks again by itself; none once it has done so often enough.
    pub again: Option<&'a str>,
    /// The way back: where, and its words.
    pub back: Option<(&'a str, &'a str)>,
}

/// Where a waiting page that is at `here` looks again by itself, unless it has done so often enough.
pub fn again(visit: &Visit, here: &str) -> Option<String> {
    let waited = visit.fields.get("waited").and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    (waited < WAITS_MAX).then(|| format!("{here}?waited={}", waited.saturating_add(1)))
}

/// Shown while an outcome is not known yet.
pub fn waiting<'a>(shell: Shell<'a>, view: &WaitView<'a>) -> Markup {
    let WaitView { title, here, again, back } = *view;
    let body = html! {
        div.sheet.center {
            @if again.is_some() { div.spin aria-hidden="true" {} }
            h1 { (title) }
            div role="status" {
                p.muted { "We are waiting for your bank’s answer. Please do not send it again: this one is not lost." }
                @if again.is_none() {
                    p.muted {
                        "It takes longer than usual. You can close this page: we keep asking, and nothing is charged twice."
                    }
                }
            }
            div.row {
                a.btn.plain.full href=(here) { "Check now" }
                @if let Some((href, words)) = back { a.btn.plain.full href=(href) { (words) } }
            }
        }
    };
    document(&Shell { refresh: again.map(|again| (WAIT_SECONDS, again)), ..shell }, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_a_page_that_no_longer_reloads() {
        let view = |again| WaitView { title: "Wait", here: "/x", again, back: None };
        let page = |again| waiting(Shell::default(), &view(again)).into_string();
        assert!(page(Some("/x?waited=1")).contains("http-equiv=\"refresh\""));
        assert!(!page(None).contains("http-equiv"));
    }
}
