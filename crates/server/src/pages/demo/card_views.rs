//! Adding and removing cards.

use maud::{Markup, html};

use super::view::{CardView, HOME, shop_shell};
use crate::pages::layout::document;
use crate::pages::widgets;

/// The page with the vault's form in it. The number is typed into the vault's own document; this page never sees it.
pub fn add_card(merchant: &str, frame_url: &str) -> Markup {
    let body = html! {
        a.back href=(HOME) { "← Back to your order" }
        h1 { "Add a card" }
        div.sheet {
            p.muted { "The form below comes from the card vault itself. This shop cannot see what you type into it." }
            iframe.frame src=(frame_url) title="Card details" allow="payment" {}
            p.small {
                "Form missing or blocked? "
                a href=(frame_url) { "Open the secure form on its own page" } "."
            }
        }
    };
    document(&shop_shell("Add a card", merchant, None), &body)
}

/// The form was sent without the tick: the card waits in the vault while we ask.
pub fn ask_consent(merchant: &str, text: &str, token: &str, csrf: &str) -> Markup {
    let body = html! {
        a.back href=(HOME) { "← Back to your order" }
        h1 { "One more thing: your consent" }
        div.sheet {
            p { "Without it we cannot keep the card." }
            p { strong { (text) } }
            form.row method="post" action="/demo/cards/consent" {
                (widgets::csrf_field(csrf))
                input type="hidden" name="token" value=(token);
                button.btn type="submit" { "I agree, save this card" }
                a.btn.plain href=(HOME) { "Do not save it" }
            }
        }
    };
    document(&shop_shell("Your consent", merchant, None), &body)
}

/// Asks before a card is removed for good.
pub fn remove_card(merchant: &str, card: &CardView, csrf: &str) -> Markup {
    let body = html! {
        a.back href=(HOME) { "← Back to your order" }
        h1 { "Remove this card?" }
        div.sheet {
            p { strong { (widgets::line(&card.line)) } }
            p { "Its number is destroyed and cannot be brought back. To use it again, you would add it anew." }
            @if card.default { p { "It is your default card; the newest other card takes its place." } }
            p.muted { "Payments that were made with it stay as they are." }
            div.row {
                form method="post" action={ "/demo/cards/" (card.id) "/remove" } {
                    (widgets::csrf_field(csrf))
                    button.btn.danger type="submit" { "Remove " (card.name) }
                }
                a.btn.plain href=(HOME) { "Keep it" }
            }
        }
    };
    document(&shop_shell("Remove a card", merchant, None), &body)
}

/// Sends the customer on to their bank: a page of its own, so that a form's policy need not name every bank, with a
/// link for browsers that do not follow by themselves.
pub fn challenge(merchant: &str, url: &str, what: &str) -> Markup {
    let mut shell = shop_shell("Confirm with your bank", merchant, None);
    shell.refresh = Some((0, url));
    let body = html! {
        div.sheet.center {
            h1 { "Your bank wants to make sure that it is you" }
            p.muted { (what) " goes on once you have confirmed there. Nothing has been charged yet." }
            div.row { a.btn.full href=(url) { "Continue to your bank" } }
        }
    };
    document(&shell, &body)
}

/// A page that waits for an outcome.
#[derive(Debug)]
pub struct WaitView<'a> {
    /// Who sells.
    pub merchant: &'a str,
    /// What is waited for.
    pub title: &'a str,
    /// This page.
    pub here: &'a str,
    /// After how many seconds it looks again by itself, and where; none once it has done so often enough.
    pub again: Option<(u32, &'a str)>,
}

/// Shown while an outcome is not known yet.
pub fn waiting(view: &WaitView<'_>) -> Markup {
    let WaitView { merchant, title, here, again } = *view;
    let mut shell = shop_shell(title, merchant, None);
    shell.refresh = again;
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
                a.btn.plain.full href=(HOME) { "Back to your order" }
            }
        }
    };
    document(&shell, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_a_title_and_a_way_around_a_blocker() {
        let page = add_card("Shop", "http://127.0.0.1:4243/frame?key=pk&state=a").into_string();
        assert!(page.contains("title=\"Card details\""));
        assert_eq!(page.matches("http://127.0.0.1:4243/frame?key=pk&amp;state=a").count(), 2);
        assert!(page.contains("Open the secure form on its own page"));
    }

    #[test]
    fn waiting_ends_with_a_page_that_no_longer_reloads() {
        let view = |again| WaitView { merchant: "Shop", title: "Wait", here: "/x", again };
        assert!(waiting(&view(Some((2, "/x?waited=1")))).into_string().contains("http-equiv=\"refresh\""));
        assert!(!waiting(&view(None)).into_string().contains("http-equiv"));
    }
}
