//! Adding and removing cards.

use maud::{Markup, html};

use super::view::{HOME, shop_shell};
use crate::pages::cards_on_file::CardView;
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
}
