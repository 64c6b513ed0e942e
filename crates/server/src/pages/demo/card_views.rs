//! Adding and removing cards.

use maud::{Markup, html};

use super::view::{CardView, HOME, shop_page, shop_shell};
use crate::pages::layout::document;
use crate::pages::widgets;

/// The page with the vault's form in it. The number is typed into the vault's own document; this page never sees it.
pub fn add_card(frame_url: &str) -> Markup {
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
    shop_page("Add a card", None, &body)
}

/// Asks before a card is removed for good.
pub fn remove_card(card: &CardView, csrf: &str) -> Markup {
    let body = html! {
        a.back href=(HOME) { "← Back to your order" }
        h1 { "Remove this card?" }
        div.sheet {
            p.num { strong { (card.line) } }
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
    shop_page("Remove a card", None, &body)
}

/// Sends the customer on to their bank: a page of its own, so that a form's policy need not name every bank, with a
/// link for browsers that do not follow by themselves.
pub fn challenge(url: &str, what: &str) -> Markup {
    let mut shell = shop_shell("Confirm with your bank", None);
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

/// Shown while an outcome is not known yet. It asks again by itself, `waited` seconds apart, a limited number of times.
pub fn waiting(title: &str, text: &str, again: Option<(u32, &str)>, here: &str) -> Markup {
    let mut shell = shop_shell(title, None);
    shell.refresh = again;
    let body = html! {
        div.sheet.center {
            @if again.is_some() { div.spin aria-hidden="true" {} }
            h1 { (title) }
            div role="status" {
                p.muted { (text) }
                @if again.is_none() {
                    p.muted { "It takes longer than usual. You can close this page: we keep asking, and nothing is charged twice." }
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
        let page = add_card("http://127.0.0.1:4243/frame?key=pk&state=a").into_string();
        assert!(page.contains("title=\"Card details\""));
        assert_eq!(page.matches("http://127.0.0.1:4243/frame?key=pk&amp;state=a").count(), 2);
        assert!(page.contains("Open the secure form on its own page"));
    }

    #[test]
    fn waiting_ends_with_a_page_that_no_longer_reloads() {
        assert!(
            waiting("a", "b", Some((2, "/x?n=1")), "/x").into_string().contains("http-equiv=\"refresh\"")
        );
        assert!(!waiting("a", "b", None, "/x").into_string().contains("http-equiv"));
    }
}
